//! Failures told to people: what happened, why, and what to do next.
//!
//! The public wording lives here and is snapshot-tested; the internal cause goes to the service's log and
//! never into one of these fields.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A failure as its user reads it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema, thiserror::Error)]
#[error("{title}: {detail}")]
pub struct UserError {
    /// Stable name for machines, snake_case (`build_command_failed`).
    pub code: String,
    /// What happened, one short sentence without a full stop.
    pub title: String,
    /// Why, with the particulars of this case.
    pub detail: String,
    /// What to do next.
    pub hint: Option<String>,
}

impl UserError {
    /// A failure without advice; add it with [`Self::hint`].
    #[must_use]
    pub fn new(code: &str, title: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            code: code.to_owned(),
            title: title.into(),
            detail: detail.into(),
            hint: None,
        }
    }

    /// Adds what the user can do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }
}
