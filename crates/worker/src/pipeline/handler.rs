//! What a worker does with a claimed deployment: prepare, run the pipeline, write down how it ended, tidy up.

use std::sync::Arc;

use aether_models::{DeploymentStatus, RepoCredentials, UserError};
use aether_store::{ClaimedDeployment, MAX_ATTEMPTS, StoreError};
use async_trait::async_trait;
use tokio::time::{Duration, Instant};

use super::Job;
use super::logs::BuildLog;
use super::step::{StepError, persist};
use crate::environment::Environment;
use crate::fail_points::reached;
use crate::github;
use crate::lease::{LeaseKeeper, StopReason, StopSignal};
use crate::masking::Masker;
use crate::queue::JobHandler;

/// Runs deployments through the pipeline.
pub struct PipelineHandler {
    env: Environment,
}

impl PipelineHandler {
    /// A handler that works with `env`.
    #[must_use]
    pub const fn new(env: Environment) -> Self {
        Self { env }
    }
}

#[async_trait]
impl JobHandler for PipelineHandler {
    async fn run(&self, claimed: ClaimedDeployment, stop: StopSignal) {
        reached("claimed");
        let timing = &self.env.settings.timing;
        let keeper = LeaseKeeper::start(
            self.env.store.clone(),
            claimed.lease.clone(),
            timing.lease,
            timing.heartbeat,
            stop.clone(),
        );
        let started = Instant::now();
        let credentials = github::deployment_credentials(&self.env, &claimed).await;
        let job = prepare(&self.env, claimed, credentials, stop);
        // The futures of the steps are large; they live on the heap.
        let outcome = Box::pin(work(&job)).await;
        let outcome = finish(&job.0, outcome, started.elapsed()).await;
        if let Err(error) = outcome {
            tracing::error!(%error, deployment = %job.0.id(), "the end of a deployment could not be written down");
        }
        drop(keeper);
        tidy(&job.0).await;
        reached("acked");
    }
}

/// The job, and what stands in its way already.
fn prepare(
    env: &Environment,
    claimed: ClaimedDeployment,
    credentials: Result<Option<RepoCredentials>, UserError>,
    stop: StopSignal,
) -> (Job, Result<Vec<String>, UserError>) {
    let opened = env
        .open_variables(claimed.team_id, claimed.project_id, &claimed.env)
        .and_then(|variables| {
            Ok((
                variables,
                env.open_deploy_key(claimed.team_id, claimed.project_id, claimed.deploy_key.as_ref())?,
            ))
        });
    let problem = opened.as_ref().err().map(|error| {
        tracing::error!(%error, project = %claimed.project_id, "sealed values cannot be opened");
        UserError::new(
            "secrets_unreadable",
            "The project's secrets cannot be read",
            "They were sealed with another AETHER_SECRET_KEY than the worker has.",
        )
        .hint("Ask the operator to give API and worker the same AETHER_SECRET_KEY, or enter the variables again.")
    });
    let (variables, deploy_key) = opened.unwrap_or_default();
    let (credentials, refused) = match credentials {
        Ok(credentials) => (credentials, None),
        Err(error) => (None, Some(error)),
    };
    let problem = problem.or(refused);
    let secrets = variables.iter().filter(|variable| variable.secret);
    let secrets = secrets.map(|variable| (variable.name.as_str(), variable.value.as_str()));
    let password = credentials
        .iter()
        .map(|credentials| ("", credentials.password.as_str()));
    let (masker, short) = Masker::new(secrets.chain(password));
    let log = BuildLog::start(
        env.store.clone(),
        claimed.lease.clone(),
        claimed.last_log_seq,
        masker,
        Arc::clone(&env.clock),
        stop.clone(),
    );
    let deadline = Instant::now() + Duration::from_secs(u64::from(claimed.settings.build_timeout_seconds));
    let given = tokio::sync::OnceCell::new();
    let job = Job {
        env: env.clone(),
        claimed,
        variables,
        credentials,
        deploy_key,
        log,
        stop,
        deadline,
        given,
    };
    (job, problem.map_or(Ok(short), Err))
}

async fn work((job, prepared): &(Job, Result<Vec<String>, UserError>)) -> Result<(), StepError> {
    if job.claimed.cancel_requested {
        job.stop.stop(StopReason::Cancelled);
    }
    job.check_stop()?;
    if job.claimed.attempt > 1 {
        job.log.say(format!(
            "The worker ended while it ran this deployment; this is start {} of at most {MAX_ATTEMPTS}",
            job.claimed.attempt
        ));
    }
    for name in prepared
        .as_ref()
        .map_err(Clone::clone)?
        .iter()
        .filter(|name| !name.is_empty())
    {
        job.log.say(format!(
            "Warning: the value of {name} is too short to be masked in this log"
        ));
    }
    Box::pin(super::run(job)).await
}

/// Writes down how the deployment ended, when it is ours to write.
async fn finish(job: &Job, outcome: Result<(), StepError>, took: Duration) -> Result<(), StoreError> {
    let (status, error) = match outcome {
        Ok(()) => {
            record(DeploymentStatus::Ready, took);
            return Ok(());
        }
        Err(StepError::Fail(error)) => (DeploymentStatus::Failed, error),
        Err(StepError::Retry(error)) => {
            tracing::warn!(error = format!("{error:#}"), deployment = %job.id(), attempt = job.claimed.attempt, "an attempt failed");
            if job.claimed.attempt < MAX_ATTEMPTS {
                job.log
                    .say("This machine had a problem; the deployment is started again");
                job.log.flush().await;
                // Not renewed any more, the lease runs out, and the next claim counts as the next attempt.
                return Ok(());
            }
            (DeploymentStatus::Failed, machine_failed())
        }
        Err(StepError::Stopped) => match job.stop.reason() {
            Some(StopReason::Cancelled) => (DeploymentStatus::Cancelled, cancelled()),
            Some(StopReason::Shutdown) => {
                job.log
                    .say("The worker stops; the deployment goes back to the queue");
                job.log.flush().await;
                return job.env.store.release_lease(&job.claimed.lease).await;
            }
            Some(StopReason::LeaseLost) | None => return Ok(()),
        },
    };
    job.log.say(format!("{}: {}", error.title, error.detail));
    if let Some(hint) = &error.hint {
        job.log.say(hint.clone());
    }
    job.log.close().await;
    let write = || {
        job.env
            .store
            .finish_deployment(&job.claimed.lease, status, &error)
    };
    match persist(job, write).await {
        Ok(()) => record(status, took),
        // Somebody else has it now, and will end it.
        Err(StepError::Stopped) => {}
        Err(StepError::Retry(error)) => {
            tracing::error!(error = format!("{error:#}"), "a deployment's end was lost");
        }
        Err(StepError::Fail(_)) => {}
    }
    Ok(())
}

/// Removes what only this attempt used.
async fn tidy(job: &Job) {
    // The scratch folder is the deployment's: when the lease was lost, another attempt may be using it.
    let is_ours = job.stop.reason() != Some(StopReason::LeaseLost);
    if is_ours && let Err(error) = job.env.runtime.end_build(job.id()).await {
        tracing::warn!(%error, "a build's scratch folder could not be removed");
    }
    let workspace = job.workspace();
    let removed = tokio::task::spawn_blocking(move || crate::folders::remove_tree(&workspace)).await;
    if let Ok(Err(error)) = removed {
        tracing::warn!(%error, "a working tree could not be removed; the clean-up will try again");
    }
}

fn record(status: DeploymentStatus, took: Duration) {
    metrics::counter!("aether_deployments_total", "status" => status.as_str()).increment(1);
    metrics::histogram!("aether_deployment_seconds", "status" => status.as_str()).record(took.as_secs_f64());
}

fn cancelled() -> UserError {
    UserError::new("cancelled", "Cancelled", "Somebody cancelled the deployment.")
}

fn machine_failed() -> UserError {
    UserError::new(
        "machine_failed",
        "The build machine had a problem",
        format!("It failed {MAX_ATTEMPTS} times for a reason that is not in the repository."),
    )
    .hint("Deploy again later; if it happens each time, ask the operator to look at the worker's log.")
}
