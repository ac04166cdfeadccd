//! `DELETE /tokens/{id}`

use actix_web::{HttpResponse, delete, web};
use aether_models::TokenId;

use super::require_session;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;

/// Deletes one of the caller's API tokens; it stops working at once.
#[utoipa::path(
    tag = "tokens",
    params(("id" = TokenId, Path)),
    responses((status = 204, description = "Deleted."), Problems)
)]
#[delete("/tokens/{id}")]
pub(crate) async fn delete_token(
    state: web::Data<AppState>,
    actor: SignedIn,
    Path(id): Path<TokenId>,
) -> ApiResult<HttpResponse> {
    require_session(&actor)?;
    if !state.store.delete_token(actor.user.id, id).await? {
        return Err(ApiError::not_found("token"));
    }
    Ok(HttpResponse::NoContent().finish())
}
