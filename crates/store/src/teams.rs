//! Teams' invitations.

use aether_models::{Invitation, InvitationId, Role, TeamId};
use chrono::{DateTime, Utc};

use crate::users::parse_role;
use crate::{Store, StoreError};

/// How long an invitation can be accepted, days.
const INVITATION_DAYS: i32 = 7;

struct InvitationRow {
    id: uuid::Uuid,
    email: String,
    role: String,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    accepted_at: Option<DateTime<Utc>>,
}

impl TryFrom<InvitationRow> for Invitation {
    type Error = StoreError;

    fn try_from(row: InvitationRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            email: row.email,
            role: parse_role(&row.role)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            accepted_at: row.accepted_at,
        })
    }
}

impl Store {
    /// Makes an invitation.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn create_invitation(
        &self,
        team: TeamId,
        email: &str,
        role: Role,
        secret_sha256: &[u8; 32],
    ) -> Result<Invitation, StoreError> {
        sqlx::query_as!(
            InvitationRow,
            "insert into invitations (id, team_id, email, role, secret_sha256, expires_at)
            values ($1, $2, $3, $4, $5, now() + make_interval(days => $6))
            returning id, email, role, created_at, expires_at, accepted_at",
            InvitationId::generate().uuid(),
            team.uuid(),
            email,
            role.as_str(),
            secret_sha256.as_slice(),
            INVITATION_DAYS
        )
        .fetch_one(&self.pool)
        .await?
        .try_into()
    }

    /// A team's invitations, newest first, those made before `before`.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn invitations(
        &self,
        team: TeamId,
        before: Option<InvitationId>,
        limit: i64,
    ) -> Result<Vec<Invitation>, StoreError> {
        sqlx::query_as!(
            InvitationRow,
            "select id, email, role, created_at, expires_at, accepted_at from invitations
            where team_id = $1 and ($2::uuid is null or id < $2) order by id desc limit $3",
            team.uuid(),
            before.map(InvitationId::uuid),
            limit
        )
        .fetch_all(&self.pool)
        .await?
        .into_iter()
        .map(TryInto::try_into)
        .collect()
    }

    /// Takes an invitation back. Returns whether there was one.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn delete_invitation(&self, team: TeamId, id: InvitationId) -> Result<bool, StoreError> {
        let result = sqlx::query!(
            "delete from invitations where team_id = $1 and id = $2",
            team.uuid(),
            id.uuid()
        )
        .execute(&self.pool)
        .await?;
        Ok(result.rows_affected() > 0)
    }
}
