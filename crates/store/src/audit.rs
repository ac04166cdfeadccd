//! The audit log: append-only.

use aether_models::{TeamId, UserId};

use crate::{Store, StoreError};

/// Something that was done, or refused.
#[derive(Debug, Clone)]
pub struct AuditEntry {
    /// On behalf of which team.
    pub team_id: Option<TeamId>,
    /// By whom, when that is known.
    pub user_id: Option<UserId>,
    /// What.
    pub action: String,
    /// To what.
    pub target: String,
    /// It was done; otherwise it was refused.
    pub allowed: bool,
    /// From where.
    pub remote_address: String,
    /// Particulars; never a secret value.
    pub detail: serde_json::Value,
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn record_audit(&self, entry: &AuditEntry) -> Result<(), StoreError> {
        sqlx::query!(
            "insert into audit_log (team_id, user_id, action, target, outcome, remote_address, detail)
            values ($1, $2, $3, $4, $5, $6, $7)",
            entry.team_id.map(TeamId::uuid),
            entry.user_id.map(UserId::uuid),
            entry.action,
            entry.target,
            if entry.allowed { "allowed" } else { "refused" },
            entry.remote_address,
            entry.detail
        )
        .execute(&self.pool)
        .await?;
        Ok(())
    }
}
