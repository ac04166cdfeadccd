//! Switches to an earlier release whose app does not run: start it, wait until it is healthy, switch.

use aether_models::UserError;
use aether_store::PendingSwitch;
use futures::future::join_all;
use tokio_util::sync::CancellationToken;

use crate::apps::{self, Unhealthy};
use crate::environment::Environment;
use crate::pipeline::StepError;

/// A switch that waits longer is given up; somebody who asked for it is not looking any more.
const AGE_MAX_SECONDS: f64 = 300.0;
/// Lines of an app that are looked at for an error.
const LINES: usize = 50;

/// One pass.
pub(super) async fn run(env: &Environment, stop: &CancellationToken) -> anyhow::Result<()> {
    for switch in env.store.pending_switches().await? {
        // The release lies on the machine that built it.
        if !env.folders.app(switch.deployment_id).is_dir() {
            if switch.age_seconds > AGE_MAX_SECONDS {
                env.store.fail_switch(&switch, &gone()).await?;
            }
            continue;
        }
        finish(env, &switch, stop).await?;
    }
    Ok(())
}

async fn finish(env: &Environment, switch: &PendingSwitch, stop: &CancellationToken) -> anyhow::Result<()> {
    let copies = match apps::launch(env, switch.deployment_id).await {
        Ok(copies) => copies,
        Err(StepError::Fail(error)) => return Ok(env.store.fail_switch(switch, &error).await?),
        Err(error) => anyhow::bail!("{error:?}"),
    };
    for copy in &copies {
        match apps::wait_until_healthy(env, copy, stop).await {
            Ok(_) => {}
            Err(Unhealthy::Failed(reason)) => {
                let lines = apps::masked_log(env, copy, LINES).await;
                env.store
                    .fail_switch(switch, &apps::explain_unhealthy(&reason, copy, &lines))
                    .await?;
                join_all(copies.iter().map(|copy| apps::discard(env, copy))).await;
                return Ok(());
            }
            // Tried again with the next pass.
            Err(Unhealthy::Stopped | Unhealthy::Machine(_)) => return Ok(()),
        }
    }
    let switched = env.store.complete_switch(switch).await?;
    tracing::info!(deployment = %switch.deployment_id, switched, "a waiting switch ended");
    Ok(())
}

fn gone() -> UserError {
    UserError::new(
        "release_gone",
        "The release's files are not on this machine",
        "The release was built on another machine, or its folder was removed.",
    )
    .hint("Redeploy the commit instead.")
}
