//! What every request can reach.

use actix_web::HttpRequest;
use actix_web::web::Data;
use aether_models::{AppHosts, SharedClock};
use aether_store::{Keyring, RateLimits, Store};
use aether_telemetry::Metrics;
use tokio_util::sync::CancellationToken;

use crate::auth::{AccessTokens, Passwords, RefreshCookie};
use crate::error::{ApiError, ApiResult};
use crate::github::GitHub;
use crate::operations::Operations;
use crate::settings::Settings;
use crate::stream_slots::StreamSlots;
use crate::urls::Urls;

/// The service's parts, made once.
pub(crate) struct AppState {
    pub(crate) store: Store,
    pub(crate) keyring: Keyring,
    pub(crate) clock: SharedClock,
    pub(crate) access_tokens: AccessTokens,
    pub(crate) passwords: Passwords,
    pub(crate) refresh_cookie: RefreshCookie,
    pub(crate) limits: RateLimits,
    pub(crate) streams: StreamSlots,
    pub(crate) hosts: AppHosts,
    pub(crate) urls: Urls,
    pub(crate) operations: Operations,
    pub(crate) github: GitHub,
    pub(crate) metrics: Option<Metrics>,
    /// Cancelled when the service stops; live streams end then.
    pub(crate) stopping: CancellationToken,
    pub(crate) settings: Settings,
}

impl AppState {
    pub(crate) fn new(
        settings: Settings,
        store: Store,
        clock: SharedClock,
        metrics: Option<Metrics>,
    ) -> ApiResult<Self> {
        let keyring =
            Keyring::new(&settings.secret_key, &settings.previous_secret_keys).map_err(ApiError::internal)?;
        Ok(Self {
            access_tokens: AccessTokens::new(&keyring.derive("jwt"), clock.clone())?,
            passwords: Passwords::new(),
            refresh_cookie: RefreshCookie::new(settings.public_url.scheme() == "https"),
            limits: RateLimits::new(store.clone()),
            streams: StreamSlots::default(),
            hosts: AppHosts::new(settings.apps_domain.clone()),
            urls: Urls::new(&settings),
            operations: Operations::of(&crate::openapi()),
            github: GitHub::default(),
            keyring,
            clock,
            store,
            metrics,
            stopping: CancellationToken::new(),
            settings,
        })
    }

    /// The state behind a request.
    pub(crate) fn of(request: &HttpRequest) -> ApiResult<Data<Self>> {
        request
            .app_data::<Data<Self>>()
            .cloned()
            .ok_or_else(|| ApiError::internal("the application has no state"))
    }
}
