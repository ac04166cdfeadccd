//! Accounts, and the ways to get one: as the owner of a fresh instance, by invitation, or on one's own.
//!
//! Every account begins in a team: the one it was invited to, or a new one of its own.

use aether_models::{Role, Team, TeamId, User, UserId};
use sqlx::{Postgres, Transaction};

use crate::instance_facts::SET_UP_TOKEN;
use crate::{Store, StoreError};

/// An account to make.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// Address, lower case.
    pub email: String,
    /// Name for people.
    pub name: String,
    /// Hash of the password.
    pub password_hash: String,
}

/// What signing in needs.
#[derive(Debug, Clone)]
pub struct Account {
    /// The user.
    pub user: User,
    /// Hash of their password.
    pub password_hash: String,
    /// The team they joined first.
    pub team_id: TeamId,
    /// Their role in it.
    pub role: Role,
}

impl Store {
    /// Somebody owns this instance.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn has_owner(&self) -> Result<bool, StoreError> {
        let has =
            sqlx::query_scalar!(r#"select exists (select 1 from users where instance_owner) as "has!""#)
                .fetch_one(&self.pool)
                .await?;
        Ok(has)
    }

    /// Makes the owner's account, using up the set-up token. Returns none when the token is another one.
    ///
    /// # Errors
    /// [`crate::Conflict::OwnerExists`] when there is an owner already, however many try at once.
    pub async fn create_owner(
        &self,
        new: &NewUser,
        set_up_token_sha256: &[u8; 32],
    ) -> Result<Option<(User, TeamId)>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let used = sqlx::query!(
            "delete from instance_facts where name = $1 and value = $2",
            SET_UP_TOKEN,
            set_up_token_sha256.as_slice()
        )
        .execute(&mut *tx)
        .await?;
        if used.rows_affected() == 0 {
            tx.rollback().await?;
            return if self.has_owner().await? {
                Err(crate::Conflict::OwnerExists.into())
            } else {
                Ok(None)
            };
        }
        let user = insert_user(&mut tx, new, true).await?;
        let team = found_team(&mut tx, &user).await?;
        tx.commit().await?;
        Ok(Some((user, team)))
    }

    /// Makes an account with a team of its own.
    ///
    /// # Errors
    /// [`crate::Conflict::EmailTaken`].
    pub async fn create_user(&self, new: &NewUser) -> Result<(User, TeamId), StoreError> {
        let mut tx = self.pool.begin().await?;
        let user = insert_user(&mut tx, new, false).await?;
        let team = found_team(&mut tx, &user).await?;
        tx.commit().await?;
        Ok((user, team))
    }

    /// Makes an account in the team of an invitation, using it up. Returns none when there is no such invitation for this
    /// address, or its time is over.
    ///
    /// # Errors
    /// [`crate::Conflict::EmailTaken`].
    pub async fn accept_invitation(
        &self,
        new: &NewUser,
        secret_sha256: &[u8; 32],
    ) -> Result<Option<(User, TeamId, Role)>, StoreError> {
        let mut tx = self.pool.begin().await?;
        let Some(row) = sqlx::query!(
            "update invitations set accepted_at = now()
            where secret_sha256 = $1 and email = $2 and accepted_at is null and expires_at > now()
            returning team_id, role",
            secret_sha256.as_slice(),
            new.email
        )
        .fetch_optional(&mut *tx)
        .await?
        else {
            return Ok(None);
        };
        let role = parse_role(&row.role)?;
        let team = TeamId::from_uuid(row.team_id);
        let user = insert_user(&mut tx, new, false).await?;
        insert_member(&mut tx, team, user.id, role).await?;
        tx.commit().await?;
        Ok(Some((user, team, role)))
    }

    /// The account with this address.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn account_by_email(&self, email: &str) -> Result<Option<Account>, StoreError> {
        let row = sqlx::query!(
            "select u.id, u.email, u.name, u.password_hash, u.instance_owner, u.created_at, m.team_id, m.role
            from users u join team_members m on m.user_id = u.id
            where u.email = $1 order by m.created_at, m.team_id limit 1",
            email.replace('\0', "\u{fffd}")
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Account {
                user: User {
                    id: row.id.into(),
                    email: row.email,
                    name: row.name,
                    instance_owner: row.instance_owner,
                    created_at: row.created_at,
                },
                password_hash: row.password_hash,
                team_id: row.team_id.into(),
                role: parse_role(&row.role)?,
            })
        })
        .transpose()
    }
}

async fn insert_user(
    tx: &mut Transaction<'_, Postgres>,
    new: &NewUser,
    instance_owner: bool,
) -> Result<User, StoreError> {
    let id = UserId::generate();
    let created_at = sqlx::query_scalar!(
        "insert into users (id, email, name, password_hash, instance_owner) values ($1, $2, $3, $4, $5)
        returning created_at",
        id.uuid(),
        new.email,
        new.name,
        new.password_hash,
        instance_owner
    )
    .fetch_one(&mut **tx)
    .await?;
    Ok(User {
        id,
        email: new.email.clone(),
        name: new.name.clone(),
        instance_owner,
        created_at,
    })
}

/// A team for somebody who has none yet.
async fn found_team(tx: &mut Transaction<'_, Postgres>, user: &User) -> Result<TeamId, StoreError> {
    let team = Team {
        id: TeamId::generate(),
        name: user.name.clone(),
    };
    sqlx::query!(
        "insert into teams (id, name) values ($1, $2)",
        team.id.uuid(),
        team.name
    )
    .execute(&mut **tx)
    .await?;
    insert_member(tx, team.id, user.id, Role::Owner).await?;
    Ok(team.id)
}

async fn insert_member(
    tx: &mut Transaction<'_, Postgres>,
    team: TeamId,
    user: UserId,
    role: Role,
) -> Result<(), StoreError> {
    sqlx::query!(
        "insert into team_members (team_id, user_id, role) values ($1, $2, $3)",
        team.uuid(),
        user.uuid(),
        role.as_str()
    )
    .execute(&mut **tx)
    .await?;
    Ok(())
}

pub(crate) fn parse_role(text: &str) -> Result<Role, StoreError> {
    text.parse().map_err(|error| StoreError::corrupt("role", error))
}
