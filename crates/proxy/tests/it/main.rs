//! The proxy over real sockets.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test ends where a fault is seen"
)]

mod drain;
mod floods;
mod forward;
mod h2;
mod h2_floods;
mod hostile;
mod interim;
mod metrics;
mod semantics;
mod static_site;
mod support;
mod sync;
mod tls;
