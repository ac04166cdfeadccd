//! What somebody does with their own account: sessions, name and address, password.

mod other_sessions;
mod password;
mod profile;
mod session;
mod sessions;

use actix_web::HttpRequest;
use secrecy::{ExposeSecret, SecretString};

pub(crate) use other_sessions::end_other_sessions;
pub(crate) use password::change_password;
pub(crate) use profile::update_me;
pub(crate) use session::end_session;
pub(crate) use sessions::list_sessions;

use crate::auth::SignedIn;
use crate::client_address::client_address;
use crate::error::{ApiError, ApiResult};
use crate::rate_limits::LoginAttempt;
use crate::state::AppState;

/// Longest password that is looked at, bytes.
const PASSWORD_MAX: usize = 1024;

/// The caller knows their password; counted like an attempt to sign in, because a found-open browser guesses too.
async fn require_password(
    state: &AppState,
    request: &HttpRequest,
    actor: &SignedIn,
    password: &SecretString,
) -> ApiResult<()> {
    if password.expose_secret().len() > PASSWORD_MAX {
        return Err(wrong());
    }
    let address = client_address(&state.settings, request);
    let attempt = LoginAttempt::begin(state, &actor.user.email, address).await?;
    let hash = state.store.password_hash(actor.user.id).await?;
    if !state.passwords.verify(password, hash).await? {
        return Err(wrong());
    }
    attempt.succeeded(state).await;
    Ok(())
}

fn wrong() -> ApiError {
    ApiError::invalid_field("current_password", "This is not your password")
}
