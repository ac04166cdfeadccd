//! The caller, and what they may do.
//!
//! A handler names the right it needs by its argument: [`CanRead`], [`CanDeploy`], [`CanWrite`], or [`SignedIn`] for
//! what concerns only the caller's own account. There is no other way to learn the team, and no query without one.

use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use aether_models::{Role, Scope, SessionId, TeamId, User};
use aether_store::{Principal, TokenPrincipal};
use secrecy::{ExposeSecret, SecretString};

use super::API_TOKEN_PREFIX;
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// How the caller proved who they are.
#[derive(Debug, Clone)]
pub(crate) enum Credential {
    /// An access token of this session.
    Session(SessionId),
    /// This API token.
    Token(SecretString),
}

/// The caller of a request.
#[derive(Debug, Clone)]
pub(crate) struct Actor {
    /// Who.
    pub(crate) user: User,
    /// On behalf of which team.
    pub(crate) team: TeamId,
    /// Their role in it, as of this request.
    pub(crate) role: Role,
    /// What the credential is limited to.
    pub(crate) scopes: Vec<Scope>,
    /// The credential, for asking again while a stream is open.
    pub(crate) credential: Credential,
}

impl Actor {
    pub(crate) fn of_session(principal: Principal, session: SessionId) -> Self {
        Self {
            user: principal.user,
            team: principal.team_id,
            role: principal.role,
            scopes: vec![Scope::Read, Scope::Deploy, Scope::Write],
            credential: Credential::Session(session),
        }
    }

    pub(crate) fn of_token(found: TokenPrincipal, credential: Credential) -> Self {
        Self {
            user: found.principal.user,
            team: found.principal.team_id,
            role: found.principal.role,
            scopes: found.scopes,
            credential,
        }
    }

    /// The session the caller signed in with. An API token is not enough for what it could use to outlive its own end.
    pub(crate) fn session(&self) -> ApiResult<SessionId> {
        match self.credential {
            Credential::Session(session) => Ok(session),
            Credential::Token(_) => Err(ApiError::forbidden(
                "session_needed",
                "an API token cannot look after the account it belongs to",
            )
            .hint("sign in with the password")),
        }
    }

    /// The caller's role and credential both allow it.
    pub(crate) fn require(&self, scope: Scope) -> ApiResult<()> {
        if !role_allows(self.role, scope) {
            return Err(ApiError::forbidden(
                "role_too_low",
                format!(
                    "your role in this team is {}, which does not include this",
                    self.role.as_str()
                ),
            )
            .hint("ask an owner of the team"));
        }
        if !self.scopes.contains(&scope) {
            return Err(ApiError::forbidden(
                "scope_missing",
                format!("this API token has no `{}` scope", scope.as_str()),
            )
            .hint("make a token with that scope"));
        }
        Ok(())
    }
}

/// A bearer token, told apart by its form.
pub(crate) fn credential(state: &AppState, bearer: SecretString) -> ApiResult<Credential> {
    if bearer.expose_secret().starts_with(API_TOKEN_PREFIX) {
        return Ok(Credential::Token(bearer));
    }
    state
        .access_tokens
        .session(&bearer)
        .map(Credential::Session)
        .ok_or_else(|| {
            ApiError::unauthenticated(
                "invalid_token",
                "the token is not valid, has expired, or its session was ended",
            )
        })
}

/// What each role includes.
fn role_allows(role: Role, scope: Scope) -> bool {
    match scope {
        Scope::Read => role >= Role::Viewer,
        Scope::Deploy => role >= Role::Member,
        Scope::Write => role >= Role::Owner,
    }
}

macro_rules! rights {
    ($($(#[$doc:meta])* $name:ident($scope:expr);)*) => {$(
        $(#[$doc])*
        #[derive(Debug)]
        pub(crate) struct $name(Actor);

        impl Deref for $name {
            type Target = Actor;

            fn deref(&self) -> &Actor {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Ready<ApiResult<Self>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let allowed = |actor: Actor| {
                    let scope: Option<Scope> = $scope;
                    scope.map_or(Ok(()), |scope| actor.require(scope)).map(|()| Self(actor))
                };
                ready(actor(request).and_then(allowed))
            }
        }
    )*};
}

rights! {
    /// A caller about their own account.
    SignedIn(None);
    /// A caller who may see the team's things.
    CanRead(Some(Scope::Read));
    /// A caller who may deploy, cancel and roll back.
    CanDeploy(Some(Scope::Deploy));
    /// A caller who may change the team's things.
    CanWrite(Some(Scope::Write));
}

fn actor(request: &HttpRequest) -> ApiResult<Actor> {
    request.extensions().get::<Actor>().cloned().ok_or_else(|| {
        // Only a route outside the authenticated scope gets here; it stays closed.
        ApiError::unauthenticated("missing_token", "this needs an access token or an API token")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_includes_the_ones_below() {
        let matrix: Vec<_> = [Role::Viewer, Role::Member, Role::Owner]
            .into_iter()
            .map(|role| [Scope::Read, Scope::Deploy, Scope::Write].map(|scope| role_allows(role, scope)))
            .collect();
        assert_eq!(
            matrix,
            [[true, false, false], [true, true, false], [true, true, true]]
        );
    }
}
