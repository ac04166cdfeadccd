//! GitHub's webhooks, and those of Gitea and Forgejo, which send the same headers.
//!
//! Source: <https://docs.github.com/webhooks/webhook-events-and-payloads>.

use http::{HeaderMap, HeaderName};

use crate::forge::single;
use crate::payload::PushPayload;
use crate::{Event, Forge, WebhookError};

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

    fn signature_header(&self) -> HeaderName {
        HeaderName::from_static(SIGNATURE_HEADER)
    }

    fn delivery_header(&self) -> HeaderName {
        HeaderName::from_static(DELIVERY_HEADER)
    }

    fn event_name<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, WebhookError> {
        single(headers, &HeaderName::from_static(EVENT_HEADER)).ok_or(WebhookError::EventName)
    }

    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Event, WebhookError> {
        match event_name {
            "push" => PushPayload::parse(body)?.into_event(),
            "ping" => Ok(Event::Ping),
            // `create` and `delete` repeat what `push` says.
            _ => Ok(Event::Unknown),
        }
    }
}
