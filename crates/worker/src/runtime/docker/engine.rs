//! The engine behind its socket: version agreed on, every call bounded in time, faults sorted by what can be done.

use std::future::Future;
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aether_models::UserError;
use bollard::errors::Error as BollardError;
use bollard::{API_DEFAULT_VERSION, ClientVersion, Docker};
use tokio::time::timeout;

use crate::runtime::RuntimeError;

/// The oldest API that is tested (engine 20.10).
const OLDEST: ClientVersion = ClientVersion {
    major_version: 1,
    minor_version: 41,
};
/// bollard's own limit; ours are shorter and per call.
const TRANSPORT_TIMEOUT_SECONDS: u64 = 24 * 3600;
/// An engine that works answers a ping at once.
const PING: Duration = Duration::from_secs(5);

/// A connection to the engine. It is made anew for each call, so it survives restarts of the engine.
#[derive(Debug, Clone)]
pub(super) struct Engine {
    docker: Docker,
    socket: PathBuf,
    call_timeout: Duration,
    pub(super) facts: EngineFacts,
}

/// What the engine said about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct EngineFacts {
    pub(super) version: String,
    pub(super) api: String,
    pub(super) cpus: u32,
    pub(super) memory_bytes: u64,
    pub(super) architecture: String,
    /// Containers keep running while the engine is restarted.
    pub(super) live_restore: bool,
}

/// A call that failed.
#[derive(Debug, thiserror::Error)]
pub(super) enum EngineError {
    /// Nobody listens at the socket, or it was closed in the middle.
    #[error("{context}: the Docker engine is gone: {message}")]
    Gone { context: &'static str, message: String },
    /// It did not answer in time.
    #[error("{context}: the Docker engine did not answer in time")]
    Silent { context: &'static str },
    /// There is no such thing.
    #[error("{context}: {message}")]
    NotFound { context: &'static str, message: String },
    /// It exists already, or is in another state than asked for.
    #[error("{context}: {message}")]
    Conflict { context: &'static str, message: String },
    /// It said no.
    #[error("{context}: {message}")]
    Refused { context: &'static str, message: String },
}

impl EngineFacts {
    /// Whether it speaks an older version than this.
    pub(super) fn is_older_than(&self, version: (usize, usize)) -> bool {
        let (major, minor) = self.api.split_once('.').unwrap_or(("0", "0"));
        (major.parse().unwrap_or(0), minor.parse().unwrap_or(0)) < version
    }
}

impl Engine {
    /// Connects, agrees on a version and asks what the engine is.
    pub(super) async fn connect(socket: &Path, call_timeout: Duration) -> Result<Self, RuntimeError> {
        let path = socket
            .to_str()
            .ok_or_else(|| RuntimeError::Protocol("socket path is not UTF-8".to_owned()))?;
        let docker = Docker::connect_with_unix(path, TRANSPORT_TIMEOUT_SECONDS, API_DEFAULT_VERSION)
            .map_err(|error| no_engine(socket, &error))?;
        let docker = match timeout(PING, docker.negotiate_version()).await {
            Ok(Ok(docker)) => docker,
            Ok(Err(error)) => return Err(no_engine(socket, &error).into()),
            Err(late) => return Err(no_engine(socket, &late).into()),
        };
        let api = docker.client_version();
        if (api.major_version, api.minor_version) < (OLDEST.major_version, OLDEST.minor_version) {
            return Err(too_old(&api).into());
        }
        let info = bounded("asking the engine about itself", call_timeout, docker.info()).await?;
        let facts = EngineFacts {
            version: info.server_version.unwrap_or_default(),
            api: format!("{}.{}", api.major_version, api.minor_version),
            cpus: info
                .ncpu
                .and_then(|count| u32::try_from(count).ok())
                .unwrap_or(1)
                .max(1),
            memory_bytes: info
                .mem_total
                .and_then(|bytes| u64::try_from(bytes).ok())
                .unwrap_or(0),
            architecture: info.architecture.unwrap_or_default(),
            live_restore: info.live_restore_enabled.unwrap_or(false),
        };
        Ok(Self {
            docker,
            socket: socket.to_owned(),
            call_timeout,
            facts,
        })
    }

    /// Makes a call that the engine answers at once.
    pub(super) async fn call<'a, T, F>(
        &'a self,
        context: &'static str,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> Result<T, EngineError>
    where
        F: Future<Output = Result<T, BollardError>>,
    {
        bounded(context, self.call_timeout, call(&self.docker)).await
    }

    /// Makes a call that may take `extra` longer, because the engine waits for something.
    pub(super) async fn long_call<'a, T, F>(
        &'a self,
        context: &'static str,
        extra: Duration,
        call: impl FnOnce(&'a Docker) -> F,
    ) -> Result<T, EngineError>
    where
        F: Future<Output = Result<T, BollardError>>,
    {
        bounded(context, self.call_timeout + extra, call(&self.docker)).await
    }

    /// Fails when the engine does not answer within `patience`.
    pub(super) async fn ping(&self, patience: Duration) -> Result<(), EngineError> {
        bounded("asking whether the engine is there", patience, self.docker.ping())
            .await
            .map(drop)
    }

    /// For streams, which their readers bound.
    pub(super) fn docker(&self) -> &Docker {
        &self.docker
    }

    /// Where it listens.
    pub(super) fn socket(&self) -> &Path {
        &self.socket
    }
}

impl EngineError {
    /// Sorts what the client library says.
    pub(super) fn sort(context: &'static str, error: BollardError) -> Self {
        match error {
            BollardError::DockerResponseServerError {
                status_code: 404,
                message,
            } => Self::NotFound { context, message },
            BollardError::DockerResponseServerError {
                status_code: 304 | 409,
                message,
            } => Self::Conflict { context, message },
            BollardError::DockerResponseServerError { message, .. } => Self::Refused { context, message },
            BollardError::DockerStreamError { error } => Self::Refused {
                context,
                message: error,
            },
            BollardError::RequestTimeoutError => Self::Silent { context },
            other => Self::Gone {
                context,
                message: other.to_string(),
            },
        }
    }

    /// Whether the engine itself is the trouble; then another try may help.
    pub(super) fn is_engine_trouble(&self) -> bool {
        matches!(self, Self::Gone { .. } | Self::Silent { .. })
    }
}

impl From<EngineError> for RuntimeError {
    fn from(error: EngineError) -> Self {
        match error {
            EngineError::Gone { context, message } => Self::Io {
                context,
                source: io::Error::new(io::ErrorKind::NotConnected, message),
            },
            EngineError::Silent { context } => Self::Io {
                context,
                source: io::Error::new(
                    io::ErrorKind::TimedOut,
                    "the Docker engine did not answer in time",
                ),
            },
            other => Self::Protocol(other.to_string()),
        }
    }
}

/// Absence as an answer instead of an error.
pub(super) fn found<T>(result: Result<T, EngineError>) -> Result<Option<T>, EngineError> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(EngineError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn bounded<T>(
    context: &'static str,
    limit: Duration,
    call: impl Future<Output = Result<T, BollardError>>,
) -> Result<T, EngineError> {
    match timeout(limit, call).await {
        Ok(result) => result.map_err(|error| EngineError::sort(context, error)),
        Err(_) => Err(EngineError::Silent { context }),
    }
}

/// `error` names layers of our own client, which tell its reader nothing; the socket itself says more.
fn no_engine(socket: &Path, error: &dyn std::error::Error) -> UserError {
    tracing::debug!(%error, socket = %socket.display(), "no Docker engine answers");
    let why = match UnixStream::connect(socket).map_err(|error| error.kind()) {
        Ok(_) => " (the socket is there, and silent)",
        Err(io::ErrorKind::NotFound) => " (there is no such socket)",
        Err(io::ErrorKind::PermissionDenied) => " (Aether's user may not open the socket)",
        Err(io::ErrorKind::ConnectionRefused) => " (nothing listens there)",
        Err(_) => "",
    };
    UserError::new(
        "docker_unavailable",
        "Docker cannot be used",
        format!("No Docker engine answers at {}{why}.", socket.display()),
    )
    .hint("Start Docker (`systemctl start docker`) and let Aether's user open its socket, or set AETHER_RUNTIME=process.")
}

fn too_old(api: &ClientVersion) -> UserError {
    UserError::new(
        "docker_too_old",
        "The Docker engine is too old",
        format!(
            "It speaks API {}.{}; 1.41 (engine 20.10) or newer is needed.",
            api.major_version, api.minor_version
        ),
    )
    .hint("Upgrade the Docker engine.")
}
