//! `POST /tokens`

use actix_web::{HttpResponse, post, web};
use aether_models::{ApiToken, Scope};
use aether_store::NewToken;
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::require_session;
use crate::auth::{API_TOKEN_PREFIX, SignedIn, digest, generate};
use crate::error::{ApiResult, Problems};
use crate::extract::Json;
use crate::state::AppState;
use crate::validate::Faults;

/// Characters of the secret that are kept to tell tokens apart.
const HINT_LENGTH: usize = 4;

/// A new token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateToken {
    /// Name for people.
    name: String,
    /// What it may do, never more than its user.
    scopes: Vec<Scope>,
    /// When it stops working; without it never.
    #[serde(default)]
    expires_at: Option<DateTime<Utc>>,
}

/// A token with its secret, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedToken {
    /// The token.
    #[serde(flatten)]
    pub token: ApiToken,
    /// For `Authorization: Bearer …`; it cannot be shown again.
    pub secret: String,
}

/// Makes an API token for the caller and their team.
#[utoipa::path(
    tag = "tokens",
    request_body = CreateToken,
    responses((status = 201, body = CreatedToken), Problems)
)]
#[post("/tokens")]
pub(crate) async fn create_token(
    state: web::Data<AppState>,
    actor: SignedIn,
    Json(body): Json<CreateToken>,
) -> ApiResult<HttpResponse> {
    require_session(&actor)?;
    let mut faults = Faults::default();
    let name = faults.text("name", &body.name);
    if body.scopes.is_empty() {
        faults.add("scopes", "Choose at least one scope");
    }
    if body.expires_at.is_some_and(|at| at <= state.clock.now()) {
        faults.add("expires_at", "Choose a time in the future");
    }
    faults.finish()?;
    let mut scopes = body.scopes;
    scopes.sort_by_key(|scope| scope.as_str());
    scopes.dedup();
    let secret = generate(API_TOKEN_PREFIX);
    let text = secret.expose_secret();
    let hint = text
        .get(text.len() - HINT_LENGTH..)
        .unwrap_or_default()
        .to_owned();
    let new = NewToken {
        user_id: actor.user.id,
        team_id: actor.team,
        name,
        scopes,
        secret_sha256: digest(&secret),
        hint,
        expires_at: body.expires_at,
    };
    let token = state.store.create_token(&new).await?;
    Ok(HttpResponse::Created().json(CreatedToken {
        token,
        secret: text.to_owned(),
    }))
}
