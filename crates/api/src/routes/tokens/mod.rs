//! API tokens of the caller.

mod create;
mod delete;
mod list;

pub(crate) use create::create_token;
pub(crate) use delete::delete_token;
pub(crate) use list::list_tokens;

use crate::auth::{Actor, Credential};
use crate::error::{ApiError, ApiResult};

/// A token cannot make or delete tokens: a stolen one must not be able to outlive its deletion.
fn require_session(actor: &Actor) -> ApiResult<()> {
    match actor.credential {
        Credential::Session(_) => Ok(()),
        Credential::Token(_) => Err(ApiError::forbidden(
            "session_required",
            "this needs a person who is signed in, not an API token",
        )),
    }
}
