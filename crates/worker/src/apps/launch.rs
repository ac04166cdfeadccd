//! Launching and stopping copies of a release.

use aether_models::{BuildPlan, DeploymentId, UserError};
use aether_store::{Instance, InstanceState, NewInstance, StoreError};
use std::collections::BTreeMap;

use crate::environment::Environment;
use crate::package_managers::PackageManager;
use crate::pipeline::StepError;
use crate::runtime::{AppContainer, AppHandle, AppSpec, RuntimeError, Stack};

/// Ports that turn out to be taken by others before it is given up.
const PORT_TRIES: usize = 20;

/// Starts a copy of a release on a port of its own, or gives the one that runs.
///
/// # Errors
/// [`StepError`].
pub(crate) async fn launch(
    env: &Environment,
    deployment: DeploymentId,
) -> Result<(Instance, AppHandle), StepError> {
    for _ in 0..PORT_TRIES {
        let instance = reserve(env, deployment).await?;
        if let Some(handle) = launch_instance(env, &instance).await? {
            return Ok((instance, handle));
        }
    }
    Err(no_port(env).into())
}

/// Starts the copy that a row describes, as after a restart of the machine. None when another program has its port by
/// now: the row is marked as stopped then, and another row gets another port.
///
/// # Errors
/// [`StepError`].
pub(crate) async fn launch_instance(
    env: &Environment,
    instance: &Instance,
) -> Result<Option<AppHandle>, StepError> {
    let spec = app_spec(env, instance)?;
    match env.runtime.start_app(spec).await {
        Ok(handle) => Ok(Some(handle)),
        Err(RuntimeError::PortTaken(port)) => {
            tracing::info!(port, instance = %instance.id, "another program has the app's port");
            set_stopped(env, instance).await;
            Ok(None)
        }
        Err(error) => Err(error.into()),
    }
}

/// Stops a copy and marks it as gone.
///
/// # Errors
/// [`RuntimeError`] when it may still run.
pub(crate) async fn stop_instance(env: &Environment, instance: &Instance) -> Result<(), RuntimeError> {
    env.runtime
        .stop_app(instance.id, env.settings.timing.stop_grace)
        .await?;
    set_stopped(env, instance).await;
    Ok(())
}

/// Stops a copy that never got visitors; what goes wrong is done again by the reconciler.
pub(crate) async fn discard(env: &Environment, instance: &Instance) {
    if let Err(error) = stop_instance(env, instance).await {
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
async fn reserve(env: &Environment, deployment: DeploymentId) -> Result<Instance, StepError> {
    let new = NewInstance {
        deployment_id: deployment,
        node: env.settings.node.clone(),
        runtime: env.runtime.name(),
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
        port: instance.address.port(),
        limits: instance.settings.app_limits,
        container: AppContainer {
            stack: Some(Stack::of(plan)),
            ..AppContainer::default()
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
