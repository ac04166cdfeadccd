//! The service from its settings to its end: bind the port, serve, stop.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_web::dev::Server;
use actix_web::middleware::{Compress, from_fn};
use actix_web::web::{self, Data};
use actix_web::{App, HttpServer};
use aether_models::SharedClock;
use aether_store::Store;
use aether_telemetry::Metrics;
use tokio_util::sync::CancellationToken;
use utoipa_actix_web::AppExt;

use crate::auth::SetUpToken;
use crate::fallback::fallback;
use crate::middleware::observe::observe;
use crate::middleware::security_headers::security_headers;
use crate::router::routes;
use crate::settings::Settings;
use crate::state::AppState;

/// A client gets this long to send the head of a request.
const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// An idle connection is kept this long.
const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// Requests in hand get this long when the service stops; live streams are ended at once.
const SHUTDOWN_SECONDS: u64 = 15;
/// How often a start without a database looks for it again.
const SET_UP_RETRY: Duration = Duration::from_secs(2);

/// The service, with its port bound.
pub struct Api {
    server: Server,
    address: SocketAddr,
    state: Data<AppState>,
    set_up_token: Option<SetUpToken>,
}

/// The service could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be listened on.
    #[error("cannot listen on {address} (AETHER_API_ADDR): {source}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
    /// The set-up token could not be made or kept.
    #[error("{0}")]
    SetUp(String),
    /// Something in the settings or the machine is unusable.
    #[error("the API cannot start: {0}")]
    Parts(String),
}

impl std::fmt::Debug for Api {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Api")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Api {
    /// Binds the port and prepares everything. The schema must be up to date. A database that is away does not keep the
    /// service from starting: it answers 503 until the database is back.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn bind(
        settings: Settings,
        store: Store,
        clock: SharedClock,
        metrics: Option<Metrics>,
    ) -> Result<Self, StartError> {
        let bind_error = |source| StartError::Bind {
            address: settings.listen,
            source,
        };
        let listener = TcpListener::bind(settings.listen).map_err(bind_error)?;
        let address = listener.local_addr().map_err(bind_error)?;
        let set_up_token = prepare_set_up(&settings, &store).await?;
        let threads = settings.threads;
        let state = AppState::new(settings, store, clock, metrics)
            .map_err(|error| StartError::Parts(error.to_string()))?;
        let state = Data::new(state);
        let server =
            server(listener, threads, &state).map_err(|error| StartError::Parts(error.to_string()))?;
        Ok(Self {
            server,
            address,
            state,
            set_up_token,
        })
    }

    /// The address it listens on.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The link that makes the owner's account; none once there is an owner. The token stands behind `#`, so browsers do
    /// not send it to anybody by themselves.
    #[must_use]
    pub fn set_up_link(&self) -> Option<String> {
        let token = self.set_up_token.as_ref()?;
        let base = self.state.settings.public_url.as_str().trim_end_matches('/');
        Some(format!("{base}/setup#token={}", token.expose()))
    }

    /// Serves until `stop`, then ends live streams, finishes what is in hand and returns.
    ///
    /// # Errors
    /// The server's own.
    pub async fn serve(self, stop: CancellationToken) -> std::io::Result<()> {
        let handle = self.server.handle();
        let stopping = self.state.stopping.clone();
        tracing::info!(address = %self.address, "the API is listening");
        let stopper = tokio::spawn(async move {
            stop.cancelled().await;
            stopping.cancel();
            handle.stop(true).await;
        });
        let result = self.server.await;
        stopper.abort();
        result
    }
}

async fn prepare_set_up(settings: &Settings, store: &Store) -> Result<Option<SetUpToken>, StartError> {
    match SetUpToken::prepare(store, &settings.data_dir).await {
        Ok(token) => Ok(token),
        Err(error) if error.is_transient() => {
            tracing::warn!("the database does not answer yet; the set-up token is looked after once it does");
            tokio::spawn(prepare_set_up_later(settings.clone(), store.clone()));
            Ok(None)
        }
        Err(error) => Err(StartError::SetUp(error.to_string())),
    }
}

async fn prepare_set_up_later(settings: Settings, store: Store) {
    loop {
        tokio::time::sleep(SET_UP_RETRY).await;
        match SetUpToken::prepare(&store, &settings.data_dir).await {
            Ok(_) => return,
            Err(error) if error.is_transient() => {}
            Err(error) => {
                tracing::error!(%error, "the set-up token could not be prepared");
                return;
            }
        }
    }
}

fn server(listener: TcpListener, threads: usize, state: &Data<AppState>) -> std::io::Result<Server> {
    let state = state.clone();
    let factory = move || {
        let (app, _) = App::new()
            .into_utoipa_app()
            .app_data(state.clone())
            .configure(routes)
            .split_for_parts();
        app.default_service(web::route().to(fallback))
            .wrap(Compress::default())
            .wrap(from_fn(security_headers))
            .wrap(from_fn(observe))
    };
    Ok(HttpServer::new(factory)
        .workers(threads)
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        .shutdown_timeout(SHUTDOWN_SECONDS)
        .disable_signals()
        .listen(listener)?
        .run())
}
