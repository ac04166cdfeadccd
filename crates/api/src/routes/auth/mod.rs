//! Accounts and sessions.

mod login;
mod logout;
mod me;
mod refresh;
mod register;
mod setup;

use actix_web::http::header::USER_AGENT;
use actix_web::{HttpMessage, HttpRequest, HttpResponse};
use aether_models::{Role, TeamId, User};
use secrecy::ExposeSecret;
use serde::Serialize;
use utoipa::ToSchema;

pub(crate) use login::log_in;
pub(crate) use logout::log_out;
pub(crate) use me::get_me;
pub(crate) use refresh::refresh_session;
pub(crate) use register::register_user;
pub(crate) use setup::setup_state;

use crate::auth::{ACCESS_TOKEN_SECONDS, digest, generate};
use crate::error::ApiResult;
use crate::middleware::audit::AuditSubject;
use crate::state::AppState;
use crate::views::UserView;

/// Longest part of a browser's name that is kept.
const USER_AGENT_MAX: usize = 200;

/// A fresh sign-in; the refresh secret is in the cookie beside it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SignedIn)]
pub(crate) struct SignedInView {
    /// For `Authorization: Bearer …`.
    pub access_token: String,
    /// Always `Bearer`.
    pub token_type: &'static str,
    /// Seconds until the access token ends.
    pub expires_in: i64,
    /// Who signed in.
    pub user: UserView,
}

/// Begins a session for somebody who has just proved who they are, always under a new secret.
async fn sign_in(
    state: &AppState,
    request: &HttpRequest,
    mut response: actix_web::HttpResponseBuilder,
    (user, team, role): (User, TeamId, Role),
) -> ApiResult<HttpResponse> {
    let refresh = generate("");
    let agent: String = request
        .headers()
        .get(USER_AGENT)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .chars()
        .take(USER_AGENT_MAX)
        .collect();
    let session = state
        .store
        .create_session(user.id, &digest(&refresh), &agent)
        .await?;
    request.extensions_mut().insert(AuditSubject {
        user: user.id,
        team: Some(team),
    });
    let access_token = state.access_tokens.issue(user.id, session)?;
    Ok(response
        .cookie(state.refresh_cookie.set(&refresh))
        .json(SignedInView {
            access_token: access_token.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: ACCESS_TOKEN_SECONDS,
            user: UserView::signed_in(user, team, role),
        }))
}
