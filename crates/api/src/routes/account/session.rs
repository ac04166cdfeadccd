//! `DELETE /auth/sessions/{id}`

use actix_web::{HttpResponse, delete, web};
use aether_models::SessionId;

use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;

/// Signs a browser of the caller's out, at once.
#[utoipa::path(
    tag = "auth",
    params(("id" = SessionId, Path)),
    responses((status = 204, description = "Signed out."), Problems)
)]
#[delete("/auth/sessions/{id}")]
pub(crate) async fn end_session(
    state: web::Data<AppState>,
    actor: SignedIn,
    Path(id): Path<SessionId>,
) -> ApiResult<HttpResponse> {
    actor.session()?;
    if !state.store.end_session(actor.user.id, id).await? {
        return Err(ApiError::not_found("session"));
    }
    Ok(HttpResponse::NoContent().finish())
}
