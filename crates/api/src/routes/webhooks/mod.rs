//! Deliveries of Git providers.
//!
//! ```text
//! raw body -> signature -> events -> what to do about each, in words -> deployments, previews and delivery in one transaction
//! ```
//!
//! Nothing of a body is read before its signature was checked. The delivery's id is stored in the transaction of the
//! deployment it causes: a repeated delivery changes nothing, and one that failed on our side can be sent again
//! (threats.md F19, F20). The branch is deployed, not the commit: whichever delivery comes last, the newest commit wins
//! (F21).

mod github;
mod github_app;
mod project;
mod verdict;

use std::sync::Arc;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use aether_forge::{Delivery, Event, FORGES, WebhookError, WebhookRequest, WebhookSecret};
use aether_models::{DeploymentId, ProjectId};
use aether_store::{
    Conflict, DeliveryAction, DeliveryOutcome, DeliveryVerdict, NewDelivery, ProjectRecord, StoreError,
};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub(crate) use github::receive_github_webhook;
pub(crate) use project::receive_webhook;

use self::verdict::{decide, names_repository};
use crate::error::{ApiError, ApiResult};
use crate::extract::require_json;
use crate::state::AppState;

/// Most bytes of a delivery. GitHub's own limit is 25 MB, which only pushes of many thousand commits come near.
const BODY_MAX: usize = 10 * 1024 * 1024;

/// What was made of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Verdict {
    /// It deploys.
    Deployed,
    /// It comes from a fork; a member has to approve it first.
    Waiting,
    /// A preview was removed.
    Removed,
    /// There was nothing to do.
    Ignored,
    /// It was received before; nothing was done again.
    Duplicate,
}

/// What was made of a delivery for one project.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct WebhookResult {
    /// The project.
    pub project_id: ProjectId,
    /// What was made of it.
    pub verdict: Verdict,
    /// Why, in words.
    pub reason: String,
    /// The deployment it caused.
    pub deployment_id: Option<DeploymentId>,
}

impl From<DeliveryVerdict> for Verdict {
    fn from(verdict: DeliveryVerdict) -> Self {
        match verdict {
            DeliveryVerdict::Deployed => Self::Deployed,
            DeliveryVerdict::Waiting => Self::Waiting,
            DeliveryVerdict::Removed => Self::Removed,
            DeliveryVerdict::Ignored => Self::Ignored,
        }
    }
}

impl WebhookResult {
    fn new(project_id: ProjectId, outcome: DeliveryOutcome) -> Self {
        Self {
            project_id,
            verdict: outcome.verdict.into(),
            reason: outcome.reason,
            deployment_id: outcome.deployment_id,
        }
    }

    const fn status(&self) -> StatusCode {
        match self.verdict {
            Verdict::Deployed => StatusCode::ACCEPTED,
            Verdict::Waiting | Verdict::Removed | Verdict::Ignored | Verdict::Duplicate => StatusCode::OK,
        }
    }
}

/// Refuses what nobody signed before its body is read: anybody can send one, as large as they like.
fn require_signed(request: &HttpRequest) -> ApiResult<()> {
    let headers = headers(request);
    if FORGES.iter().any(|forge| forge.claims(&headers)) {
        Ok(())
    } else {
        Err(refuse(WebhookError::Signature))
    }
}

/// Checks the signature and reads the events.
fn receive(request: &HttpRequest, body: &[u8], secret: &WebhookSecret) -> ApiResult<Delivery> {
    let headers = headers(request);
    aether_forge::receive(
        WebhookRequest {
            headers: &headers,
            body,
        },
        secret,
    )
    .map_err(refuse)
}

/// The headers in the form that is common to the crates outside of actix.
fn headers(request: &HttpRequest) -> http::HeaderMap {
    let mut headers = http::HeaderMap::new();
    for (name, value) in request.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    headers
}

fn refuse(error: WebhookError) -> ApiError {
    match error {
        WebhookError::Signature => ApiError::new(
            StatusCode::UNAUTHORIZED,
            "wrong_signature",
            "The signature is missing or wrong",
            "nothing in this request proves that its sender knows the project's webhook secret",
        )
        .hint("compare the secret at the Git provider with the one in the project's settings"),
        other => ApiError::malformed("malformed_delivery", other.to_string()),
    }
}

/// Does what a delivery asks for whose signature was checked.
async fn accept(
    state: &AppState,
    record: &ProjectRecord,
    delivery: &Delivery,
    body: &[u8],
) -> ApiResult<WebhookResult> {
    let project = &record.project;
    let actions = decide_all(state, record, delivery.forge, &delivery.events);
    let new = Arc::new(NewDelivery {
        forge: delivery.forge,
        delivery_id: delivery.id.to_string(),
        event: delivery.event_name.clone(),
        payload_sha256: Sha256::digest(body).to_vec(),
        payload: body.to_vec(),
    });
    let applied = state
        .store
        .apply_delivery(project.team_id, project.id, Some(&new), &actions)
        .await;
    match applied {
        Ok(Some(outcome)) => {
            learn_repository_id(state, record, delivery).await?;
            Ok(WebhookResult::new(project.id, outcome))
        }
        Ok(None) => Err(ApiError::not_found("project")),
        Err(StoreError::Conflict(Conflict::DeliveryKnown)) => duplicate(state, record, &new).await,
        Err(error) => Err(error.into()),
    }
}

fn decide_all(
    state: &AppState,
    record: &ProjectRecord,
    forge: &str,
    events: &[Event],
) -> Vec<DeliveryAction> {
    events
        .iter()
        .map(|event| decide(record, &state.hosts, forge, event))
        .collect()
}

/// From now on the repository is known by the provider's id: under another name it is still the same, and another one
/// under its name is not.
async fn learn_repository_id(state: &AppState, record: &ProjectRecord, delivery: &Delivery) -> ApiResult<()> {
    let repository = delivery.events.iter().find_map(Event::repository);
    if record.repository_id.is_none()
        && let Some(repository) = repository.filter(|named| names_repository(record, delivery.forge, named))
        && let Some(id) = &repository.id
    {
        let project = &record.project;
        state
            .store
            .learn_repository_id(project.team_id, project.id, delivery.forge, id)
            .await?;
    }
    Ok(())
}

/// The same delivery again is fine; another body under its id is not the same delivery.
async fn duplicate(state: &AppState, record: &ProjectRecord, new: &NewDelivery) -> ApiResult<WebhookResult> {
    let known = state
        .store
        .known_delivery(record.project.id, &new.delivery_id)
        .await?;
    let Some(known) = known.filter(|known| known.payload_sha256 == new.payload_sha256) else {
        return Err(ApiError::conflict(
            "delivery_id_reused",
            "another delivery with this id was received before",
        ));
    };
    Ok(WebhookResult {
        project_id: record.project.id,
        verdict: Verdict::Duplicate,
        reason: "this delivery was received before".to_owned(),
        deployment_id: known.deployment_id,
    })
}

/// Does again what a stored delivery asked for, by the project's settings of today.
pub(crate) async fn replay(
    state: &AppState,
    record: &ProjectRecord,
    forge: &str,
    events: &[Event],
) -> ApiResult<WebhookResult> {
    let actions = decide_all(state, record, forge, events);
    let project = &record.project;
    let outcome = state
        .store
        .apply_delivery(project.team_id, project.id, None, &actions)
        .await?
        .ok_or_else(|| ApiError::not_found("project"))?;
    Ok(WebhookResult::new(project.id, outcome))
}
