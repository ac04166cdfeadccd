//! Launching and stopping copies of a release.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use aether_models::{BuildPlan, DeploymentId, RuntimeName, UserError};
use aether_store::{Instance, InstanceState, NewInstance, StoreError};

use crate::environment::Environment;
use crate::fail_points::reached;
use crate::package_managers::PackageManager;
use crate::pipeline::StepError;
use crate::runtime::{AppContainer, AppHandle, AppSpec, RuntimeError, Stack, docker_needed};

/// Ports that turn out to be taken by others before it is given up.
const PORT_TRIES: usize = 20;
/// Time to end by itself for a copy that nobody has visited: it has no request to finish, and whoever cancelled waits.
const UNVISITED_GRACE: Duration = Duration::from_secs(2);

/// Starts all copies of a release, each on a port of its own, or gives those that run.
///
/// # Errors
/// [`StepError`].
pub(crate) async fn launch(env: &Environment, deployment: DeploymentId) -> Result<Vec<Instance>, StepError> {
    let first = launch_copy(env, deployment, 0).await?;
    let replicas = first.settings.replicas.max(1);
    let mut copies = vec![first];
    for replica in 1..replicas {
        copies.push(launch_copy(env, deployment, replica).await?);
    }
    Ok(copies)
}

async fn launch_copy(
    env: &Environment,
    deployment: DeploymentId,
    replica: u32,
) -> Result<Instance, StepError> {
    for _ in 0..PORT_TRIES {
        let instance = reserve(env, deployment, replica).await?;
        if let Some(launched) = launch_instance(env, &instance).await? {
            return Ok(launched);
        }
    }
    Err(no_port(env).into())
}

/// Starts the copy that a row describes, as after a restart of the machine; gives it with the address it is reached at.
/// None when another program has its port by now: the row is marked as stopped then, and another row gets another port.
///
/// # Errors
/// [`StepError`].
pub(crate) async fn launch_instance(
    env: &Environment,
    instance: &Instance,
) -> Result<Option<Instance>, StepError> {
    let runtime = env.runtime.of(&instance.settings)?;
    if instance.image.is_some() && runtime.name() != RuntimeName::Docker {
        return Err(docker_needed().into());
    }
    match runtime.start_app(app_spec(env, instance)?).await {
        Ok(handle) => {
            reached("container_started");
            Ok(Some(
                keep_address(env, instance, &handle, runtime.name().as_str()).await?,
            ))
        }
        Err(RuntimeError::PortTaken(port)) => {
            tracing::info!(port, instance = %instance.id, "another program has the app's port");
            set_stopped(env, instance).await;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Writes down what runs a copy and where it is reached, when that is new: a container has an address of its
/// own, and another one after each launch.
///
/// # Errors
/// [`StoreError`].
pub(crate) async fn keep_address(
    env: &Environment,
    instance: &Instance,
    handle: &AppHandle,
    runtime: &str,
) -> Result<Instance, StoreError> {
    if handle.address != instance.address || runtime != instance.runtime {
        let reserved = SocketAddr::from((Ipv4Addr::LOCALHOST, instance.port));
        let reached_at = (handle.address != reserved).then_some(handle.address);
        env.store
            .set_instance_address(instance.id, runtime, reached_at)
            .await?;
    }
    Ok(Instance {
        address: handle.address,
        runtime: runtime.to_owned(),
        ..instance.clone()
    })
}

/// Stops a copy and marks it as gone.
///
/// # Errors
/// [`RuntimeError`] when it may still run.
pub(crate) async fn stop_instance(env: &Environment, instance: &Instance) -> Result<(), RuntimeError> {
    stop_within(env, instance, env.settings.timing.stop_grace).await
}

async fn stop_within(env: &Environment, instance: &Instance, grace: Duration) -> Result<(), RuntimeError> {
    env.runtime.stop_app(instance.id, grace).await?;
    set_stopped(env, instance).await;
    Ok(())
}

/// Stops a copy that never got visitors; what goes wrong is done again by the reconciler.
pub(crate) async fn discard(env: &Environment, instance: &Instance) {
    let grace = env.settings.timing.stop_grace.min(UNVISITED_GRACE);
    if let Err(error) = stop_within(env, instance, grace).await {
        tracing::warn!(%error, instance = %instance.id, "an app could not be stopped");
    }
}

/// Stops the copies that an earlier attempt of this deployment started.
///
/// # Errors
/// [`StepError`].
pub(crate) async fn stop_leftovers(env: &Environment, deployment: DeploymentId) -> Result<(), StepError> {
    let instances = env.store.instances_on(&env.settings.node).await?;
    for instance in instances
        .iter()
        .filter(|instance| instance.deployment_id == deployment)
    {
        stop_instance(env, instance).await?;
    }
    Ok(())
}

/// A row with a port of its own: the one that was used longest ago, so that a port found taken is not chosen again.
async fn reserve(env: &Environment, deployment: DeploymentId, replica: u32) -> Result<Instance, StepError> {
    let new = NewInstance {
        deployment_id: deployment,
        node: env.settings.node.clone(),
        runtime: env.runtime.name().as_str(),
        replica,
        ports: env.settings.app_ports.clone(),
    };
    match env.store.create_instance(&new).await {
        Err(StoreError::Corrupt {
            what: "port range", ..
        }) => Err(no_port(env).into()),
        outcome => Ok(outcome?),
    }
}

fn app_spec(env: &Environment, instance: &Instance) -> Result<AppSpec, StepError> {
    let plan = instance
        .plan
        .as_ref()
        .ok_or_else(|| StepError::Retry(anyhow::anyhow!("a release has no plan")))?;
    let variables = env
        .open_variables(instance.team_id, instance.project_id, &instance.env)
        .map_err(|error| StepError::Retry(error.into()))?;
    let mut vars: BTreeMap<String, String> = variables
        .into_iter()
        .filter(|variable| variable.scope.in_runtime())
        .map(|variable| (variable.name.to_string(), variable.value))
        .collect();
    if plan.runtime_version.contains_key("node") || plan.language == "node" {
        vars.entry("NODE_ENV".to_owned())
            .or_insert_with(|| "production".to_owned());
        // `npm start` would look for a newer npm at each start.
        vars.entry("npm_config_update_notifier".to_owned())
            .or_insert_with(|| "false".to_owned());
    }
    vars.insert("AETHER".to_owned(), "1".to_owned());
    vars.insert(
        "AETHER_DEPLOYMENT_ID".to_owned(),
        instance.deployment_id.to_string(),
    );
    Ok(AppSpec {
        instance_id: instance.id,
        deployment_id: instance.deployment_id,
        project_id: instance.project_id,
        directory: env.folders.app(instance.deployment_id),
        root_dir: plan.root_dir.clone(),
        start_command: start_command(env, instance.deployment_id, plan),
        env: vars,
        port: instance.port,
        limits: instance.settings.app_limits,
        container: AppContainer {
            stack: Some(Stack::of(plan)),
            port: inner_port(instance, plan),
            image: instance.image.as_ref().map(|image| image.id.clone()),
            volumes: instance.settings.volumes.clone(),
        },
    })
}

fn start_command(env: &Environment, deployment: DeploymentId, plan: &BuildPlan) -> String {
    let command = plan.start_command.clone().unwrap_or_default();
    match PackageManager::of(plan) {
        Some(manager) => manager.start(plan, &env.folders.app(deployment), &command),
        None => command,
    }
}

/// The port that an app in a container listens on when it does not follow `PORT`: what the settings say, then the image,
/// then what detection found.
fn inner_port(instance: &Instance, plan: &BuildPlan) -> Option<u16> {
    let image = instance.image.as_ref().and_then(|image| image.port);
    instance.settings.overrides.port.or(image).or(plan.port)
}

async fn set_stopped(env: &Environment, instance: &Instance) {
    let stopped = InstanceState::Stopped;
    if let Err(error) = env
        .store
        .set_instance_state(instance.id, stopped, instance.restarts, None)
        .await
    {
        tracing::warn!(%error, instance = %instance.id, "a stopped app could not be marked so");
    }
}

fn no_port(env: &Environment) -> UserError {
    let (first, last) = (env.settings.app_ports.start(), env.settings.app_ports.end());
    UserError::new(
        "no_free_port",
        "No port is free for the app",
        format!("All ports from {first} to {last} are in use on this machine."),
    )
    .hint("Ask the operator to stop unused apps or to widen AETHER_APP_PORTS.")
}
