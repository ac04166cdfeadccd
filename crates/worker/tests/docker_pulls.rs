//! Images that are not there yet: the real engine pulls them from a registry of the test's own, which is slow, lacks the
//! image, wants a login, or has had enough.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "helpers of tests fail by panicking"
)]

mod docker_support;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use aether_worker::runtime::{ExitReport, Runtime, RuntimeError, Stack};
use docker_support::{Bench, docker};
use futures::StreamExt;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Bytes, Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::json;
use sha2::{Digest, Sha256};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const MEGABYTE: usize = 1_000_000;
const LAYER_MB: usize = 30;
/// Thirty pieces of a megabyte: five seconds.
const PAUSE: Duration = Duration::from_millis(170);
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

type Body = UnsyncBoxBody<Bytes, Infallible>;

/// As much of a registry as a pull of one image takes.
struct Registry {
    manifest: Bytes,
    config: Bytes,
    layer: Bytes,
}

fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(Sha256::digest(bytes)))
}

fn whole(status: u16, content_type: &str, bytes: Bytes) -> Response<Body> {
    let response = Response::builder()
        .status(status)
        .header("content-type", content_type)
        .header("content-length", bytes.len())
        .header("docker-content-digest", digest(&bytes));
    response.body(Full::new(bytes).boxed_unsync()).unwrap()
}

fn refusal(status: u16, code: &str) -> Response<Body> {
    let text = json!({"errors": [{"code": code, "message": code.to_lowercase()}]}).to_string();
    whole(status, "application/json", text.into())
}

impl Registry {
    /// Serves an image of one layer, which no machine has seen before.
    async fn start() -> SocketAddr {
        let mut archive = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_gnu();
        header.set_size((LAYER_MB * MEGABYTE) as u64);
        header.set_mode(0o644);
        let mut noise = rand::random::<u128>().to_le_bytes().to_vec();
        noise.resize(LAYER_MB * MEGABYTE, b'x');
        archive.append_data(&mut header, "noise", &noise[..]).unwrap();
        let layer = archive.into_inner().unwrap();
        let config = json!({
            "architecture": if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" },
            "os": "linux",
            "config": {},
            "rootfs": {"type": "layers", "diff_ids": [digest(&layer)]},
        });
        let config = config.to_string().into_bytes();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.docker.container.image.v1+json",
                "size": config.len(),
                "digest": digest(&config),
            },
            "layers": [{
                "mediaType": "application/vnd.docker.image.rootfs.diff.tar.gzip",
                "size": layer.len(),
                "digest": digest(&layer),
            }],
        });
        let registry = Arc::new(Self {
            manifest: manifest.to_string().into(),
            config: config.into(),
            layer: layer.into(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let registry = Arc::clone(&registry);
                tokio::spawn(async move {
                    let service = service_fn(|request| {
                        let response = registry.answer(&request);
                        async move { Ok::<_, Infallible>(response) }
                    });
                    // A client that leaves is none of its business.
                    let _ = hyper::server::conn::http1::Builder::new()
                        .serve_connection(TokioIo::new(stream), service)
                        .await;
                });
            }
        });
        address
    }

    fn answer(&self, request: &Request<Incoming>) -> Response<Body> {
        let path = request.uri().path();
        if path == "/v2/" {
            return whole(200, "application/json", Bytes::from_static(b"{}"));
        }
        if path.contains("/manifests/") {
            return match path.split('/').nth(2) {
                Some("slow") => whole(200, MANIFEST, self.manifest.clone()),
                Some("private") => refusal(401, "UNAUTHORIZED"),
                Some("limited") => refusal(429, "TOOMANYREQUESTS"),
                _ => refusal(404, "MANIFEST_UNKNOWN"),
            };
        }
        if path.ends_with(&digest(&self.config)) {
            return whole(200, "application/octet-stream", self.config.clone());
        }
        let layer = self.layer.clone();
        let length = layer.len();
        let pieces = futures::stream::iter((0..length).step_by(MEGABYTE)).then(move |at| {
            let piece = layer.slice(at..(at + MEGABYTE).min(layer.len()));
            async move {
                tokio::time::sleep(PAUSE).await;
                Ok(Frame::data(piece))
            }
        });
        let response = Response::builder().header("content-length", length);
        response.body(StreamBody::new(pieces).boxed_unsync()).unwrap()
    }
}

async fn bench_with(image: String) -> Bench {
    Bench::with(|settings| {
        settings.images.insert("node".to_owned(), image);
    })
    .await
}

fn node() -> Option<Stack> {
    Some(Stack {
        language: "node".to_owned(),
        version: Some("22".to_owned()),
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_tells_how_far_it_is() {
    let registry = Registry::start().await;
    let image = format!("{registry}/slow:{}", rand::random::<u32>());
    let bench = bench_with(image.clone()).await;
    let mut command = bench.build("true");
    command.stack = node();
    let (sink, mut lines) = tokio::sync::mpsc::channel(64);
    let collect = tokio::spawn(async move {
        let mut said = Vec::new();
        while let Some((_, line)) = lines.recv().await {
            said.push(line);
        }
        said
    });
    let deployment = command.deployment_id;
    let runtime = bench.runtime.clone();
    // There is no shell in it, so the command cannot end well; what counts is what was said before.
    let report = Runtime::run_build(&*runtime, command, sink, CancellationToken::new()).await;
    assert!(!matches!(report, Ok(ExitReport::Exited(0))), "{report:?}");
    let said = collect.await.unwrap();
    assert_eq!(said[0], format!("Pulling image {image}"));
    let progress: Vec<&String> = said.iter().filter(|line| line.starts_with("Pulling: ")).collect();
    assert!(
        progress.len() >= 2 && progress.iter().all(|line| line.ends_with(" of 30 MB")),
        "{said:?}"
    );
    assert_ne!(progress[0], progress[1]);
    let pulled = format!("Pulled {image} in ");
    assert!(said.iter().any(|line| line.starts_with(&pulled)), "{said:?}");
    Runtime::end_build(&*runtime, deployment).await.unwrap();
    bench.runtime.cleanup(&Default::default()).await.unwrap();
    // It was the operator's wish to have it: the clean-up leaves it alone.
    docker(&bench.settings.socket, &["image", "rm", &image]);
    bench.assert_nothing_left();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pull_that_fails_comes_with_advice_for_its_cause() {
    let registry = Registry::start().await;
    for (name, advice) in [
        ("absent", "choose another version"),
        ("private", "docker login"),
        ("limited", "limits how often"),
    ] {
        let bench = bench_with(format!("{registry}/{name}:22")).await;
        let mut command = bench.build("true");
        command.stack = node();
        let deployment = command.deployment_id;
        let error = bench
            .run_until(command, CancellationToken::new())
            .await
            .unwrap_err();
        let RuntimeError::User(error) = error else {
            panic!("{name}: {error}")
        };
        assert_eq!(error.code, "image_pull_failed");
        let hint = error.hint.unwrap();
        assert!(hint.contains(advice), "{name}: {}: {hint}", error.detail);
        assert!(
            error.detail.contains(&format!("{registry}/{name}:22")),
            "{}",
            error.detail
        );
        Runtime::end_build(&*bench.runtime, deployment).await.unwrap();
        bench.assert_nothing_left();
    }
}
