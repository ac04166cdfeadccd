//! What a Git provider is to us, and the one way a delivery comes in.

use http::{HeaderMap, HeaderName};

use crate::{Delivery, DeliveryId, Event, Generic, GitHub, WebhookSecret};

/// Every provider, in the order they are asked. Gitea and Forgejo also send GitHub's headers and are taken as such.
pub const FORGES: &[&dyn Forge] = &[&GitHub, &Generic];

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

    /// The header with the signature; a request that has it is this provider's.
    fn signature_header(&self) -> HeaderName;

    /// The header with the delivery's id.
    fn delivery_header(&self) -> HeaderName;

    /// The provider's name of the event.
    ///
    /// # Errors
    /// [`WebhookError::EventName`] when the provider always sends one and did not.
    fn event_name<'a>(&self, headers: &'a HeaderMap) -> Result<&'a str, WebhookError>;

    /// The signature is the one of the raw body.
    fn verify(&self, secret: &WebhookSecret, signature: &str, body: &[u8]) -> bool {
        secret.verify(signature, body)
    }

    /// Reads a body whose signature was checked.
    ///
    /// # Errors
    /// [`WebhookError::Payload`].
    fn parse(&self, event_name: &str, body: &[u8]) -> Result<Event, WebhookError>;
}

/// Takes a delivery: finds its provider, checks the signature, and only then looks at anything else.
///
/// # Errors
/// [`WebhookError`]; the signature is always the first thing that fails.
pub fn receive(request: WebhookRequest<'_>, secret: &WebhookSecret) -> Result<Delivery, WebhookError> {
    let signed = FORGES
        .iter()
        .find_map(|forge| Some((*forge, single(request.headers, &forge.signature_header())?)));
    let (forge, signature) = signed.ok_or(WebhookError::Signature)?;
    if !forge.verify(secret, signature, request.body) {
        return Err(WebhookError::Signature);
    }
    let id: DeliveryId = single(request.headers, &forge.delivery_header())
        .ok_or(WebhookError::DeliveryId)?
        .parse()?;
    let event_name = forge.event_name(request.headers)?;
    Ok(Delivery {
        forge: forge.name(),
        id,
        event_name: event_name.to_owned(),
        event: forge.parse(event_name, request.body)?,
    })
}

/// Reads a delivery again that was accepted and stored before: its signature was checked when it came.
///
/// # Errors
/// [`WebhookError::Payload`] when nobody can read it.
pub fn repeat(event_name: &str, body: &[u8]) -> Result<Event, WebhookError> {
    // Event names are common to the providers of this list, and so is the payload of a push.
    FORGES
        .iter()
        .find_map(|forge| forge.parse(event_name, body).ok())
        .ok_or(WebhookError::Payload)
}

/// The value of a header that is there exactly once: two signatures would let a sender choose which one is looked at.
pub(crate) fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() {
        return None;
    }
    first.to_str().ok()
}
