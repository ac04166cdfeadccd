//! `aether list`: projects, or the deployments of one.

use aether_models::DeploymentStatus;
use serde_json::Value;

use crate::args::{List, Server};
use crate::client::{Client, typed};
use crate::config::Config;
use crate::output::Output;
use crate::project::{Deployment, Project, selected};
use crate::text::for_terminal;

pub(crate) async fn run(server: &Server, options: &List, output: &Output) -> anyhow::Result<()> {
    let client = Client::signed_in(Config::load(output)?.target(server)?)?;
    if !options.deployments {
        return projects(client.all(&["projects"]).await?, output);
    }
    let (project, _) = selected(&client, &options.project, output).await?;
    // A project may have thousands; the newest are what one looks for.
    let items = client
        .first_page(&["projects", &project.id.to_string(), "deployments"])
        .await?;
    deployments(items, output)
}

fn projects(items: Vec<Value>, output: &Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&items);
    }
    if items.is_empty() {
        output.progress("No projects yet. Make one with: aether deploy");
    }
    let projects = items
        .into_iter()
        .map(typed::<Project>)
        .collect::<anyhow::Result<Vec<_>>>()?;
    let width = projects
        .iter()
        .map(|project| project.slug.as_str().len())
        .max()
        .unwrap_or_default();
    for project in projects {
        let state = match (&project.live_deployment, &project.latest_deployment) {
            (Some(live), _) => format!("#{} live", live.number),
            (None, Some(latest)) => latest.status.as_str().to_lowercase(),
            (None, None) => "never deployed".to_owned(),
        };
        let slug = project.slug.as_str();
        output.line(&format!(
            "{slug:width$}  {state:<16}  {}",
            for_terminal(&project.url, false)
        ))?;
    }
    Ok(())
}

fn deployments(items: Vec<Value>, output: &Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(&items);
    }
    for value in items {
        let deployment: Deployment = typed(value)?;
        let live = if deployment.live { " (live)" } else { "" };
        let status = format!("{}{live}", deployment.status.as_str().to_lowercase());
        let status = match deployment.status {
            DeploymentStatus::Ready if deployment.live => output.good(&format!("{status:<16}")),
            DeploymentStatus::Failed => output.bad(&format!("{status:<16}")),
            _ => format!("{status:<16}"),
        };
        let commit = deployment
            .commit
            .as_ref()
            .map(|commit| commit.short())
            .unwrap_or_default();
        let at = for_terminal(&deployment.created_at, false);
        output.line(&format!(
            "#{:<5} {status} {}  {at}  {commit}",
            deployment.number, deployment.id
        ))?;
    }
    Ok(())
}
