//! Runs one build command to its end, whatever that end is.
//!
//! group -> sandbox -> launch -> watch (end, cancel, timeout, memory, processes, disk) -> kill what is left -> read the
//! last output -> report.

use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Duration;

use aether_models::{DeploymentId, LogStream};
use tokio::task::JoinHandle;
use tokio::time::{Instant, timeout};
use tokio_util::sync::CancellationToken;

use super::ProcessRuntime;
use super::account::give;
use super::cgroups::{Group, build_group_name};
use super::disk::{DiskWatch, remove_tree};
use super::exit::{Ending, ending};
use super::limits::{Exceeded, LimitWatch};
use super::lines::forward;
use super::running::{Running, Whom};
use crate::runtime::{BuildCommand, ExitReport, OutputSink, RuntimeError};

/// How often limits are looked at that nothing tells us about.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// A cancelled build may end by itself for this long; with all the rest it is over within 5 seconds.
const TERM_GRACE: Duration = Duration::from_secs(3);
/// After a forced end, unread output is worth this much waiting.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// Why the watch ended.
enum Outcome {
    Ended(std::io::Result<ExitStatus>),
    Cancelled,
    Exceeded(Exceeded),
}

impl ProcessRuntime {
    pub(super) async fn run_command(
        &self,
        command: &BuildCommand,
        output: OutputSink,
        cancel: &CancellationToken,
    ) -> Result<ExitReport, RuntimeError> {
        if cancel.is_cancelled() {
            return Ok(ExitReport::Cancelled);
        }
        let unique = uuid::Uuid::now_v7();
        let name = build_group_name(unique);
        let group = self
            .cgroups
            .as_ref()
            .map(|groups| groups.create(&name, &command.limits))
            .transpose()?;
        let scratch = self.scratch(command.deployment_id);
        let report = self
            .run_in(command, &scratch, group.as_ref(), unique, output, cancel)
            .await;
        if let Some(group) = &group {
            group.remove().await;
        }
        report
    }

    async fn run_in(
        &self,
        command: &BuildCommand,
        scratch: &Path,
        group: Option<&Group>,
        unique: uuid::Uuid,
        output: OutputSink,
        cancel: &CancellationToken,
    ) -> Result<ExitReport, RuntimeError> {
        self.make_scratch(scratch).map_err(|source| RuntimeError::Io {
            context: "making a scratch folder",
            source,
        })?;
        let status_file = scratch.join(format!("status-{unique}"));
        let sandbox = self.template.build(command, scratch, status_file, group)?;
        let mut running =
            Running::launch(&sandbox, &self.executable, Some(&self.spawner), group.cloned()).await?;
        let readers = [
            running
                .stdout
                .take()
                .map(|pipe| tokio::spawn(forward(pipe, LogStream::Stdout, output.clone()))),
            running
                .stderr
                .take()
                .map(|pipe| tokio::spawn(forward(pipe, LogStream::Stderr, output.clone()))),
        ];
        drop(output);
        let mut limits = LimitWatch::new(group, command.limits);
        let outcome = watch(command, scratch, &mut running, &mut limits, cancel).await;
        running.kill().await;
        let patient = matches!(outcome, Outcome::Ended(_));
        read_the_rest(readers, patient, cancel).await;
        report(command, &running, &limits, outcome)
    }

    fn scratch(&self, deployment: DeploymentId) -> PathBuf {
        self.builds_folder().join(deployment.uuid().to_string())
    }

    /// Kept between the commands of a build: what the install step puts into its home, the build step needs.
    fn make_scratch(&self, scratch: &Path) -> std::io::Result<()> {
        for name in ["home", "tmp"] {
            let folder = scratch.join(name);
            if !folder.is_dir() {
                std::fs::create_dir_all(&folder)?;
                if let Some(user) = self.template.user {
                    give(&folder, user)?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn remove_scratch(&self, deployment: DeploymentId) -> Result<(), RuntimeError> {
        let scratch = self.scratch(deployment);
        super::blocking("removing a scratch folder", move || remove_tree(&scratch)).await
    }
}

async fn watch(
    command: &BuildCommand,
    scratch: &Path,
    running: &mut Running,
    limits: &mut LimitWatch<'_>,
    cancel: &CancellationToken,
) -> Outcome {
    let deadline = Instant::now() + command.timeout;
    let caches = command.caches.iter().map(|(path, _)| path.clone()).collect();
    let disk = DiskWatch::new(
        vec![command.workspace.clone(), scratch.to_owned()],
        caches,
        command.limits.disk_mb,
    );
    let disk_exceeded = disk.exceeded();
    tokio::pin!(disk_exceeded);
    let mut looks = tokio::time::interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let outcome = loop {
        tokio::select! {
            biased;
            () = cancel.cancelled() => break Outcome::Cancelled,
            status = running.wait() => break Outcome::Ended(status),
            () = tokio::time::sleep_until(deadline) => break Outcome::Exceeded(Exceeded::Time),
            exceeded = &mut disk_exceeded => break Outcome::Exceeded(exceeded),
            _ = looks.tick() => {
                if let Some(exceeded) = limits.look(running.pid()) {
                    break Outcome::Exceeded(exceeded);
                }
            }
        }
    };
    if matches!(outcome, Outcome::Cancelled | Outcome::Exceeded(Exceeded::Time)) {
        running.terminate(Whom::Everyone, TERM_GRACE).await;
    }
    outcome
}

/// Every writer is dead, so the pipes end; only a reader of the log that does not read can hold this up.
async fn read_the_rest(readers: [Option<JoinHandle<()>>; 2], patient: bool, cancel: &CancellationToken) {
    for mut reader in readers.into_iter().flatten() {
        if patient {
            tokio::select! {
                _ = &mut reader => continue,
                () = cancel.cancelled() => {}
            }
        }
        if timeout(LAST_WORDS, &mut reader).await.is_err() {
            reader.abort();
        }
    }
}

fn report(
    command: &BuildCommand,
    running: &Running,
    limits: &LimitWatch<'_>,
    outcome: Outcome,
) -> Result<ExitReport, RuntimeError> {
    let exceeded = |exceeded: Exceeded| {
        Ok(ExitReport::LimitExceeded(
            exceeded.user_error(&command.limits, command.timeout),
        ))
    };
    let status = match outcome {
        Outcome::Cancelled => return Ok(ExitReport::Cancelled),
        Outcome::Exceeded(limit) => return exceeded(limit),
        Outcome::Ended(status) => status.map_err(|source| RuntimeError::Io {
            context: "waiting for a build command",
            source,
        })?,
    };
    let refusals = limits.refusals();
    if refusals.out_of_memory > 0 {
        return exceeded(Exceeded::Memory);
    }
    if let Some(why) = running.start_failure(status) {
        return Err(RuntimeError::Protocol(format!(
            "the sandbox did not start: {why}"
        )));
    }
    match ending(status) {
        Ending::Exited(0) => Ok(ExitReport::Exited(0)),
        // It ended badly after processes were refused to it; that is why.
        _ if refusals.processes > 0 => exceeded(Exceeded::Processes),
        // Writing past the largest allowed file ends a program so (setrlimit(2)).
        Ending::Signalled(nix::libc::SIGXFSZ) => exceeded(Exceeded::Disk),
        Ending::Exited(code) => Ok(ExitReport::Exited(code)),
        Ending::Signalled(number) => Ok(ExitReport::Signalled(number)),
    }
}
