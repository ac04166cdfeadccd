//! Proves at the start that a sandbox can be made, instead of failing the first build.

use std::path::Path;
use std::time::Duration;

use aether_models::UserError;
use tokio::io::{AsyncRead, AsyncReadExt};

use super::running::Running;
use super::sandbox::Template;
use super::spawner::Spawner;
use crate::runtime::RuntimeError;

const WITHIN: Duration = Duration::from_secs(20);
/// Standard input, output and error, and the folder that `ls` itself reads.
const OPEN_FILES: [&str; 4] = ["0", "1", "2", "3"];

/// Makes one sandbox and looks at it from inside.
pub(super) async fn probe(
    template: &Template,
    executable: &Path,
    spawner: &Spawner,
    run_folder: &Path,
) -> Result<(), RuntimeError> {
    let status_file = run_folder.join(format!("probe-{}", uuid::Uuid::now_v7()));
    let sandbox = template.probe(status_file.clone());
    let mut running = Running::launch(&sandbox, executable, Some(spawner), None).await?;
    let (stdout, stderr) = (running.stdout.take(), running.stderr.take());
    let look = async { tokio::join!(read_all(stdout), read_all(stderr), running.wait()) };
    let looked = tokio::time::timeout(WITHIN, look).await;
    running.kill().await;
    let Ok((open_files, complaint, Ok(status))) = looked else {
        return Err(unavailable("it did not end").into());
    };
    let failure = running.start_failure(status).unwrap_or_default();
    let _ = std::fs::remove_file(status_file);
    if !status.success() {
        return Err(unavailable(format!("{} {failure}", complaint.trim()).trim()).into());
    }
    // A folder of the machine that stays open inside is a way out.
    match open_files
        .split_whitespace()
        .find(|file| !OPEN_FILES.contains(file))
    {
        Some(file) => Err(unavailable(&format!("file {file} is left open inside")).into()),
        None => Ok(()),
    }
}

async fn read_all(pipe: Option<impl AsyncRead + Unpin>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut pipe) = pipe {
        // What was read before an error is worth showing.
        let _ = pipe.read_to_end(&mut bytes).await;
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn unavailable(why: &str) -> UserError {
    UserError::new(
        "sandbox_unavailable",
        "This machine does not let Aether make a sandbox",
        format!("bubblewrap was tried and said: {why}."),
    )
    .hint(
        "Unprivileged user namespaces must be allowed: on Ubuntu `sysctl kernel.apparmor_restrict_unprivileged_userns=0`, \
         on others `sysctl user.max_user_namespaces=15000`; inside a container, start it with more rights or use a \
         Docker engine.",
    )
}
