//! `POST /auth/register`

use actix_web::{HttpRequest, HttpResponse, post, web};
use aether_models::{Role, TeamId, User};
use aether_store::NewUser;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{SignedInView, sign_in};
use crate::auth::{SetUpToken, digest, password_objection};
use crate::client_address::client_address;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::rate_limits::{REGISTRATION, limit_by_address};
use crate::settings::Registration;
use crate::state::AppState;
use crate::validate::{Faults, email};

/// A new account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Register {
    /// Address; the sign-in name.
    #[schema(format = "email")]
    email: String,
    /// At least eight characters, hard to guess.
    #[schema(value_type = String, format = "password")]
    password: SecretString,
    /// Name for people.
    name: String,
    /// Makes this account the owner of a fresh instance.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    setup_token: Option<SecretString>,
    /// Secret of an invitation to a team.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    invitation: Option<SecretString>,
}

/// Makes an account and signs it in.
#[utoipa::path(
    tag = "auth",
    security(()),
    request_body = Register,
    responses((status = 201, body = SignedInView), Problems)
)]
#[post("/auth/register")]
pub(crate) async fn register_user(
    state: web::Data<AppState>,
    request: HttpRequest,
    Json(body): Json<Register>,
) -> ApiResult<HttpResponse> {
    limit_by_address(&state, &REGISTRATION, client_address(&state.settings, &request)).await?;
    require_a_way_in(&state, &body).await?;
    let new = check(&state, &body).await?;
    let account = create(&state, &body, &new).await?;
    sign_in(&state, &request, HttpResponse::Created(), account).await
}

/// Refuses early, before the password is hashed.
async fn require_a_way_in(state: &AppState, body: &Register) -> ApiResult<()> {
    if body.setup_token.is_some()
        || body.invitation.is_some()
        || state.settings.registration == Registration::Open
    {
        return Ok(());
    }
    let hint = if state.store.has_owner().await? {
        "ask for an invitation"
    } else {
        "open the set-up link that the first start printed"
    };
    Err(ApiError::forbidden(
        "registration_closed",
        "this instance takes no new accounts on its own",
    )
    .hint(hint))
}

async fn check(state: &AppState, body: &Register) -> ApiResult<NewUser> {
    let mut faults = Faults::default();
    let email = email(&mut faults, "email", &body.email);
    let name = faults.text("name", &body.name);
    if let Some(objection) = password_objection(&body.password, &[&email, &name]) {
        faults.add("password", objection);
    }
    faults.finish()?;
    Ok(NewUser {
        email,
        name,
        password_hash: state.passwords.hash(&body.password).await?,
    })
}

async fn create(state: &AppState, body: &Register, new: &NewUser) -> ApiResult<(User, TeamId, Role)> {
    if let Some(token) = &body.setup_token {
        let owner = state.store.create_owner(new, &digest(token)).await?;
        let (user, team) = owner.ok_or_else(|| {
            ApiError::forbidden(
                "setup_token_wrong",
                "this is not the set-up token of this instance",
            )
            .hint("it stands in the file `setup-token` in the data directory")
        })?;
        SetUpToken::forget(&state.settings.data_dir);
        return Ok((user, team, Role::Owner));
    }
    if let Some(secret) = &body.invitation {
        return state
            .store
            .accept_invitation(new, &digest(secret))
            .await?
            .ok_or_else(|| {
                ApiError::new(
                    actix_web::http::StatusCode::GONE,
                    "invitation_gone",
                    "The invitation does not count",
                    "it was used, has expired, or was made for another address",
                )
                .hint("ask for a new one")
            });
    }
    let (user, team) = state.store.create_user(new).await?;
    Ok((user, team, Role::Owner))
}
