//! A session with BuildKit: the engine asks over it for the secrets that a step mounts.
//!
//! The connection is turned around: the engine is the client, and we serve it two services, the secrets and the health
//! check by which it knows that we are still there. Source: moby/buildkit, `session/grpc.go`.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::task::{Context, Poll};

use bollard_buildkit_proto::health::health_check_response::ServingStatus;
use bollard_buildkit_proto::health::health_server::{Health, HealthServer};
use bollard_buildkit_proto::health::{
    HealthCheckRequest, HealthCheckResponse, HealthListRequest, HealthListResponse,
};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::secrets_server::{Secrets, SecretsServer};
use bollard_buildkit_proto::moby::buildkit::secrets::v1::{GetSecretRequest, GetSecretResponse};
use futures::stream::{self, BoxStream};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::task::AbortOnDropHandle;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};

use super::super::engine::{Engine, EngineError};
use super::super::wire;

const CONTEXT: &str = "opening a session with BuildKit";

/// An open session; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct Session {
    id: String,
    _server: AbortOnDropHandle<()>,
}

impl Session {
    pub(super) async fn open(
        engine: &Engine,
        secrets: BTreeMap<String, String>,
    ) -> Result<Self, EngineError> {
        let id = format!("{:032x}", rand::random::<u128>());
        let headers = [
            ("X-Docker-Expose-Session-Uuid", id.as_str()),
            ("X-Docker-Expose-Session-Name", "aether"),
            (
                "X-Docker-Expose-Session-Grpc-Method",
                "/moby.buildkit.secrets.v1.Secrets/GetSecret",
            ),
            (
                "X-Docker-Expose-Session-Grpc-Method",
                "/grpc.health.v1.Health/Check",
            ),
        ];
        let connection = wire::upgrade(engine, CONTEXT, "/session", &headers).await?;
        let server = tokio::spawn(async move {
            let served = Server::builder()
                .add_service(HealthServer::new(Alive))
                .add_service(SecretsServer::new(Vault(secrets)))
                .serve_with_incoming(stream::iter([Ok::<_, std::io::Error>(Connection(connection))]))
                .await;
            if let Err(error) = served {
                tracing::debug!(%error, "a session with BuildKit ended");
            }
        });
        Ok(Self {
            id,
            _server: AbortOnDropHandle::new(server),
        })
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }
}

/// The secrets of one build.
struct Vault(BTreeMap<String, String>);

#[tonic::async_trait]
impl Secrets for Vault {
    async fn get_secret(
        &self,
        request: Request<GetSecretRequest>,
    ) -> Result<Response<GetSecretResponse>, Status> {
        let name = request.into_inner().id;
        match self.0.get(&name) {
            Some(value) => Ok(Response::new(GetSecretResponse {
                data: value.clone().into_bytes(),
            })),
            None => Err(Status::not_found(format!(
                "secret {name} is not set in this project"
            ))),
        }
    }
}

/// Says that we are there.
struct Alive;

fn serving() -> HealthCheckResponse {
    HealthCheckResponse {
        status: ServingStatus::Serving.into(),
    }
}

#[tonic::async_trait]
impl Health for Alive {
    type WatchStream = BoxStream<'static, Result<HealthCheckResponse, Status>>;

    async fn check(&self, _: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        Ok(Response::new(serving()))
    }

    async fn list(&self, _: Request<HealthListRequest>) -> Result<Response<HealthListResponse>, Status> {
        Ok(Response::new(HealthListResponse {
            statuses: [(String::new(), serving())].into(),
        }))
    }

    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Ok(Response::new(Box::pin(stream::iter([Ok(serving())]))))
    }
}

/// The turned-around connection, in the server's terms.
struct Connection(TokioIo<Upgraded>);

impl Connected for Connection {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Connection {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Connection {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
