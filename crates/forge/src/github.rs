//! GitHub's webhooks.
//!
//! Source: <https://docs.github.com/webhooks/webhook-events-and-payloads>.

use http::HeaderMap;

use crate::forge::single;
use crate::payload::PushPayload;
use crate::pull_request::PullRequestPayload;
use crate::{Event, Forge, WebhookError, WebhookRequest, WebhookSecret};

const SIGNATURE_HEADER: &str = "x-hub-signature-256";
const DELIVERY_HEADER: &str = "x-github-delivery";
const EVENT_HEADER: &str = "x-github-event";

/// GitHub, and who speaks like it.
#[derive(Debug, Clone, Copy)]
pub struct GitHub;

impl Forge for GitHub {
    fn name(&self) -> &'static str {
        "github"
    }

    fn claims(&self, headers: &HeaderMap) -> bool {
        headers.contains_key(SIGNATURE_HEADER)
    }

    fn verify(&self, secret: &WebhookSecret, request: WebhookRequest<'_>) -> bool {
        single(request.headers, SIGNATURE_HEADER)
            .is_some_and(|signature| secret.verify(signature, request.body))
    }

    fn delivery_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        single(headers, DELIVERY_HEADER)
    }

    fn event_name<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, WebhookError> {
        single(headers, EVENT_HEADER).ok_or(WebhookError::EventName)
    }

    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Vec<Event>, WebhookError> {
        Ok(vec![match event_name {
            "push" => PushPayload::parse(body)?.into_event()?,
            "pull_request" => PullRequestPayload::parse(body)?.into_event(),
            "ping" => Event::Ping,
            // `create` and `delete` repeat what `push` says.
            _ => Event::Unknown,
        }])
    }
}
