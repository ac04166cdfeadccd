//! `GET /invitations`

use actix_web::{get, web};
use aether_models::{Invitation, InvitationId};

use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, PageQuery, Query};
use crate::state::AppState;

/// The team's invitations, newest first.
#[utoipa::path(tag = "invitations", params(PageQuery), responses((status = 200, body = Page<Invitation>), Problems))]
#[get("/invitations")]
pub(crate) async fn list_invitations(
    state: web::Data<AppState>,
    actor: CanRead,
    Query(query): Query<PageQuery>,
) -> ApiResult<web::Json<Page<Invitation>>> {
    let cursor = query.check::<InvitationId>()?;
    let rows = state
        .store
        .invitations(actor.team, cursor.after, cursor.rows())
        .await?;
    Ok(web::Json(Page::cut(rows, &cursor, |invitation| invitation.id)))
}
