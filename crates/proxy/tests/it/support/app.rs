//! Small apps: a scripted one that sends exactly what it is told, and an HTTP one that tells what it got.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// An app that is running until dropped.
pub(crate) struct TestApp {
    pub(crate) addr: SocketAddr,
    connections: Arc<AtomicUsize>,
    serving: JoinHandle<()>,
}

impl Drop for TestApp {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl TestApp {
    /// Connections it was given so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// Runs `serve` for every connection.
    pub(crate) async fn raw<F, R>(serve: F) -> Self
    where
        F: Fn(usize, TcpStream) -> R + Send + 'static,
        R: Future<Output = ()> + Send + 'static,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let addr = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        let serving = tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let index = count.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(index, stream));
            }
        });
        Self {
            addr,
            connections,
            serving,
        }
    }

    /// Answers with its name, the request's head, and the length of its body.
    pub(crate) async fn echo(name: &'static str) -> Self {
        Self::http(move |request: Request<Incoming>| async move {
            let (head, body) = request.into_parts();
            let length = body.collect().await.map_or(0, |body| body.to_bytes().len());
            let mut text = format!("{name}\n{} {}\n", head.method, head.uri);
            for (field, value) in &head.headers {
                text.push_str(&format!(
                    "{field}: {}\n",
                    String::from_utf8_lossy(value.as_bytes())
                ));
            }
            text.push_str(&format!("body: {length}\n"));
            Response::builder()
                .header("x-app", name)
                .body(Full::from(text))
                .unwrap()
        })
        .await
    }

    /// Serves HTTP/1.1 with keep-alive.
    pub(crate) async fn http<F, R>(answer: F) -> Self
    where
        F: Fn(Request<Incoming>) -> R + Clone + Send + Sync + 'static,
        R: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        Self::raw(move |_, stream| {
            let answer = answer.clone();
            async move {
                let service = service_fn(move |request| {
                    let response = answer(request);
                    async move { Ok::<_, Infallible>(response.await) }
                });
                let _ = http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            }
        })
        .await
    }
}
