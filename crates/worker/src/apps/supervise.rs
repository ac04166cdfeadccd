//! Carries what apps print into the store, masked, a few times a second.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use aether_models::{InstanceId, LogLine};
use aether_store::{Instance, NewRuntimeLine};
use tokio_util::sync::CancellationToken;

use crate::environment::Environment;
use crate::masking::Masker;

/// Lines taken from one app at a time, so that a talkative one does not hold up the others.
const LINES_MAX: usize = 500;

/// What is known of one app's output.
struct Follower {
    instance: Instance,
    after: i64,
    masker: Masker,
}

/// Collects the output of all apps of this machine until `stop`.
pub(crate) async fn run(env: Environment, stop: CancellationToken) {
    let mut followers: HashMap<InstanceId, Follower> = HashMap::new();
    let mut timer = tokio::time::interval(env.settings.timing.runtime_log);
    timer.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = timer.tick() => {}
        }
        if let Err(error) = collect(&env, &mut followers).await {
            tracing::warn!(
                error = format!("{error:#}"),
                "the output of apps could not be collected"
            );
        }
    }
}

async fn collect(env: &Environment, followers: &mut HashMap<InstanceId, Follower>) -> anyhow::Result<()> {
    let running = env.runtime.list_instances().await?;
    followers.retain(|id, _| running.contains(id));
    for id in running {
        let follower = match followers.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(place) => match follow(env, id).await? {
                Some(follower) => place.insert(follower),
                None => continue,
            },
        };
        loop {
            let lines = env.runtime.app_log(id, follower.after, LINES_MAX).await?;
            let is_full = lines.len() == LINES_MAX;
            store(env, follower, lines).await?;
            if !is_full {
                break;
            }
        }
    }
    Ok(())
}

/// The first lines of an app's output, for an error, without the values of its secrets.
pub(crate) async fn masked_log(env: &Environment, instance: &Instance, limit: usize) -> Vec<String> {
    let lines = async {
        let masker = masker(env, instance)?;
        let lines = env.runtime.app_log(instance.id, 0, limit).await?;
        anyhow::Ok(lines.into_iter().map(|line| masker.mask(line.text)).collect())
    };
    lines.await.unwrap_or_else(|error: anyhow::Error| {
        tracing::warn!(error = format!("{error:#}"), instance = %instance.id, "an app's output could not be read");
        Vec::new()
    })
}

fn masker(env: &Environment, instance: &Instance) -> anyhow::Result<Masker> {
    let variables = env.open_variables(instance.team_id, instance.project_id, &instance.env)?;
    let secrets = variables.iter().filter(|variable| variable.secret);
    let secrets = secrets.map(|variable| (variable.name.as_str(), variable.value.as_str()));
    Ok(Masker::new(secrets).0)
}

async fn follow(env: &Environment, id: InstanceId) -> anyhow::Result<Option<Follower>> {
    let Some(instance) = env.store.instance(id).await? else {
        return Ok(None);
    };
    let after = env.store.last_runtime_seq(id).await?;
    let masker = masker(env, &instance)?;
    Ok(Some(Follower {
        instance,
        after,
        masker,
    }))
}

async fn store(env: &Environment, follower: &mut Follower, lines: Vec<LogLine>) -> anyhow::Result<()> {
    let Some(last) = lines.last().map(|line| line.seq) else {
        return Ok(());
    };
    let lines: Vec<NewRuntimeLine> = lines
        .into_iter()
        .map(|mut line| {
            line.text = follower.masker.mask(line.text);
            NewRuntimeLine {
                instance_id: follower.instance.id,
                deployment_id: follower.instance.deployment_id,
                line,
            }
        })
        .collect();
    env.store
        .append_runtime_log(follower.instance.project_id, &lines)
        .await?;
    follower.after = last;
    Ok(())
}
