//! Environment variables of projects; values are sealed before they come here.

use std::collections::{HashMap, HashSet};

use aether_models::{ENV_VARS_MAX, EnvName, EnvScope, EnvVarId, ProjectId, TeamId};
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
        let known: HashMap<String, EnvVarRecord> = read(&mut *tx, team, project)
            .await?
            .into_iter()
            .map(|row| (row.name.clone(), row))
            .collect();
        if let Err(refused) = check(&known, changes, delete_others) {
            return Ok(Err(refused));
        }
        if delete_others {
            let names: Vec<String> = changes.iter().map(|change| change.name.to_string()).collect();
            sqlx::query!(
                "delete from env_vars where project_id = $1 and name <> all($2)",
                project.uuid(),
                &names
            )
            .execute(&mut *tx)
            .await?;
        }
        for change in changes {
            let before = known.get(change.name.as_str());
            let value = change.value.as_ref().or(before.map(|row| &row.value));
            sqlx::query!(
                "insert into env_vars (id, team_id, project_id, name, value, secret, scope) values ($1, $2, $3, $4, $5, $6, $7)
                on conflict on constraint env_vars_name_key do update
                    set value = excluded.value, secret = excluded.secret, scope = excluded.scope, updated_at = now()",
                EnvVarId::generate().uuid(),
                team.uuid(),
                project.uuid(),
                change.name.as_str(),
                value,
                change.secret.or(before.map(|row| row.secret)).unwrap_or(true),
                change.scope.or(before.map(|row| row.scope)).unwrap_or(EnvScope::All).as_str()
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
    ) -> Result<bool, StoreError> {
        let result = sqlx::query!(
            "delete from env_vars where team_id = $1 and project_id = $2 and name = $3",
            team.uuid(),
            project.uuid(),
            name.replace('\0', "")
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() > 0)
    }
}

fn check(
    known: &HashMap<String, EnvVarRecord>,
    changes: &[EnvVarChange],
    delete_others: bool,
) -> Result<(), EnvVarsRefused> {
    for change in changes {
        let before = known.get(change.name.as_str());
        if change.value.is_none() && before.is_none() {
            return Err(EnvVarsRefused::ValueMissing(change.name.clone()));
        }
        let was_secret = before.is_some_and(|row| row.secret);
        if change.value.is_none() && was_secret && change.secret == Some(false) {
            return Err(EnvVarsRefused::WasSecret(change.name.clone()));
        }
    }
    let mut names: HashSet<&str> = changes.iter().map(|change| change.name.as_str()).collect();
    if !delete_others {
        names.extend(known.keys().map(String::as_str));
    }
    if names.len() > ENV_VARS_MAX {
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
        "select name, value, secret, scope, created_at, updated_at from env_vars
        where team_id = $1 and project_id = $2 order by name",
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
                created_at: row.created_at,
                updated_at: row.updated_at,
            })
        })
        .collect()
}
