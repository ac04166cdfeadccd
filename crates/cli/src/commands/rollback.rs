//! `aether rollback`: makes an earlier deployment live again.

use std::time::Duration;

use aether_models::{DeploymentId, DeploymentStatus};
use anyhow::bail;
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::args::{Rollback, Server};
use crate::ask;
use crate::client::{Client, typed};
use crate::config::Config;
use crate::output::{Output, Usage};
use crate::project::{Deployment, Project, selected};

/// Longer than an app may take to become healthy by default.
const START_PATIENCE: Duration = Duration::from_secs(120);
const POLL: Duration = Duration::from_millis(300);

pub(crate) async fn run(server: &Server, options: &Rollback, output: &Output) -> anyhow::Result<()> {
    let wanted = options.deployment.as_deref().map(Wanted::parse).transpose()?;
    let client = Client::signed_in(Config::load(output)?.target(server)?)?;
    let (project, _) = selected(&client, &options.project, output).await?;
    let deployment = choose(&client, &project, wanted).await?;
    let commit = deployment
        .commit
        .as_ref()
        .map(|commit| commit.short())
        .unwrap_or_default();
    let question = format!("Make #{} ({commit}) live on {}?", deployment.number, project.slug);
    if !options.yes && !ask::confirm(&question, "--yes")? {
        bail!("nothing was changed");
    }
    let path = ["projects", &project.id.to_string(), "rollback"];
    let answer = client
        .post(&path, json!({ "deployment_id": deployment.id }))
        .await?;
    if output.is_json() {
        return output.json(&answer);
    }
    if answer.get("status").and_then(Value::as_str) == Some("pending") {
        output.progress("Its app is being started first");
        wait_until_live(&client, &project, &deployment).await?;
    }
    output.progress(&format!(
        "{} #{} is live",
        output.good("Done:"),
        deployment.number
    ));
    output.line(&project.url)
}

async fn wait_until_live(client: &Client, project: &Project, wanted: &Deployment) -> anyhow::Result<()> {
    let deadline = Instant::now() + START_PATIENCE;
    while Instant::now() < deadline {
        let now: Project = typed(client.get(&["projects", &project.id.to_string()]).await?)?;
        if now.live_deployment.is_some_and(|live| live.id == wanted.id) {
            return Ok(());
        }
        sleep(POLL).await;
    }
    bail!(
        "#{} is not live after {} s; see what its app prints with: aether logs",
        wanted.number,
        START_PATIENCE.as_secs()
    )
}

enum Wanted {
    Id(DeploymentId),
    Number(i32),
}

impl Wanted {
    fn parse(text: &str) -> Result<Self, Usage> {
        let number = text.trim_start_matches('#').parse().map(Self::Number);
        let wanted = number.or_else(|_| text.parse().map(Self::Id));
        wanted.map_err(|_| Usage("a deployment is named by its number or its id".into()))
    }

    fn is(&self, deployment: &Deployment) -> bool {
        match self {
            Self::Id(id) => deployment.id == *id,
            Self::Number(number) => deployment.number == *number,
        }
    }
}

/// Without a wish: the newest finished one that is older than the live one.
async fn choose(client: &Client, project: &Project, wanted: Option<Wanted>) -> anyhow::Result<Deployment> {
    let live = project
        .live_deployment
        .as_ref()
        .map_or(i32::MAX, |live| live.number);
    let path = ["projects", &project.id.to_string(), "deployments"];
    for value in client.all(&path).await? {
        let deployment: Deployment = typed(value)?;
        let fits = match &wanted {
            Some(wanted) => wanted.is(&deployment),
            None => deployment.status == DeploymentStatus::Ready && deployment.number < live,
        };
        if fits {
            return Ok(deployment);
        }
    }
    match wanted {
        Some(_) => bail!("{} has no such deployment", project.slug),
        None => bail!("{} has no earlier deployment to go back to", project.slug),
    }
}
