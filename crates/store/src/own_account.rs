//! What somebody does with their own account: see and end sessions, change name, address and password.

use aether_models::{SessionId, User, UserId};
use chrono::{DateTime, Utc};

use crate::{Store, StoreError};

/// One sign-in that has not ended.
#[derive(Debug, Clone)]
pub struct SessionRecord {
    /// Its id.
    pub id: SessionId,
    /// The browser's own name, cut.
    pub user_agent: String,
    /// When somebody signed in.
    pub created_at: DateTime<Utc>,
    /// When it was last renewed, which a browser does every few minutes while it is used.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is used again.
    pub expires_at: DateTime<Utc>,
}

/// What to change of an account; what is none stays.
#[derive(Debug, Clone, Default)]
pub struct ProfileChange {
    /// Name for people.
    pub name: Option<String>,
    /// Address, lower case.
    pub email: Option<String>,
}

impl Store {
    /// Somebody's sessions that have not ended, the last used first.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn sessions(&self, user: UserId) -> Result<Vec<SessionRecord>, StoreError> {
        let rows = sqlx::query!(
            "select id, user_agent, created_at, rotated_at, expires_at from sessions
            where user_id = $1 and revoked_at is null and expires_at > now()
            order by rotated_at desc, id desc limit 100",
            user.uuid()
        )
        .fetch_all(&self.pool)
        .await?;
        let sessions = rows.into_iter().map(|row| SessionRecord {
            id: row.id.into(),
            user_agent: row.user_agent,
            created_at: row.created_at,
            last_used_at: row.rotated_at,
            expires_at: row.expires_at,
        });
        Ok(sessions.collect())
    }

    /// Ends one of somebody's sessions; its access tokens end with it. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_session(&self, user: UserId, session: SessionId) -> Result<bool, StoreError> {
        let ended = sqlx::query!(
            "update sessions set revoked_at = now() where user_id = $1 and id = $2 and revoked_at is null",
            user.uuid(),
            session.uuid()
        )
        .execute(&self.pool)
        .await?;
        Ok(ended.rows_affected() > 0)
    }

    /// Ends all of somebody's sessions but one, and says how many.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_other_sessions(&self, user: UserId, keep: SessionId) -> Result<u64, StoreError> {
        let ended = sqlx::query!(
            "update sessions set revoked_at = now() where user_id = $1 and id <> $2 and revoked_at is null",
            user.uuid(),
            keep.uuid()
        )
        .execute(&self.pool)
        .await?;
        Ok(ended.rows_affected())
    }

    /// The hash of somebody's password; none when the account is gone.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn password_hash(&self, user: UserId) -> Result<Option<String>, StoreError> {
        Ok(
            sqlx::query_scalar!("select password_hash from users where id = $1", user.uuid())
                .fetch_optional(&self.pool)
                .await?,
        )
    }

    /// Stores another password and ends all other sessions, because whoever knew the old one may have begun them.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change_password(
        &self,
        user: UserId,
        password_hash: &str,
        keep: SessionId,
    ) -> Result<(), StoreError> {
        let mut tx = self.pool.begin().await?;
        sqlx::query!(
            "update users set password_hash = $2 where id = $1",
            user.uuid(),
            password_hash
        )
        .execute(&mut *tx)
        .await?;
        sqlx::query!(
            "update sessions set revoked_at = now() where user_id = $1 and id <> $2 and revoked_at is null",
            user.uuid(),
            keep.uuid()
        )
        .execute(&mut *tx)
        .await?;
        tx.commit().await?;
        Ok(())
    }

    /// Changes name or address. Returns none when the account is gone.
    ///
    /// # Errors
    /// [`crate::Conflict::EmailTaken`].
    pub async fn change_profile(
        &self,
        user: UserId,
        change: &ProfileChange,
    ) -> Result<Option<User>, StoreError> {
        let row = sqlx::query!(
            "update users set name = coalesce($2, name), email = coalesce($3, email) where id = $1
            returning id, email, name, instance_owner, created_at",
            user.uuid(),
            change.name,
            change.email
        )
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(|row| User {
            id: row.id.into(),
            email: row.email,
            name: row.name,
            instance_owner: row.instance_owner,
            created_at: row.created_at,
        }))
    }
}
