//! Plain Git servers, scripts and CI jobs: our own header names, and a payload as most providers send it.
//!
//! ```text
//! X-Aether-Event: push                          (may be left out)
//! X-Aether-Delivery: <uuid>
//! X-Aether-Signature-256: sha256=<hex HMAC-SHA-256 of the raw body>
//!
//! {"ref":"refs/heads/main","after":"<object id>","repository":{"clone_url":"https://…"}}
//! ```

use http::HeaderMap;

use crate::forge::single;
use crate::payload::PushPayload;
use crate::{Event, Forge, WebhookError, WebhookRequest, WebhookSecret};

/// Header with the signature of the raw body.
pub const SIGNATURE_HEADER: &str = "x-aether-signature-256";
/// Header with the delivery's id.
pub const DELIVERY_HEADER: &str = "x-aether-delivery";
/// Header with the event's name; without it the delivery is a push.
pub const EVENT_HEADER: &str = "x-aether-event";

/// Any sender that signs with our headers.
#[derive(Debug, Clone, Copy)]
pub struct Generic;

impl Forge for Generic {
    fn name(&self) -> &'static str {
        "generic"
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
        Ok(single(headers, EVENT_HEADER).unwrap_or("push"))
    }

    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Vec<Event>, WebhookError> {
        Ok(vec![match event_name {
            "push" => PushPayload::parse(body)?.into_event()?,
            "ping" => Event::Ping,
            _ => Event::Unknown,
        }])
    }
}
