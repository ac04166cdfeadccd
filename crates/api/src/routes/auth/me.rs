//! `GET /auth/me`

use actix_web::{get, web};

use crate::auth::SignedIn;
use crate::error::{ApiResult, Problems};
use crate::views::UserView;

/// Who is calling.
#[utoipa::path(tag = "auth", responses((status = 200, body = UserView), Problems))]
#[get("/auth/me")]
pub(crate) async fn get_me(actor: SignedIn) -> ApiResult<web::Json<UserView>> {
    Ok(web::Json(UserView::of(&actor)))
}
