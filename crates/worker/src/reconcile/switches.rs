//! Switches to an earlier release whose app does not run: start it, wait until it is healthy, switch.

use aether_models::UserError;
use aether_store::PendingSwitch;
use tokio_util::sync::CancellationToken;

use crate::apps::{self, Unhealthy};
use crate::environment::Environment;
use crate::pipeline::StepError;

/// A switch that waits longer is given up; somebody who asked for it is not looking any more.
const AGE_MAX_SECONDS: f64 = 300.0;

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
    let (instance, _) = match apps::launch(env, switch.deployment_id).await {
        Ok(launched) => launched,
        Err(StepError::Fail(error)) => return Ok(env.store.fail_switch(switch, &error).await?),
        Err(error) => anyhow::bail!("{error:?}"),
    };
    match apps::wait_until_healthy(env, &instance, stop).await {
        Ok(_) => {
            let switched = env.store.complete_switch(switch).await?;
            tracing::info!(deployment = %switch.deployment_id, switched, "a waiting switch ended");
        }
        Err(Unhealthy::Failed(reason)) => {
            let lines = env.runtime.app_log(instance.id, 0, 50).await.unwrap_or_default();
            let lines: Vec<String> = lines.into_iter().map(|line| line.text).collect();
            env.store
                .fail_switch(switch, &apps::explain_unhealthy(&reason, &instance, &lines))
                .await?;
            apps::discard(env, &instance).await;
        }
        // Tried again with the next pass.
        Err(Unhealthy::Stopped | Unhealthy::Machine(_)) => {}
    }
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
