//! TLS with a certificate given by the operator.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::ProxyError;
use crate::settings::TlsSettings;

/// The TLS configuration with this certificate, for every name it is valid for.
pub(crate) fn server_config(files: &TlsSettings) -> Result<Arc<ServerConfig>, ProxyError> {
    let invalid =
        |what: &str, error: &dyn std::fmt::Display| ProxyError::Certificate(format!("{what}: {error}"));
    let chain = CertificateDer::pem_file_iter(&files.certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|error| invalid("AETHER_PROXY_TLS_CERT", &error))?;
    let key =
        PrivateKeyDer::from_pem_file(&files.key).map_err(|error| invalid("AETHER_PROXY_TLS_KEY", &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| invalid("protocol versions", &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(|error| invalid("certificate and key", &error))?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
