//! One row in the audit log for every call that changes something, allowed or refused, written in one place so that no
//! handler can forget it. Values are never part of it.

use std::time::Duration;

use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage, HttpRequest};
use aether_models::{TeamId, UserId};
use aether_store::{AuditEntry, Limit, LimitKey};

use crate::auth::Actor;
use crate::client_address::client_address;
use crate::state::AppState;

/// Longest path kept.
const TARGET_MAX: usize = 300;
/// Rows about unknown callers from one address.
const UNKNOWN_CALLERS: Limit = Limit {
    name: "audit-unknown",
    count: 60,
    window: Duration::from_secs(60),
};
/// Calls that change a session only, and would drown everything else.
const NOT_AUDITED: &[&str] = &["refresh_session"];

/// Who signed in or registered: known only after the call.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AuditSubject {
    pub(crate) user: UserId,
    pub(crate) team: Option<TeamId>,
}

/// Wraps the API.
pub(crate) async fn audit<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let is_read = request.method() == Method::GET;
    let response = next.call(request).await?;
    if !is_read && let Some(entry) = entry(response.request(), response.status())? {
        let state = AppState::of(response.request())?;
        if entry.user_id.is_none() && is_flood(&state, &entry.remote_address).await {
            return Ok(response);
        }
        if let Err(error) = state.store.record_audit(&entry).await {
            tracing::warn!(%error, action = entry.action, "an audit row could not be written");
        }
    }
    Ok(response)
}

/// Refusals of people we do not know are kept up to a number, so that nobody can fill the disk with them.
async fn is_flood(state: &AppState, address: &str) -> bool {
    state
        .limits
        .take(&LimitKey::new(&UNKNOWN_CALLERS, address))
        .await
        .is_err()
}

fn entry(request: &HttpRequest, status: StatusCode) -> Result<Option<AuditEntry>, Error> {
    let state = AppState::of(request)?;
    let pattern = request.match_pattern().unwrap_or_default();
    let Some(action) = state.operations.name(request.method(), &pattern) else {
        return Ok(None);
    };
    if !is_audited(action, status) {
        return Ok(None);
    }
    let (user_id, team_id) = subject(request);
    Ok(Some(AuditEntry {
        team_id,
        user_id,
        action: action.to_owned(),
        target: request.path().chars().take(TARGET_MAX).collect(),
        allowed: status.is_success(),
        remote_address: client_address(&state.settings, request)
            .map(|ip| ip.to_string())
            .unwrap_or_default(),
        detail: serde_json::json!({ "status": status.as_u16() }),
    }))
}

/// What was done, and what was refused because of who asked. A mistake in the body is neither, and an unsigned webhook can
/// be sent by anybody, as often as they like.
fn is_audited(action: &str, status: StatusCode) -> bool {
    let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
    let webhook = action.starts_with("receive_");
    !NOT_AUDITED.contains(&action) && (status.is_success() || (refused && !webhook))
}

fn subject(request: &HttpRequest) -> (Option<UserId>, Option<TeamId>) {
    let extensions = request.extensions();
    if let Some(actor) = extensions.get::<Actor>() {
        return (Some(actor.user.id), Some(actor.team));
    }
    match extensions.get::<AuditSubject>() {
        Some(subject) => (Some(subject.user), subject.team),
        None => (None, None),
    }
}
