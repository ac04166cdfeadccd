//! TLS with a certificate given by the operator.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::client::verify_server_name;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::server::ParsedCertificate;
use tokio_rustls::TlsAcceptor;

use crate::error::ProxyError;
use crate::settings::TlsSettings;

/// What encrypted connections are accepted with.
#[derive(Clone)]
pub(crate) struct TlsFront {
    pub(crate) acceptor: TlsAcceptor,
    certificate: Arc<CertificateDer<'static>>,
}

/// Which hosts a client may ask for on its encrypted connection.
#[derive(Debug)]
pub(crate) struct TlsNames {
    /// The name the client asked for when it connected (SNI).
    asked: String,
    is_h2: bool,
    certificate: Arc<CertificateDer<'static>>,
}

impl TlsFront {
    /// The certificate of the settings, for every name it is valid for.
    pub(crate) fn load(files: &TlsSettings) -> Result<Self, ProxyError> {
        let invalid =
            |what: &str, error: &dyn std::fmt::Display| ProxyError::Certificate(format!("{what}: {error}"));
        let chain = CertificateDer::pem_file_iter(&files.certificate)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|error| invalid("AETHER_PROXY_TLS_CERT", &error))?;
        let certificate = chain
            .first()
            .cloned()
            .ok_or_else(|| invalid("AETHER_PROXY_TLS_CERT", &"there is no certificate in it"))?;
        let key = PrivateKeyDer::from_pem_file(&files.key)
            .map_err(|error| invalid("AETHER_PROXY_TLS_KEY", &error))?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| invalid("protocol versions", &error))?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .map_err(|error| invalid("certificate and key", &error))?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate: Arc::new(certificate),
        })
    }

    /// What a connection may be used for; nothing is known of a client that did not name a server.
    pub(crate) fn names(&self, asked: Option<&str>, is_h2: bool) -> Option<TlsNames> {
        asked.map(|asked| TlsNames {
            asked: asked.trim_end_matches('.').to_ascii_lowercase(),
            is_h2,
            certificate: Arc::clone(&self.certificate),
        })
    }
}

impl TlsNames {
    /// Whether a request for `host` belongs on this connection (RFC 9110 section 7.4). HTTP/2 clients may use it for
    /// every host the certificate is valid for (RFC 9113 section 9.1.1); HTTP/1 clients never do that by themselves.
    pub(crate) fn may_ask_for(&self, host: &str) -> bool {
        self.asked == host || self.is_h2 && is_valid_for(&self.certificate, host)
    }
}

fn is_valid_for(certificate: &CertificateDer<'_>, host: &str) -> bool {
    let (Ok(certificate), Ok(name)) = (
        ParsedCertificate::try_from(certificate),
        ServerName::try_from(host),
    ) else {
        return false;
    };
    verify_server_name(&certificate, &name).is_ok()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// The names of a connection with a certificate for `*.apps.example`.
    pub(crate) fn names(asked: &str, is_h2: bool) -> TlsNames {
        let issued = rcgen::generate_simple_self_signed(["*.apps.example".to_owned()]).unwrap();
        TlsNames {
            asked: asked.to_owned(),
            is_h2,
            certificate: Arc::new(issued.cert.der().clone()),
        }
    }

    #[test]
    fn a_connection_is_used_for_what_it_was_made_for() {
        for (is_h2, host, expected) in [
            (false, "a.apps.example", true),
            (false, "b.apps.example", false),
            (true, "a.apps.example", true),
            (true, "b.apps.example", true),
            (true, "apps.example", false),
            (true, "a.b.apps.example", false),
            (true, "other.example", false),
        ] {
            assert_eq!(
                names("a.apps.example", is_h2).may_ask_for(host),
                expected,
                "{is_h2} {host}"
            );
        }
    }
}
