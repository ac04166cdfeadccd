//! How often callers may do what costs something. Counted in Redis across all APIs, or in this process while Redis is away.

use std::net::IpAddr;
use std::time::Duration;

use aether_models::UserId;
use aether_store::{Limit, LimitKey};

use crate::error::{ApiError, ApiResult};
use crate::state::AppState;

/// Wrong passwords for one account from one address: the tenth is refused without being looked at (threats.md input 9).
const LOGIN_BY_ACCOUNT: Limit = Limit {
    name: "login-account",
    count: 9,
    window: Duration::from_secs(15 * 60),
};
/// Wrong passwords from one address, whatever the account.
const LOGIN_BY_ADDRESS: Limit = Limit {
    name: "login-address",
    count: 9,
    window: Duration::from_secs(5 * 60),
};
/// Registrations from one address, right or wrong.
pub(crate) const REGISTRATION: Limit = Limit {
    name: "register",
    count: 20,
    window: Duration::from_secs(15 * 60),
};
/// Deployments one person asks for.
pub(crate) const DEPLOY: Limit = Limit {
    name: "deploy",
    count: 200,
    window: Duration::from_secs(60),
};
/// Projects one person makes.
pub(crate) const CREATE_PROJECT: Limit = Limit {
    name: "create-project",
    count: 100,
    window: Duration::from_secs(60),
};
/// Dry runs one person asks for; each is a clone.
pub(crate) const DETECT: Limit = Limit {
    name: "detect",
    count: 30,
    window: Duration::from_secs(60),
};

/// Connections to GitHub one person begins or renews.
pub(crate) const CONNECT_GITHUB: Limit = Limit {
    name: "connect-github",
    count: 30,
    window: Duration::from_secs(60),
};

/// One attempt to sign in, already counted.
#[derive(Debug)]
pub(crate) struct LoginAttempt {
    keys: [LimitKey; 2],
}

impl LoginAttempt {
    /// Counts the attempt. Both limits name the address, so nobody locks somebody else out from elsewhere.
    pub(crate) async fn begin(state: &AppState, email: &str, address: Option<IpAddr>) -> ApiResult<Self> {
        let address = subject(address);
        let keys = [
            LimitKey::new(&LOGIN_BY_ACCOUNT, &format!("{email}|{address}")),
            LimitKey::new(&LOGIN_BY_ADDRESS, &address),
        ];
        for key in &keys {
            take(state, key).await?;
        }
        Ok(Self { keys })
    }

    /// The password was right: the attempt does not count.
    pub(crate) async fn succeeded(self, state: &AppState) {
        let [account, address] = &self.keys;
        state.limits.forget(account).await;
        state.limits.give_back(address).await;
    }
}

/// Counts one call of a person.
pub(crate) async fn limit_by_user(state: &AppState, limit: &Limit, user: UserId) -> ApiResult<()> {
    take(state, &LimitKey::new(limit, &user.to_string())).await
}

/// Counts one call from an address.
pub(crate) async fn limit_by_address(
    state: &AppState,
    limit: &Limit,
    address: Option<IpAddr>,
) -> ApiResult<()> {
    take(state, &LimitKey::new(limit, &subject(address))).await
}

async fn take(state: &AppState, key: &LimitKey) -> ApiResult<()> {
    state.limits.take(key).await.map_err(|wait| {
        let seconds = wait.as_secs().max(1);
        ApiError::too_many(
            "rate_limited",
            "this was tried too often in a short time",
            seconds,
        )
        .hint(format!("try again in {seconds} seconds"))
    })
}

/// One subscriber's IPv6 addresses share 64 bits; counting each of them would count nothing.
fn subject(address: Option<IpAddr>) -> String {
    match address {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(address)) => address.to_string(),
        Some(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}
