//! REST, SSE and webhooks of Aether, and the built dashboard.
//!
//! ```text
//! request -> observe (id, access log) -> security headers -> audit -> authenticate -> routes/<resource>/<operation>.rs
//!                                                                                  -> fallback: 405, 404, dashboard
//! ```
//!
//! An operation reads as: who may (its `Can…` argument), what exactly (strict extractors, `validate`), one call of the
//! store, one view. Errors are made in `error.rs` only. `router.rs` is the whole list of routes; what is not on its public
//! part needs a caller.

mod app;
mod auth;
mod client_address;
mod dashboard;
mod error;
mod extract;
mod fallback;
mod github;
mod middleware;
mod openapi;
mod operations;
mod rate_limits;
mod router;
mod routes;
mod settings;
mod sse;
mod state;
mod stream_slots;
mod urls;
mod validate;
mod views;

pub use app::{Api, StartError};
pub use error::{FieldError, Problem};
pub use openapi::openapi;
pub use settings::{AppsUrl, Registration, Settings, store_settings};
