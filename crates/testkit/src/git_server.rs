//! A Git server on loopback: the real `git http-backend` behind a small HTTP server that can also behave badly.

pub(crate) mod cgi;
mod lfs;

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt;
use http::{Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tempfile::TempDir;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::GitRepo;

pub(crate) type Body = UnsyncBoxBody<Bytes, std::io::Error>;

/// How the server behaves.
#[derive(Debug, Clone, Default)]
pub struct GitServerOptions {
    /// Only this user name and password are let in (HTTP Basic).
    pub credentials: Option<(String, String)>,
    /// Every request is answered with a redirect to this address followed by the request's path.
    pub redirect_to: Option<String>,
    /// Requests are taken and never answered.
    pub hang: bool,
    /// Answers come in pieces of this many bytes, one every 100 ms.
    pub trickle: Option<usize>,
    /// Every request is answered with this status.
    pub status: Option<u16>,
    /// How the files of Git LFS are handed out.
    pub lfs: LfsOptions,
}

/// How the files of Git LFS are handed out.
#[derive(Debug, Clone, Default)]
pub struct LfsOptions {
    /// Origin of the server that has them (`http://127.0.0.1:81`); by default this one.
    pub store: Option<String>,
    /// A header that a client is told to ask for them with, and that this server then wants to see.
    pub header: Option<(String, String)>,
    /// Bytes that are handed out instead of a file.
    pub instead: Option<Vec<u8>>,
}

/// One request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GitRequest {
    /// Method and target, such as `GET /site.git/info/refs?service=git-upload-pack`.
    pub line: String,
    /// The `Authorization` header.
    pub authorization: Option<String>,
}

/// A running Git server. Dropping it ends it.
#[derive(Debug)]
pub struct GitServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    _temporary: Option<TempDir>,
    _stop: DropGuard,
}

#[derive(Debug)]
struct Shared {
    root: PathBuf,
    options: Mutex<GitServerOptions>,
    requests: Mutex<Vec<GitRequest>>,
    files: Mutex<HashMap<String, Vec<u8>>>,
}

impl GitServer {
    /// Starts a well-behaved server on a free port.
    pub async fn start() -> anyhow::Result<Self> {
        Self::start_with(GitServerOptions::default()).await
    }

    /// Starts a server that behaves as told.
    pub async fn start_with(options: GitServerOptions) -> anyhow::Result<Self> {
        let folder = tempfile::Builder::new().prefix("aether-git-").tempdir()?;
        let root = folder.path().to_owned();
        Self::listen(root, Some(folder), SocketAddr::from(([127, 0, 0, 1], 0)), options).await
    }

    /// Serves the repositories that are in a folder already.
    pub async fn serve_folder(folder: &Path, address: SocketAddr) -> anyhow::Result<Self> {
        Self::listen(folder.canonicalize()?, None, address, GitServerOptions::default()).await
    }

    async fn listen(
        root: PathBuf,
        temporary: Option<TempDir>,
        address: SocketAddr,
        options: GitServerOptions,
    ) -> anyhow::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            root,
            options: Mutex::new(options),
            requests: Mutex::default(),
            files: Mutex::default(),
        });
        let stop = CancellationToken::new();
        let serve = serve(listener, shared.clone());
        tokio::spawn(stop.clone().run_until_cancelled_owned(serve));
        Ok(Self {
            address,
            shared,
            _temporary: temporary,
            _stop: stop.drop_guard(),
        })
    }

    /// Makes an empty repository, served as `/<name>.git`.
    pub fn create_repo(&self, name: &str) -> anyhow::Result<GitRepo> {
        GitRepo::create(self.shared.root.join(format!("{name}.git")))
    }

    /// Address of a repository.
    pub fn url(&self, name: &str) -> String {
        format!("http://{}/{name}.git", self.address)
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Directory of the repositories.
    pub fn root(&self) -> &Path {
        &self.shared.root
    }

    /// Changes how it behaves from the next request on.
    pub fn set_options(&self, options: GitServerOptions) {
        *self.shared.options.lock().unwrap_or_else(PoisonError::into_inner) = options;
    }

    /// Keeps a file in Git LFS; answers with the pointer that a repository has in its place.
    pub fn keep_in_lfs(&self, content: &[u8]) -> String {
        let pointer = lfs::pointer(content);
        let mut files = self.shared.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.insert(lfs::oid(content), content.to_owned());
        pointer
    }

    /// Where it is, without a path.
    pub fn origin(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Every request so far.
    pub fn requests(&self) -> Vec<GitRequest> {
        self.shared
            .requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let mut connections = tokio::task::JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        connections.spawn(serve_connection(stream, shared.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn serve_connection(stream: TcpStream, shared: Arc<Shared>) {
    let service = service_fn(|request| {
        let shared = shared.clone();
        async move { Ok::<_, Infallible>(shared.answer(request).await) }
    });
    // A client that goes away in the middle is what some tests are about.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

impl Shared {
    async fn answer(&self, request: Request<Incoming>) -> Response<Body> {
        let authorization = request
            .headers()
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok());
        let seen = GitRequest {
            line: format!("{} {}", request.method(), request.uri()),
            authorization: authorization.map(str::to_owned),
        };
        self.requests
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen.clone());
        let options = self
            .options
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if options.hang {
            std::future::pending::<()>().await;
        }
        if let Some(target) = &options.redirect_to {
            return redirect(&format!("{target}{}", request.uri()));
        }
        if let Some(status) = options.status {
            return plain(StatusCode::from_u16(status).unwrap_or(StatusCode::IM_A_TEAPOT));
        }
        if !options.admits(seen.authorization.as_deref()) {
            let mut response = plain(StatusCode::UNAUTHORIZED);
            let challenge = header::HeaderValue::from_static("Basic realm=\"git\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
            return response;
        }
        if request.uri().path().ends_with("/info/lfs/objects/batch") {
            return lfs::batch(self, &options.lfs, request).await;
        }
        if let Some(oid) = request.uri().path().strip_prefix(lfs::FILES) {
            return lfs::file(self, &options.lfs, oid, request.headers());
        }
        let response = match cgi::run(&self.root, request).await {
            Ok(response) => response,
            Err(_) => plain(StatusCode::INTERNAL_SERVER_ERROR),
        };
        match options.trickle {
            Some(piece) => response.map(|body| trickle(body, piece)),
            None => response,
        }
    }
}

impl GitServerOptions {
    fn admits(&self, authorization: Option<&str>) -> bool {
        let Some((user, password)) = &self.credentials else {
            return true;
        };
        let expected = format!("Basic {}", base64(&format!("{user}:{password}")));
        authorization == Some(expected.as_str())
    }
}

fn trickle(body: Body, piece: usize) -> Body {
    let pieces = body.into_data_stream().flat_map(move |chunk| {
        let pieces: Vec<_> = match chunk {
            Ok(bytes) => bytes
                .chunks(piece.max(1))
                .map(|part| Ok(Frame::data(Bytes::copy_from_slice(part))))
                .collect(),
            Err(error) => vec![Err(error)],
        };
        futures::stream::iter(pieces)
    });
    let slowly = pieces.then(|frame| async move {
        tokio::time::sleep(Duration::from_millis(100)).await;
        frame
    });
    BodyExt::boxed_unsync(StreamBody::new(slowly))
}

fn redirect(target: &str) -> Response<Body> {
    let mut response = plain(StatusCode::FOUND);
    if let Ok(target) = header::HeaderValue::from_str(target) {
        response.headers_mut().insert(header::LOCATION, target);
    }
    response
}

fn plain(status: StatusCode) -> Response<Body> {
    let body = Full::new(Bytes::from(status.to_string())).map_err(|never| match never {});
    let mut response = Response::new(body.boxed_unsync());
    *response.status_mut() = status;
    response
}

fn base64(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
