//! Questions to the machine, each with a time limit: a hanging program must not hang the doctor.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(5);

/// First line a program prints; `None` when it is not there or fails.
pub(super) async fn version_of(program: &Path, arguments: &[&str]) -> Option<String> {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let output = timeout(PATIENCE, command.output()).await.ok()?.ok()?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    output
        .status
        .success()
        .then(|| text.lines().next().unwrap_or_default().trim().to_owned())
}

/// The machine's resolver sends this name to the machine.
pub(super) async fn resolves_to_loopback(host: &str) -> bool {
    match timeout(PATIENCE, tokio::net::lookup_host((host, 80))).await {
        Ok(Ok(mut addresses)) => addresses.any(|address| address.ip().is_loopback()),
        _ => false,
    }
}
