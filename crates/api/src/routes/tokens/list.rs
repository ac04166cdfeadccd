//! `GET /tokens`

use actix_web::{get, web};
use aether_models::{ApiToken, TokenId};

use crate::auth::SignedIn;
use crate::error::{ApiResult, Problems};
use crate::extract::{Page, PageQuery, Query};
use crate::state::AppState;

/// The caller's API tokens, newest first.
#[utoipa::path(tag = "tokens", params(PageQuery), responses((status = 200, body = Page<ApiToken>), Problems))]
#[get("/tokens")]
pub(crate) async fn list_tokens(
    state: web::Data<AppState>,
    actor: SignedIn,
    Query(query): Query<PageQuery>,
) -> ApiResult<web::Json<Page<ApiToken>>> {
    let cursor = query.check::<TokenId>()?;
    let rows = state
        .store
        .tokens(actor.user.id, cursor.after, cursor.rows())
        .await?;
    Ok(web::Json(Page::cut(rows, &cursor, |token| token.id)))
}
