//! Why the proxy does not run.

use std::net::SocketAddr;

/// Why the proxy does not run.
#[derive(Debug, thiserror::Error)]
pub enum ProxyError {
    /// A port is in use or not ours to take.
    #[error("cannot listen on {addr}: {source}")]
    Listen {
        /// The address of the setting.
        addr: SocketAddr,
        /// What the system said.
        source: std::io::Error,
    },
    /// The certificate or its key cannot be used.
    #[error("cannot use the certificate: {0}")]
    Certificate(String),
    /// A thread or its runtime could not be started, or ended by itself.
    #[error("a serving thread failed: {0}")]
    Thread(String),
}
