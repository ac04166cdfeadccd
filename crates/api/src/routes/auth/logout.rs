//! `POST /auth/logout`

use actix_web::{HttpRequest, HttpResponse, post, web};

use crate::auth::{digest, require_same_origin};
use crate::error::{ApiResult, Problems};
use crate::state::AppState;

/// Ends the session of the cookie; its access tokens end with it, at once.
#[utoipa::path(tag = "auth", security(()), responses((status = 204, description = "Signed out."), Problems))]
#[post("/auth/logout")]
pub(crate) async fn log_out(state: web::Data<AppState>, request: HttpRequest) -> ApiResult<HttpResponse> {
    require_same_origin(&state.settings, &request)?;
    if let Some(secret) = state.refresh_cookie.read(&request)? {
        state.store.end_session_of_refresh(&digest(&secret)).await?;
    }
    Ok(HttpResponse::NoContent()
        .cookie(state.refresh_cookie.clear())
        .finish())
}
