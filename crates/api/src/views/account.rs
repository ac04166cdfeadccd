//! People, as they see themselves.

use aether_models::{Role, Scope, TeamId, User, UserId};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Actor;

/// The signed-in user.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserView {
    /// Their id.
    pub id: UserId,
    /// Their address.
    pub email: String,
    /// Their name.
    pub name: String,
    /// They own the whole instance.
    pub instance_owner: bool,
    /// The team they act for.
    pub team_id: TeamId,
    /// Their role in it.
    pub role: Role,
    /// What the token they came with may do.
    pub scopes: Vec<Scope>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
}

impl UserView {
    /// Somebody who has just signed in.
    pub(crate) fn signed_in(user: User, team_id: TeamId, role: Role) -> Self {
        Self {
            id: user.id,
            email: user.email,
            name: user.name,
            instance_owner: user.instance_owner,
            team_id,
            role,
            scopes: vec![Scope::Read, Scope::Deploy, Scope::Write],
            created_at: user.created_at,
        }
    }

    /// The caller.
    pub(crate) fn of(actor: &Actor) -> Self {
        Self {
            scopes: actor.scopes.clone(),
            ..Self::signed_in(actor.user.clone(), actor.team, actor.role)
        }
    }
}
