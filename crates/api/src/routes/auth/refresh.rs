//! `POST /auth/refresh`

use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_store::Rotation;
use secrecy::ExposeSecret;

use super::SignedInView;
use crate::auth::{ACCESS_TOKEN_SECONDS, digest, require_same_origin, successor};
use crate::error::{ApiError, ApiResult, Problems};
use crate::state::AppState;
use crate::views::UserView;

/// Exchanges the cookie for a new one and a new access token.
///
/// A cookie that was exchanged before ends the whole session: somebody has a copy of it.
#[utoipa::path(tag = "auth", security(()), responses((status = 200, body = SignedInView), Problems))]
#[post("/auth/refresh")]
pub(crate) async fn refresh_session(
    state: web::Data<AppState>,
    request: HttpRequest,
) -> ApiResult<HttpResponse> {
    require_same_origin(&state.settings, &request)?;
    let ended =
        || ApiError::unauthenticated("session_ended", "you are not signed in, or the session was ended");
    let old = state.refresh_cookie.read(&request)?.ok_or_else(ended)?;
    let new = successor(&state.keyring, &old);
    let session = match state.store.rotate_session(&digest(&old), &digest(&new)).await? {
        // Just now: two tabs at once, or the answer before this one was lost. Both get the same cookie.
        Rotation::Rotated(session) | Rotation::JustRotated(session) => session,
        Rotation::Unknown => return Err(ended()),
        Rotation::Reused => {
            tracing::warn!("a refresh secret was used twice; its session was ended");
            return Err(ended());
        }
    };
    let principal = state
        .store
        .session_principal(session, None)
        .await?
        .ok_or_else(ended)?;
    let access_token = state.access_tokens.issue(principal.user.id, session)?;
    let mut response = HttpResponse::Ok();
    response.cookie(state.refresh_cookie.set(&new));
    Ok(response.json(SignedInView {
        access_token: access_token.expose_secret().to_owned(),
        token_type: "Bearer",
        expires_in: ACCESS_TOKEN_SECONDS,
        user: UserView::signed_in(principal.user, principal.team_id, principal.role),
    }))
}
