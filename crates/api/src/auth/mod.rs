//! Who somebody is and how they prove it: passwords, access tokens, refresh cookies, API tokens, the set-up token.

mod access_token;
mod actor;
mod password;
mod refresh_cookie;
mod same_origin;
mod secret;
mod set_up;

pub(crate) use access_token::{ACCESS_TOKEN_SECONDS, AccessTokens};
pub(crate) use actor::{Actor, CanDeploy, CanRead, CanWrite, Credential, SignedIn, credential};
pub(crate) use password::{Passwords, objection as password_objection};
pub(crate) use refresh_cookie::RefreshCookie;
pub(crate) use same_origin::require_same_origin;
pub(crate) use secret::{API_TOKEN_PREFIX, digest, generate, successor};
pub(crate) use set_up::SetUpToken;
