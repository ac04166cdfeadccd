//! `GET /auth/setup`

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::error::{ApiResult, Problems};
use crate::settings::Registration;
use crate::state::AppState;

/// What somebody without an account can do here.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct SetupState {
    /// Nobody owns this instance yet; the set-up link makes the owner's account.
    pub needs_owner: bool,
    /// Everybody may make an account.
    pub registration_open: bool,
}

/// Tells the sign-in page whether to offer set-up or registration.
#[utoipa::path(tag = "auth", security(()), responses((status = 200, body = SetupState), Problems))]
#[get("/auth/setup")]
pub(crate) async fn setup_state(state: web::Data<AppState>) -> ApiResult<web::Json<SetupState>> {
    Ok(web::Json(SetupState {
        needs_owner: !state.store.has_owner().await?,
        registration_open: state.settings.registration == Registration::Open,
    }))
}
