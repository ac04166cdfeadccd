//! The one wrapper round every step: its row and the deployment's status, its heading in the log, stops, and what an
//! error means for the deployment.

use std::time::Duration;

use aether_models::{Step, StepOutcome, UserError};
use aether_store::StoreError;
use futures::future::BoxFuture;

use super::Job;
use crate::git::GitError;
use crate::lease::StopReason;
use crate::runtime::RuntimeError;

/// Pause before Postgres is tried again.
const RETRY_PAUSE: Duration = Duration::from_millis(250);

/// How a step that did not fail ended.
pub(crate) enum Done<T> {
    /// It did its work.
    Succeeded(T),
    /// There was nothing to do, for the reason given in the log.
    Skipped(T),
    /// It has written its own end already, in the transaction that made the release live.
    Committed(T),
}

/// Why a step did not succeed; says at each `?` whether another attempt makes sense.
#[derive(Debug)]
pub(crate) enum StepError {
    /// The deployment fails with this; another attempt would end the same.
    Fail(UserError),
    /// This machine, the network or the database is at fault: another attempt may go better.
    Retry(anyhow::Error),
    /// It was told to stop ([`Job::stop`] says why).
    Stopped,
}

impl From<UserError> for StepError {
    fn from(error: UserError) -> Self {
        Self::Fail(error)
    }
}

impl From<StoreError> for StepError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Fenced => Self::Stopped,
            error => Self::Retry(error.into()),
        }
    }
}

impl From<RuntimeError> for StepError {
    fn from(error: RuntimeError) -> Self {
        match error {
            RuntimeError::User(error) => Self::Fail(error),
            error => Self::Retry(error.into()),
        }
    }
}

impl StepError {
    /// A failure of this machine.
    pub(crate) fn machine(context: &'static str) -> impl FnOnce(std::io::Error) -> Self {
        move |error| {
            // A full disk stays full: the user should hear of it now, and the space is given back by failing.
            if matches!(
                error.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            ) {
                return Self::Fail(disk_full(context));
            }
            Self::Retry(anyhow::Error::new(error).context(context))
        }
    }

    /// What a failed fetch means.
    pub(crate) fn git(url: &str) -> impl FnOnce(GitError) -> Self + '_ {
        move |error| match error {
            GitError::Cancelled => Self::Stopped,
            GitError::Io { context, source } => Self::machine(context)(source),
            error if matches!(error, GitError::Repository(_)) => Self::Retry(error.into()),
            error => Self::Fail(error.to_user_error(url)),
        }
    }
}

/// Runs one step of the pipeline. The future is large, so it lives on the heap.
///
/// # Errors
/// The step's own, after it was written down.
pub(crate) fn step<'a, T: Send + 'a>(
    job: &'a Job,
    step: Step,
    work: impl Future<Output = Result<Done<T>, StepError>> + Send + 'a,
) -> BoxFuture<'a, Result<T, StepError>> {
    Box::pin(run_step(job, step, work))
}

async fn run_step<T>(
    job: &Job,
    step: Step,
    work: impl Future<Output = Result<Done<T>, StepError>> + Send,
) -> Result<T, StepError> {
    job.check_stop()?;
    persist(job, || job.env.store.begin_step(&job.claimed.lease, step)).await?;
    let started = tokio::time::Instant::now();
    let done = match work.await {
        // A stop makes other things fail; the stop is the reason then.
        Err(StepError::Fail(_) | StepError::Retry(_)) if job.stop.reason().is_some() => {
            Err(StepError::Stopped)
        }
        done => done,
    };
    metrics::histogram!("aether_step_seconds", "step" => step.as_str())
        .record(started.elapsed().as_secs_f64());
    let (outcome, error) = match &done {
        Ok(Done::Committed(_)) => (None, None),
        Ok(Done::Succeeded(_)) => (Some(StepOutcome::Succeeded), None),
        Ok(Done::Skipped(_)) => (Some(StepOutcome::Skipped), None),
        Err(StepError::Fail(error)) => (Some(StepOutcome::Failed), Some(error)),
        Err(StepError::Stopped) if job.stop.reason() == Some(StopReason::Cancelled) => {
            (Some(StepOutcome::Cancelled), None)
        }
        // The row stays open: another attempt writes over it.
        Err(StepError::Stopped | StepError::Retry(_)) => (None, None),
    };
    if let Some(outcome) = outcome {
        // What the step said comes before its end, for those who read along.
        job.log.flush().await;
        persist(job, || {
            job.env
                .store
                .finish_step(&job.claimed.lease, step, outcome, error)
        })
        .await?;
    }
    match done? {
        Done::Succeeded(value) | Done::Skipped(value) | Done::Committed(value) => Ok(value),
    }
}

/// Writes to the store, waiting through outages of Postgres for as long as the deployment may still be ours.
///
/// # Errors
/// The store's, when it is no outage.
pub(crate) async fn persist<T, F>(job: &Job, mut write: impl FnMut() -> F) -> Result<T, StepError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match write().await {
            Err(error) if error.is_transient() => {
                tracing::warn!(%error, deployment = %job.id(), "the database is away; waiting");
                if job.stop.reason() == Some(StopReason::LeaseLost) {
                    return Err(StepError::Stopped);
                }
                tokio::time::sleep(RETRY_PAUSE).await;
            }
            Err(error) => return Err(error.into()),
            Ok(value) => return Ok(value),
        }
    }
}

fn disk_full(context: &str) -> UserError {
    UserError::new(
        "disk_full",
        "The build machine's disk is full",
        format!("There was no space left while {context}."),
    )
    .hint("Ask the operator to free space or add more, then deploy again.")
}
