//! `DELETE /invitations/{id}`

use actix_web::{HttpResponse, delete, web};
use aether_models::InvitationId;

use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Path;
use crate::state::AppState;

/// Takes an invitation back.
#[utoipa::path(
    tag = "invitations",
    params(("id" = InvitationId, Path)),
    responses((status = 204, description = "Taken back."), Problems)
)]
#[delete("/invitations/{id}")]
pub(crate) async fn delete_invitation(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(id): Path<InvitationId>,
) -> ApiResult<HttpResponse> {
    if !state.store.delete_invitation(actor.team, id).await? {
        return Err(ApiError::not_found("invitation"));
    }
    Ok(HttpResponse::NoContent().finish())
}
