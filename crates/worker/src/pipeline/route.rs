//! Step six: visitors get the new release. One transaction moves the environment's pointer, its hosts and the
//! deployment's status; the old release drains afterwards, without this deployment waiting for it.

use aether_models::{Hostname, RouteTarget, Step};
use aether_store::{Release, StoreError};

use super::Job;
use super::step::{Done, StepError, persist};
use crate::fail_points::reached;
use crate::lease::StopReason;

/// Makes the release live.
pub(super) async fn run(job: &Job, target: &RouteTarget) -> Result<Done<()>, StepError> {
    let host = job.env.hosts.deployment(&job.claimed.slug, job.claimed.number);
    let production = job.env.hosts.production(&job.claimed.slug);
    let site = |host: &Hostname| job.env.settings.links.site(host.as_str());
    job.log.of_step(Step::Route).say(format!(
        "Switching {} to this release; its own address is {}",
        site(&production),
        site(&host)
    ));
    // All lines are stored before the end is: nobody may see the end and miss lines.
    job.log.close().await;
    job.check_stop()?;
    let release = Release {
        target: target.clone(),
        host,
    };
    match persist(job, || complete(job, &release)).await {
        Ok(()) => {}
        // Either the lease is lost or a cancel came first; the row says which.
        Err(StepError::Stopped) => {
            job.confirm_lease().await?;
            job.stop.stop(StopReason::LeaseLost);
            return Err(StepError::Stopped);
        }
        Err(error) => return Err(error),
    }
    reached("route_switched");
    job.env.store.announce_reconcile().await;
    Ok(Done::Committed(()))
}

async fn complete(job: &Job, release: &Release) -> Result<(), StoreError> {
    match job.env.store.complete_release(&job.claimed.lease, release).await {
        // The answer to an earlier try may have been lost on the way: then it is done.
        Err(StoreError::Fenced) if is_ready(job).await => Ok(()),
        outcome => outcome.map(|_| ()),
    }
}

async fn is_ready(job: &Job) -> bool {
    use aether_models::DeploymentStatus::Ready;
    matches!(job.env.store.deployment_status(job.id()).await, Ok(Some(Ready)))
}
