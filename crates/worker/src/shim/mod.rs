//! The hidden subcommand `shim`: small processes between the worker and what it runs.
//!
//! * `shim enter` reads a sandbox from its standard input, joins the control groups, gives up root and becomes
//!   bubblewrap. It is a process of its own because all of that changes the calling process for good.
//! * `shim app` supervises one app, in a session of its own, so that the app outlives the worker (a worker that is
//!   killed, upgraded or away must not take sites down). The worker finds it again through its state folder.
//!
//! What ends the worker's whole control group ends the apps as well: a systemd unit needs `KillMode=process`, and
//! `Delegate=yes` for limits; in a container, the apps go with the container.
//!
//! Every binary of ours that starts builds or apps calls [`intercept`] first thing in `main`.

mod control;
mod enter;
mod log_file;
mod port_claim;
mod protocol;
mod restart;
mod state;
mod supervisor;

use std::ffi::OsString;
use std::process::ExitCode;

pub(crate) use log_file::{LogFile, read_lines};
pub(crate) use protocol::{Identity, Request, Response, Status};
pub(crate) use restart::FIRST_PAUSE;
pub(crate) use state::{Record, StateFolder};
pub(crate) use supervisor::{Launch, Started};

/// The first argument that makes a binary a shim.
pub const SUBCOMMAND: &str = "shim";
pub(crate) const ENTER: &str = "enter";
pub(crate) const APP: &str = "app";

/// The exit code when a shim could not do its part, as `env(1)` and `nohup(1)` have it.
const COULD_NOT: u8 = 125;

/// Runs the shim when this process was started as one; none when it was not. Call it before anything else: before
/// threads, signal handlers and settings.
#[must_use]
pub fn intercept() -> Option<ExitCode> {
    let mut args = std::env::args_os().skip(1);
    (args.next()? == SUBCOMMAND).then(|| shim_main(args))
}

/// Runs the shim with the arguments after `shim`.
pub fn shim_main(args: impl IntoIterator<Item = OsString>) -> ExitCode {
    let mut args = args.into_iter();
    let role = args.next();
    match role.as_ref().and_then(|role| role.to_str()) {
        Some(ENTER) => enter::enter(),
        Some(APP) => supervisor::run(args.next().map(Into::into)),
        _ => ExitCode::from(COULD_NOT),
    }
}

/// Why something that was read is no use, without quoting it: it has the values of an environment.
fn not_understood(error: &serde_json::Error) -> std::io::Error {
    let why = match error.classify() {
        serde_json::error::Category::Data => "another version of Aether wrote it",
        serde_json::error::Category::Eof => "it ends too early",
        serde_json::error::Category::Syntax | serde_json::error::Category::Io => "it could not be read",
    };
    std::io::Error::other(format!(
        "the order was not understood: {why} (column {})",
        error.column()
    ))
}

/// Closes every file but the standard three: a descriptor that somebody above us forgot to close must not reach an app.
fn close_inherited_files() {
    let open: Vec<i32> = match std::fs::read_dir("/proc/self/fd") {
        Ok(entries) => entries
            .flatten()
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .filter(|number| *number > 2)
            .collect(),
        Err(_) => return,
    };
    for number in open {
        let _ = nix::unistd::close(number);
    }
}
