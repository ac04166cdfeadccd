//! Named places at which a test can end, freeze or break the worker (threats.md, F1). Without the feature `failpoints`
//! this is nothing.
//!
//! `FAILPOINTS="built=1*return(kill)"` ends the process with SIGKILL the first time a build has ended.

/// The pipeline has come this far.
pub(crate) fn reached(point: &'static str) {
    tracing::trace!(point, "reached");
    fail::fail_point!(point, |action| act(point, action.as_deref()));
}

#[cfg(feature = "failpoints")]
#[allow(clippy::panic, reason = "made to panic, in tests only")]
fn act(point: &str, action: Option<&str>) {
    use nix::sys::signal::{Signal, raise};
    match action {
        Some("kill") => raise(Signal::SIGKILL),
        Some("freeze") => raise(Signal::SIGSTOP),
        _ => panic!("fail point {point}"),
    }
    .ok();
}
