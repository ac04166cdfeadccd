//! `POST /auth/login`

use actix_web::{HttpRequest, HttpResponse, post, web};
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{SignedInView, sign_in};
use crate::client_address::client_address;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::rate_limits::LoginAttempt;
use crate::state::AppState;

/// Longest password or address that is looked at.
const INPUT_MAX: usize = 1024;

/// Proof of who somebody is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Login {
    /// Address of the account.
    #[schema(format = "email")]
    email: String,
    /// Its password.
    #[schema(value_type = String, format = "password")]
    password: SecretString,
}

/// Signs in.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body = Login,
    responses((status = 200, body = SignedInView), Problems)
)]
#[post("/auth/login")]
pub(crate) async fn log_in(
    state: web::Data<AppState>,
    request: HttpRequest,
    Json(body): Json<Login>,
) -> ApiResult<HttpResponse> {
    let email = body.email.trim().to_lowercase();
    if email.len() > INPUT_MAX || secrecy::ExposeSecret::expose_secret(&body.password).len() > INPUT_MAX {
        return Err(ApiError::invalid_field(
            "password",
            format!("A password has to be at most {INPUT_MAX} bytes long"),
        ));
    }
    // Counted before the password is looked at: attempts at the same time count as well.
    let attempt = LoginAttempt::begin(&state, &email, client_address(&state.settings, &request)).await?;
    let account = state.store.account_by_email(&email).await?;
    let hash = account.as_ref().map(|account| account.password_hash.clone());
    // The same work and the same answer for an account that does not exist.
    let right = state.passwords.verify(&body.password, hash).await?;
    let (Some(account), true) = (account, right) else {
        return Err(ApiError::unauthenticated(
            "wrong_credentials",
            "the address or the password is wrong",
        ));
    };
    attempt.succeeded(&state).await;
    sign_in(
        &state,
        &request,
        HttpResponse::Ok(),
        (account.user, account.team_id, account.role),
    )
    .await
}
