//! One delivery of a webhook, after its signature was checked.

use std::fmt;
use std::str::FromStr;

use crate::{Event, WebhookError};

/// Length of a UUID in text form.
const UUID_LENGTH: usize = 36;

/// The provider's own id of a delivery (a UUID, lower case): the same for every repetition of it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DeliveryId(String);

/// What arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Which provider's form it had (`github`, `gitlab`, `generic`).
    pub forge: &'static str,
    /// The provider's id of it.
    pub id: DeliveryId,
    /// The provider's name of the event.
    pub event_name: String,
    /// What it says.
    pub events: Vec<Event>,
}

impl DeliveryId {
    /// The id as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DeliveryId {
    type Err = WebhookError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Bitbucket Data Center puts braces around it.
        let text = text
            .strip_prefix('{')
            .and_then(|rest| rest.strip_suffix('}'))
            .unwrap_or(text);
        let is_uuid = text.len() == UUID_LENGTH
            && text.char_indices().all(|(position, character)| match position {
                8 | 13 | 18 | 23 => character == '-',
                _ => character.is_ascii_hexdigit(),
            });
        if !is_uuid {
            return Err(WebhookError::DeliveryId);
        }
        Ok(Self(text.to_ascii_lowercase()))
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_73_a_delivery_id_is_a_uuid() {
        for text in [
            "",
            "1",
            "x".repeat(36).as_str(),
            "72d3162e-cc78-11e3-81ab-4c9367dc095",
            "72d3162ecc7811e381ab4c9367dc0958",
        ] {
            assert_eq!(
                text.parse::<DeliveryId>(),
                Err(WebhookError::DeliveryId),
                "{text:?}"
            );
        }
        let id: DeliveryId = "72D3162E-cc78-11e3-81ab-4c9367dc0958".parse().unwrap();
        assert_eq!(id.as_str(), "72d3162e-cc78-11e3-81ab-4c9367dc0958");
    }
}
