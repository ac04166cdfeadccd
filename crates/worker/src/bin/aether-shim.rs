//! The shim alone: for tests, and for packages that want the supervisors of apps to be a binary of their own.

use std::process::ExitCode;

fn main() -> ExitCode {
    aether_worker::shim::intercept().unwrap_or(ExitCode::from(2))
}
