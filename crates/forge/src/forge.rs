//! What a Git provider is to us, and the one way a delivery comes in.

use http::{HeaderMap, HeaderName};

use crate::{Bitbucket, Delivery, DeliveryId, Event, Generic, GitHub, GitLab, Gitea, WebhookSecret};

/// Every provider, in the order they are asked. Gitea and Forgejo send GitHub's headers besides their own, so they come
/// first.
pub const FORGES: &[&dyn Forge] = &[&Generic, &Gitea, &GitLab, &Bitbucket, &GitHub];

/// A webhook as it arrived: the body is the raw bytes, never parsed and written again.
#[derive(Debug, Clone, Copy)]
pub struct WebhookRequest<'a> {
    /// Its headers.
    pub headers: &'a HeaderMap,
    /// Its body.
    pub body: &'a [u8],
}

/// Why a delivery was not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WebhookError {
    /// No signature, a malformed one, or one made with another secret or over another body.
    #[error("the signature is missing or wrong")]
    Signature,
    /// No delivery id, or one that is no UUID.
    #[error("the delivery id is missing or not a UUID")]
    DeliveryId,
    /// The header that names the event is missing.
    #[error("the header that names the event is missing")]
    EventName,
    /// The body is not what this event looks like.
    #[error("the payload is not one this event has")]
    Payload,
}

/// A Git provider.
pub trait Forge: Send + Sync {
    /// Its name, lower case.
    fn name(&self) -> &'static str;

    /// The request has the header in which this provider proves that it knows the secret.
    fn claims(&self, headers: &HeaderMap) -> bool;

    /// The request proves that its sender knows the secret.
    fn verify(&self, secret: &WebhookSecret, request: WebhookRequest<'_>) -> bool;

    /// The provider's id of the delivery, as it stands in the header.
    fn delivery_id<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str>;

    /// The provider's name of the event.
    ///
    /// # Errors
    /// [`WebhookError::EventName`] when the provider always sends one and did not.
    fn event_name<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, WebhookError>;

    /// Reads a body whose signature was checked. One delivery may tell of several branches.
    ///
    /// # Errors
    /// [`WebhookError::Payload`].
    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Vec<Event>, WebhookError>;
}

/// Takes a delivery: finds its provider, checks the signature, and only then looks at anything else.
///
/// # Errors
/// [`WebhookError`]; the signature is always the first thing that fails.
pub fn receive(request: WebhookRequest<'_>, secret: &WebhookSecret) -> Result<Delivery, WebhookError> {
    let forge = FORGES
        .iter()
        .find(|forge| forge.claims(request.headers))
        .ok_or(WebhookError::Signature)?;
    if !forge.verify(secret, request) {
        return Err(WebhookError::Signature);
    }
    let id: DeliveryId = forge
        .delivery_id(request.headers)
        .ok_or(WebhookError::DeliveryId)?
        .parse()?;
    let event_name = forge.event_name(request.headers)?;
    Ok(Delivery {
        forge: forge.name(),
        id,
        event_name: event_name.to_owned(),
        events: forge.parse(event_name, request.body)?,
    })
}

/// Reads a delivery again that was accepted and stored before: its signature was checked when it came.
///
/// # Errors
/// [`WebhookError::Payload`] when the provider is not known any more or cannot read it.
pub fn repeat(forge: &str, event_name: &str, body: &[u8]) -> Result<Vec<Event>, WebhookError> {
    FORGES
        .iter()
        .find(|known| known.name() == forge)
        .ok_or(WebhookError::Payload)?
        .parse(event_name, body)
}

/// The value of a header that is there exactly once: two signatures would let a sender choose which one is looked at.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    let mut values = headers.get_all(HeaderName::from_static(name)).iter();
    let first = values.next()?;
    if values.next().is_some() {
        return None;
    }
    first.to_str().ok()
}
