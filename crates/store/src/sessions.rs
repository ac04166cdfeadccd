//! Sign-ins. The access token names one; its refresh secret is exchanged at every use, and a second use of an old one ends
//! the session, because somebody has a copy.

use aether_models::{Role, SessionId, TeamId, User, UserId};

use crate::users::parse_role;
use crate::{Store, StoreError};

/// A session ends when it was not refreshed for so long, days.
const SESSION_DAYS: i32 = 30;
/// Two tabs may send the same secret at the same moment; that is no theft.
const ROTATION_GRACE_SECONDS: f64 = 10.0;

/// Who a credential stands for, as of now.
#[derive(Debug, Clone)]
pub struct Principal {
    /// The user.
    pub user: User,
    /// The team they act for.
    pub team_id: TeamId,
    /// Their role in it.
    pub role: Role,
}

/// How the exchange of a refresh secret ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotation {
    /// The new secret is in force.
    Rotated(SessionId),
    /// It was exchanged a moment ago; the newer secret stays in force.
    JustRotated(SessionId),
    /// It was exchanged before: the session was ended.
    Reused,
    /// Nobody's, or its session has ended.
    Unknown,
}

impl Store {
    /// Begins a session.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_session(
        &self,
        user: UserId,
        refresh_sha256: &[u8; 32],
        user_agent: &str,
    ) -> Result<SessionId, StoreError> {
        let id = SessionId::generate();
        sqlx::query!(
            "insert into sessions (id, user_id, refresh_sha256, user_agent, expires_at)
            values ($1, $2, $3, $4, now() + make_interval(days => $5))",
            id.uuid(),
            user.uuid(),
            refresh_sha256.as_slice(),
            user_agent.replace('\0', ""),
            SESSION_DAYS
        )
        .execute(&self.pool)
        .await?;
        Ok(id)
    }

    /// Who a session stands for, in `team` or the team they joined first. Returns none when it has ended, or they are not
    /// in that team.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn session_principal(
        &self,
        session: SessionId,
        team: Option<TeamId>,
    ) -> Result<Option<Principal>, StoreError> {
        let row = sqlx::query!(
            "select u.id, u.email, u.name, u.instance_owner, u.created_at, m.team_id, m.role
            from sessions s join users u on u.id = s.user_id join team_members m on m.user_id = u.id
            where s.id = $1 and s.revoked_at is null and s.expires_at > now() and ($2::uuid is null or m.team_id = $2)
            order by m.created_at, m.team_id limit 1",
            session.uuid(),
            team.map(TeamId::uuid)
        )
        .fetch_optional(&self.pool)
        .await?;
        row.map(|row| {
            Ok(Principal {
                user: User {
                    id: row.id.into(),
                    email: row.email,
                    name: row.name,
                    instance_owner: row.instance_owner,
                    created_at: row.created_at,
                },
                team_id: row.team_id.into(),
                role: parse_role(&row.role)?,
            })
        })
        .transpose()
    }

    /// Exchanges a refresh secret for a new one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn rotate_session(
        &self,
        old_sha256: &[u8; 32],
        new_sha256: &[u8; 32],
    ) -> Result<Rotation, StoreError> {
        let rotated = sqlx::query_scalar!(
            "update sessions set previous_refresh_sha256 = refresh_sha256, refresh_sha256 = $2, rotated_at = now(),
                expires_at = now() + make_interval(days => $3)
            where refresh_sha256 = $1 and revoked_at is null and expires_at > now()
            returning id",
            old_sha256.as_slice(),
            new_sha256.as_slice(),
            SESSION_DAYS
        )
        .fetch_optional(&self.pool)
        .await?;
        if let Some(id) = rotated {
            return Ok(Rotation::Rotated(id.into()));
        }
        let Some(row) = sqlx::query!(
            r#"update sessions set revoked_at = case
                    when rotated_at > now() - make_interval(secs => $2) then revoked_at
                    else coalesce(revoked_at, now()) end
            where previous_refresh_sha256 = $1
            returning id, revoked_at is null as "alive!""#,
            old_sha256.as_slice(),
            ROTATION_GRACE_SECONDS
        )
        .fetch_optional(&self.pool)
        .await?
        else {
            return Ok(Rotation::Unknown);
        };
        Ok(if row.alive {
            Rotation::JustRotated(row.id.into())
        } else {
            Rotation::Reused
        })
    }

    /// Ends the session of a refresh secret, the present or the one before.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn end_session_of_refresh(&self, refresh_sha256: &[u8; 32]) -> Result<(), StoreError> {
        sqlx::query!(
            "update sessions set revoked_at = now()
            where (refresh_sha256 = $1 or previous_refresh_sha256 = $1) and revoked_at is null",
            refresh_sha256.as_slice()
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
