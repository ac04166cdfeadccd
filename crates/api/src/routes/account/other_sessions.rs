//! `DELETE /auth/sessions`

use actix_web::{delete, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::SignedIn;
use crate::error::{ApiResult, Problems};
use crate::state::AppState;

/// How many sessions were ended.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct EndedSessions {
    /// So many.
    pub ended: u64,
}

/// Signs the caller out everywhere but here.
#[utoipa::path(tag = "auth", responses((status = 200, body = EndedSessions), Problems))]
#[delete("/auth/sessions")]
pub(crate) async fn end_other_sessions(
    state: web::Data<AppState>,
    actor: SignedIn,
) -> ApiResult<web::Json<EndedSessions>> {
    let current = actor.session()?;
    let ended = state.store.end_other_sessions(actor.user.id, current).await?;
    Ok(web::Json(EndedSessions { ended }))
}
