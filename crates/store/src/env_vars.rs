//! Environment variables of projects; values are sealed before they come here.

use std::collections::{HashMap, HashSet};

use aether_models::{ENV_VARS_MAX, EnvName, EnvScope, EnvTarget, EnvVarId, ProjectId, TeamId};
use chrono::{DateTime, Utc};

use crate::{Store, StoreError};

/// A variable as it is stored.
#[derive(Debug, Clone)]
pub struct EnvVarRecord {
    /// Its name.
    pub name: String,
    /// Its value, sealed.
    pub value: Vec<u8>,
    /// It is write-only and masked in logs.
    pub secret: bool,
    /// When it is visible.
    pub scope: EnvScope,
    /// Which environments it is for.
    pub target: EnvTarget,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it last changed.
    pub updated_at: DateTime<Utc>,
}

/// How a variable should be; what is none stays as it is.
#[derive(Debug, Clone)]
pub struct EnvVarChange {
    /// Its name.
    pub name: EnvName,
    /// Its value, sealed.
    pub value: Option<Vec<u8>>,
    /// It is write-only and masked in logs; true for a new one.
    pub secret: Option<bool>,
    /// When it is visible; always for a new one.
    pub scope: Option<EnvScope>,
    /// Which environments it is for; the same name may have one variable for each.
    pub target: EnvTarget,
}

/// Why variables were left as they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EnvVarsRefused {
    /// A new one has no value.
    ValueMissing(EnvName),
    /// A secret one would become readable with the value it has.
    WasSecret(EnvName),
    /// There would be too many.
    TooMany,
}

impl Store {
    /// A team's project's variables, by name.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn env_vars(&self, team: TeamId, project: ProjectId) -> Result<Vec<EnvVarRecord>, StoreError> {
        read(&self.pool, team, project).await
    }

    /// Changes variables in one transaction and returns them all; with `delete_others` those not named are deleted.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn set_env_vars(
        &self,
        team: TeamId,
        project: ProjectId,
        changes: &[EnvVarChange],
        delete_others: bool,
    ) -> Result<Result<Vec<EnvVarRecord>, EnvVarsRefused>, StoreError> {
        let mut tx = self.pool.begin().await?;
        // The lock orders changes at the same time, and keeps them apart from the snapshot of a new deployment.
        sqlx::query!(
            "select id from projects where team_id = $1 and id = $2 for update",
            team.uuid(),
            project.uuid()
        )
        .fetch_optional(&mut *tx)
        .await?;
        let known: Known = read(&mut *tx, team, project)
            .await?
            .into_iter()
            .map(|row| ((row.name.clone(), row.target), row))
            .collect();
        if let Err(refused) = check(&known, changes, delete_others) {
            return Ok(Err(refused));
        }
        if delete_others {
            let names: Vec<String> = changes.iter().map(|change| change.name.to_string()).collect();
            let targets: Vec<String> = changes
                .iter()
                .map(|change| change.target.as_str().to_owned())
                .collect();
            sqlx::query!(
                "delete from env_vars v where v.project_id = $1 and not exists (
                    select 1 from unnest($2::text[], $3::text[]) kept (name, target)
                    where kept.name = v.name and kept.target = v.target)",
                project.uuid(),
                &names,
                &targets
            )
            .execute(&mut *tx)
            .await?;
        }
        for change in changes {
            let before = known.get(&change.key());
            let value = change.value.as_ref().or(before.map(|row| &row.value));
            sqlx::query!(
                "insert into env_vars (id, team_id, project_id, name, value, secret, scope, target)
                values ($1, $2, $3, $4, $5, $6, $7, $8)
                on conflict on constraint env_vars_name_key do update
                    set value = excluded.value, secret = excluded.secret, scope = excluded.scope, updated_at = now()",
                EnvVarId::generate().uuid(),
                team.uuid(),
                project.uuid(),
                change.name.as_str(),
                value,
                change.secret.or(before.map(|row| row.secret)).unwrap_or(true),
                change.scope.or(before.map(|row| row.scope)).unwrap_or(EnvScope::All).as_str(),
                change.target.as_str()
            )
            .execute(&mut *tx)
            .await?;
        }
        let rows = read(&mut *tx, team, project).await?;
        tx.commit().await?;
        Ok(Ok(rows))
    }

    /// Deletes one variable. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_env_var(
        &self,
        team: TeamId,
        project: ProjectId,
        name: &str,
        target: EnvTarget,
    ) -> Result<bool, StoreError> {
        let result = sqlx::query!(
            "delete from env_vars where team_id = $1 and project_id = $2 and name = $3 and target = $4",
            team.uuid(),
            project.uuid(),
            name.replace('\0', ""),
            target.as_str()
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() > 0)
    }
}

/// Variables by what tells them apart.
type Known = HashMap<(String, EnvTarget), EnvVarRecord>;

impl EnvVarChange {
    fn key(&self) -> (String, EnvTarget) {
        (self.name.to_string(), self.target)
    }
}

fn check(known: &Known, changes: &[EnvVarChange], delete_others: bool) -> Result<(), EnvVarsRefused> {
    for change in changes {
        let before = known.get(&change.key());
        if change.value.is_none() && before.is_none() {
            return Err(EnvVarsRefused::ValueMissing(change.name.clone()));
        }
        let was_secret = before.is_some_and(|row| row.secret);
        if change.value.is_none() && was_secret && change.secret == Some(false) {
            return Err(EnvVarsRefused::WasSecret(change.name.clone()));
        }
    }
    let mut keys: HashSet<(String, EnvTarget)> = changes.iter().map(EnvVarChange::key).collect();
    if !delete_others {
        keys.extend(known.keys().cloned());
    }
    if keys.len() > ENV_VARS_MAX {
        Err(EnvVarsRefused::TooMany)
    } else {
        Ok(())
    }
}

async fn read(
    executor: impl sqlx::PgExecutor<'_>,
    team: TeamId,
    project: ProjectId,
) -> Result<Vec<EnvVarRecord>, StoreError> {
    let rows = sqlx::query!(
        "select name, value, secret, scope, target, created_at, updated_at from env_vars
        where team_id = $1 and project_id = $2 order by name, target",
        team.uuid(),
        project.uuid()
    )
    .fetch_all(executor)
    .await?;
    rows.into_iter()
        .map(|row| {
            Ok(EnvVarRecord {
                name: row.name,
                value: row.value,
                secret: row.secret,
                scope: row
                    .scope
                    .parse()
                    .map_err(|error| StoreError::corrupt("scope", error))?,
                target: row
                    .target
                    .parse()
                    .map_err(|error| StoreError::corrupt("target", error))?,
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}
