//! Serves every site and app: hosts to static files or running apps.
//!
//! The life of a request:
//!
//! 1. **accept** (`server::worker`, `limits`): a thread takes the connection, if its client and the proxy have room.
//! 2. **limit** (`framing`, `server::io`, `server::conn`): every byte passes a strict framing check before hyper sees
//!    it; the thread's sweep ends connections that are too slow.
//! 3. **pick** (`pick`, `table`): host name to [`RouteDecision`](pick::RouteDecision), pure, from one immutable table.
//! 4. **static** (`static_site`): manifest, rules, conditions, ranges, encodings; bytes from memory or disk. Or
//! 5. **forward** (`forward`): to the least busy instance of the release, on a pooled connection, streamed both ways.
//! 6. **respond** (`respond`): the one place that turns an error into a response.
//! 7. **log** (`body`, `metrics`, `access_log`): when the last byte is gone, the books are closed.
//!
//! Beside requests, `sync` keeps the table true and tells the drain what is in flight; `admin` answers operators.

mod access_log;
mod admin;
mod body;
mod error;
mod forward;
mod framing;
#[cfg(test)]
mod fuzz;
mod handler;
mod limits;
mod metrics;
mod pick;
mod release;
mod respond;
mod server;
mod settings;
mod snapshot;
mod static_site;
mod store_source;
mod sync;
mod table;
mod tls;
mod traffic;
mod traffic_minutes;

pub use error::ProxyError;
pub use limits::Limits;
pub use server::{Proxy, run};
pub use settings::{Settings, TlsSettings};
pub use store_source::StoreSource;
pub use sync::{ProjectTraffic, ProxyReport, RouteSource};
