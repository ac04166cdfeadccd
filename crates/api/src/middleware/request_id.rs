//! The id of the request that is being answered, for the answer and for every log line about it.
//!
//! It is always our own: a caller's id would let them write into our log and mix up requests.

use std::future::Future;

use uuid::Uuid;

/// Answer header that carries the id.
pub(crate) const REQUEST_ID_HEADER: &str = "x-request-id";

tokio::task_local! {
    static CURRENT: String;
}

/// Runs `future` as the work of one request.
pub(crate) fn scope<F: Future>(id: String, future: F) -> impl Future<Output = F::Output> {
    CURRENT.scope(id, future)
}

/// A new id.
pub(crate) fn generate() -> String {
    format!("req_{}", Uuid::now_v7().simple())
}

/// The id of the request that is being answered; empty outside of one.
pub(crate) fn current() -> String {
    CURRENT.try_with(Clone::clone).unwrap_or_default()
}
