//! Deliveries of Git providers.
//!
//! ```text
//! raw body -> signature -> event -> verdict (deploy or ignore, in words) -> deployment and delivery in one transaction
//! ```
//!
//! Nothing of a body is read before its signature was checked. The delivery's id is stored in the transaction of the
//! deployment it causes: a repeated delivery changes nothing, and one that failed on our side can be sent again
//! (threats.md F19, F20). The branch is deployed, not the commit: whichever delivery comes last, the newest commit wins
//! (F21).

mod github;
mod project;
mod verdict;

use actix_web::HttpRequest;
use actix_web::http::StatusCode;
use aether_forge::{Delivery, Event, FORGES, Forge, WebhookError, WebhookRequest, WebhookSecret};
use aether_models::{DeploymentId, GitRef, ProjectId, Trigger};
use aether_store::{Conflict, NewDelivery, NewDeployment, ProjectRecord, StoreError};
use serde::Serialize;
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

pub(crate) use github::receive_github_webhook;
pub(crate) use project::receive_webhook;

use self::verdict::{Decision, decide};
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

impl WebhookResult {
    const fn status(&self) -> StatusCode {
        match self.verdict {
            Verdict::Deployed => StatusCode::ACCEPTED,
            Verdict::Ignored | Verdict::Duplicate => StatusCode::OK,
        }
    }
}

/// Refuses what nobody signed before its body is read: anybody can send one, as large as they like.
fn require_signed(request: &HttpRequest) -> ApiResult<()> {
    let has = |forge: &&dyn Forge| request.headers().contains_key(forge.signature_header().as_str());
    if FORGES.iter().any(has) {
        Ok(())
    } else {
        Err(refuse(WebhookError::Signature))
    }
}

/// Checks the signature and reads the event.
fn receive(request: &HttpRequest, body: &[u8], secret: &WebhookSecret) -> ApiResult<Delivery> {
    let mut headers = http::HeaderMap::new();
    for (name, value) in request.headers() {
        let name = http::HeaderName::from_bytes(name.as_str().as_bytes());
        let value = http::HeaderValue::from_bytes(value.as_bytes());
        if let (Ok(name), Ok(value)) = (name, value) {
            headers.append(name, value);
        }
    }
    aether_forge::receive(
        WebhookRequest {
            headers: &headers,
            body,
        },
        secret,
    )
    .map_err(refuse)
}

fn refuse(error: WebhookError) -> ApiError {
    match error {
        WebhookError::Signature => ApiError::new(
            StatusCode::UNAUTHORIZED,
            "wrong_signature",
            "The signature is missing or wrong",
            "no HMAC-SHA-256 of this body with this project's secret came with it",
        )
        .hint("compare the secret at the Git provider with the one in the project's settings"),
        other => ApiError::malformed("malformed_delivery", other.to_string()),
    }
}

/// Deploys or ignores a delivery whose signature was checked.
async fn accept(
    state: &AppState,
    record: &ProjectRecord,
    delivery: Delivery,
    body: &[u8],
) -> ApiResult<WebhookResult> {
    let (branch, reason) = match decide(record, &delivery.event) {
        Decision::Deploy { branch, reason } => (Some(branch), reason),
        Decision::Ignore { reason } => (None, reason),
    };
    let new = NewDelivery {
        delivery_id: delivery.id.to_string(),
        event: delivery.event_name,
        payload_sha256: Sha256::digest(body).to_vec(),
        payload: body.to_vec(),
        reason: reason.clone(),
    };
    let stored = match branch {
        Some(branch) => deploy(state, record, branch, Some(new.clone())).await,
        None => ignore(state, record, &new).await,
    };
    match stored {
        Ok(deployment_id) => Ok(WebhookResult {
            project_id: record.project.id,
            verdict: if deployment_id.is_some() {
                Verdict::Deployed
            } else {
                Verdict::Ignored
            },
            reason,
            deployment_id,
        }),
        Err(StoreError::Conflict(Conflict::DeliveryKnown)) => duplicate(state, record, &new).await,
        Err(error) => Err(error.into()),
    }
}

/// Makes a deployment of a branch and keeps the delivery with it.
async fn deploy(
    state: &AppState,
    record: &ProjectRecord,
    branch: GitRef,
    delivery: Option<NewDelivery>,
) -> Result<Option<DeploymentId>, StoreError> {
    let new = NewDeployment {
        team_id: record.project.team_id,
        project_id: record.project.id,
        git_ref: Some(branch),
        trigger: Trigger::Webhook,
        created_by: None,
        idempotency_key: None,
        delivery,
    };
    let created = state.store.create_deployment(new).await?;
    Ok(created.map(|created| created.deployment.id))
}

async fn ignore(
    state: &AppState,
    record: &ProjectRecord,
    delivery: &NewDelivery,
) -> Result<Option<DeploymentId>, StoreError> {
    state
        .store
        .record_ignored_delivery(record.project.team_id, record.project.id, delivery)
        .await?;
    Ok(None)
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

/// Does again what a stored delivery asked for.
pub(crate) async fn replay(
    state: &AppState,
    record: &ProjectRecord,
    event: &Event,
) -> ApiResult<WebhookResult> {
    let (reason, deployment_id) = match decide(record, event) {
        Decision::Deploy { branch, reason } => (reason, deploy(state, record, branch, None).await?),
        Decision::Ignore { reason } => (reason, None),
    };
    Ok(WebhookResult {
        project_id: record.project.id,
        verdict: if deployment_id.is_some() {
            Verdict::Deployed
        } else {
            Verdict::Ignored
        },
        reason,
        deployment_id,
    })
}
