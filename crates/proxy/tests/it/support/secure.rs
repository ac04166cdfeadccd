//! A proxy with a certificate, and clients that trust it.

use std::sync::Arc;

use aether_proxy::{Settings, TlsSettings};
use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use super::{TestProxy, TestSite};

/// The static site that every such proxy serves.
pub(crate) const HOST: &str = "site.apps.example";

pub(crate) struct Secure {
    pub(crate) proxy: TestProxy,
    certificate: CertificateDer<'static>,
}

impl Secure {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let keys = tempfile::tempdir().unwrap();
        let issued = rcgen::generate_simple_self_signed(["*.apps.example".to_owned()]).unwrap();
        let (certificate, key) = (keys.path().join("cert.pem"), keys.path().join("key.pem"));
        std::fs::write(&certificate, issued.cert.pem()).unwrap();
        std::fs::write(&key, issued.signing_key.serialize_pem()).unwrap();
        let proxy = TestProxy::start_with(|settings| {
            change(settings);
            settings.tls = Some(TlsSettings {
                addr: ([127, 0, 0, 1], 0).into(),
                certificate,
                key,
            });
        })
        .await;
        proxy
            .site(HOST, &TestSite::new().html("index.html", "home"))
            .await;
        Self {
            proxy,
            certificate: issued.cert.der().clone(),
        }
    }

    /// A connection that names the site's host.
    pub(crate) async fn connect(&self, protocol: &[u8]) -> TlsStream<TcpStream> {
        let mut roots = rustls::RootCertStore::empty();
        roots.add(self.certificate.clone()).unwrap();
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.to_vec()];
        let stream = TcpStream::connect(self.proxy.tls_addr.unwrap()).await.unwrap();
        let name = ServerName::try_from(HOST).unwrap();
        let stream = TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
            .unwrap();
        assert_eq!(stream.get_ref().1.alpn_protocol(), Some(protocol));
        stream
    }

    pub(crate) async fn http2(&self) -> http2::SendRequest<Full<Bytes>> {
        let io = TokioIo::new(self.connect(b"h2").await);
        let (sender, connection) = http2::handshake(TokioExecutor::new(), io).await.unwrap();
        tokio::spawn(connection);
        sender
    }
}
