//! The webhooks of Gitea and Forgejo: payloads nearly as GitHub's, a signature of their own without a prefix.
//!
//! Sources: <https://docs.gitea.com/usage/webhooks>, <https://forgejo.org/docs/latest/user/webhooks/>.

use http::HeaderMap;

use crate::forge::single;
use crate::payload::PushPayload;
use crate::pull_request::PullRequestPayload;
use crate::{Event, Forge, WebhookError, WebhookRequest, WebhookSecret};

/// Forgejo sends its own headers and Gitea's with the same values.
const SIGNATURE_HEADERS: [&str; 2] = ["x-gitea-signature", "x-forgejo-signature"];
const DELIVERY_HEADERS: [&str; 2] = ["x-gitea-delivery", "x-forgejo-delivery"];
const EVENT_HEADERS: [&str; 2] = ["x-gitea-event", "x-forgejo-event"];

/// Gitea and Forgejo.
#[derive(Debug, Clone, Copy)]
pub struct Gitea;

impl Forge for Gitea {
    fn name(&self) -> &'static str {
        "gitea"
    }

    fn claims(&self, headers: &HeaderMap) -> bool {
        SIGNATURE_HEADERS.iter().any(|name| headers.contains_key(*name))
    }

    fn verify(&self, secret: &WebhookSecret, request: WebhookRequest<'_>) -> bool {
        first(request.headers, SIGNATURE_HEADERS)
            .is_some_and(|signature| secret.verify_digits(signature, request.body))
    }

    fn delivery_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        first(headers, DELIVERY_HEADERS)
    }

    fn event_name<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, WebhookError> {
        first(headers, EVENT_HEADERS).ok_or(WebhookError::EventName)
    }

    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Vec<Event>, WebhookError> {
        Ok(vec![match event_name {
            "push" => PushPayload::parse(body)?.into_event()?,
            // A new head comes as `pull_request` from older versions.
            "pull_request" | "pull_request_sync" => PullRequestPayload::parse(body)?.into_event(),
            // A branch that was deleted is told by `delete` only.
            "delete" => PushPayload::parse_deletion(body)?,
            _ => Event::Unknown,
        }])
    }
}

fn first<'a>(headers: &'a HeaderMap, names: [&'static str; 2]) -> Option<&'a str> {
    names.into_iter().find_map(|name| single(headers, name))
}
