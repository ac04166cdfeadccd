//! `POST /auth/password`

use actix_web::{HttpRequest, HttpResponse, post, web};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::require_password;
use crate::auth::{SignedIn, password_objection};
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::state::AppState;

/// Another password.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangePassword {
    /// The present one.
    #[schema(value_type = String, format = "password")]
    current_password: SecretString,
    /// The new one: at least eight characters, hard to guess.
    #[schema(value_type = String, format = "password")]
    new_password: SecretString,
}

/// Changes the caller's password and signs them out everywhere else.
#[utoipa::path(
    tag = "auth",
    request_body = ChangePassword,
    responses((status = 204, description = "Changed."), Problems)
)]
#[post("/auth/password")]
pub(crate) async fn change_password(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: SignedIn,
    Json(body): Json<ChangePassword>,
) -> ApiResult<HttpResponse> {
    let session = actor.session()?;
    require_password(&state, &request, &actor, &body.current_password).await?;
    if let Some(objection) = password_objection(&body.new_password, &[&actor.user.email, &actor.user.name]) {
        return Err(ApiError::invalid_field("new_password", objection));
    }
    let hash = state.passwords.hash(&body.new_password).await?;
    state.store.change_password(actor.user.id, &hash, session).await?;
    Ok(HttpResponse::NoContent().finish())
}
