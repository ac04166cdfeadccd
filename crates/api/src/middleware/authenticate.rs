//! Who is calling. Wraps every route but the few public ones, so that a new route is closed until it is opened on purpose.
//!
//! A bearer token is either an access token (three parts, signed by us, names a session) or an API token (`aether_…`).
//! Both are looked up in Postgres on every request: a session that was ended, a role that was lowered or a token that was
//! deleted counts at once (threats.md inputs 6 and 7).

use actix_web::Error;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpMessage, ResponseError};
use aether_models::TeamId;
use secrecy::SecretString;

use crate::auth::{self, Actor, Credential};
use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Chooses among the caller's teams; without it the first one they joined counts.
pub(crate) const TEAM_HEADER: &str = "x-aether-team";
/// Our tokens have a few hundred characters.
const AUTHORIZATION_MAX: usize = 4096;

/// Wraps the routes that need a caller.
pub(crate) async fn authenticate<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let state = AppState::of(request.request())?;
    if !state
        .operations
        .methods(request.path())
        .contains(request.method())
    {
        // No route: that the path or the method does not exist is no secret.
        return next.call(request).await.map(ServiceResponse::map_into_boxed_body);
    }
    match identify(&state, request.headers()).await {
        Ok(actor) => {
            request.extensions_mut().insert(actor);
            next.call(request).await.map(ServiceResponse::map_into_boxed_body)
        }
        // A response, not an error: the layers outside still see the request it answers.
        Err(error) => Ok(request.into_response(error.error_response())),
    }
}

/// Finds the caller by the request's headers.
pub(crate) async fn identify(state: &Data<AppState>, headers: &HeaderMap) -> ApiResult<Actor> {
    let bearer = bearer(headers)?;
    let team = chosen_team(headers)?;
    let credential = auth::credential(state, bearer)?;
    find(state, credential, team).await
}

/// Loads what a credential is good for right now.
pub(crate) async fn find(state: &AppState, credential: Credential, team: Option<TeamId>) -> ApiResult<Actor> {
    let unknown = || {
        ApiError::unauthenticated(
            "invalid_token",
            "the token is not valid, has expired, or its session was ended",
        )
    };
    match credential {
        Credential::Session(session) => {
            let principal = state
                .store
                .session_principal(session, team)
                .await?
                .ok_or_else(unknown)?;
            Ok(Actor::of_session(principal, session))
        }
        Credential::Token(ref secret) => {
            let found = state
                .store
                .token_principal(&auth::digest(secret))
                .await?
                .ok_or_else(unknown)?;
            if team.is_some_and(|team| team != found.principal.team_id) {
                return Err(unknown());
            }
            Ok(Actor::of_token(found, credential))
        }
    }
}

fn bearer(headers: &HeaderMap) -> ApiResult<SecretString> {
    let mut values = headers.get_all(AUTHORIZATION);
    let Some(value) = values.next() else {
        return Err(ApiError::unauthenticated(
            "missing_token",
            "this needs an access token or an API token",
        ));
    };
    let malformed = || {
        ApiError::malformed(
            "malformed_authorization",
            "Authorization is not of the form `Bearer <token>`",
        )
    };
    if values.next().is_some() || value.len() > AUTHORIZATION_MAX {
        return Err(malformed());
    }
    let text = value.to_str().map_err(|_| malformed())?;
    // RFC 6750 section 2.1; the scheme's name has no case (RFC 9110 section 11.1).
    let (scheme, token) = text.split_once(' ').ok_or_else(malformed)?;
    let is_token = |c: char| c.is_ascii_alphanumeric() || "-._~+/=".contains(c);
    if !scheme.eq_ignore_ascii_case("bearer") || token.is_empty() || !token.chars().all(is_token) {
        return Err(malformed());
    }
    Ok(token.to_owned().into())
}

fn chosen_team(headers: &HeaderMap) -> ApiResult<Option<TeamId>> {
    let Some(value) = headers.get(TEAM_HEADER) else {
        return Ok(None);
    };
    let team = value.to_str().ok().and_then(|text| text.parse().ok());
    team.map(Some)
        .ok_or_else(|| ApiError::malformed("malformed_team", "X-Aether-Team is no team id"))
}
