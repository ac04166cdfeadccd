//! `aether deploy`: asks for a deployment and stays until it is live, or says why it is not.

use aether_models::{DeploymentStatus, Step, StepOutcome};
use anyhow::Context;
use serde_json::{Value, json};
use tokio::signal::unix::{SignalKind, signal};

use crate::args::{Deploy, Server};
use crate::client::{Client, Follow, Happening, typed};
use crate::config::Config;
use crate::link::Link;
use crate::output::{Interrupted, Output, Told, Usage};
use crate::project::{Deployment, Project, selected_or_made};
use crate::repository::Checkout;
use crate::text::{duration, for_terminal};
use crate::upload;

pub(crate) async fn run(server: &Server, options: &Deploy, output: &Output) -> anyhow::Result<()> {
    let client = Client::signed_in(Config::load(output)?.target(server)?)?;
    let project = selected_or_made(&client, &options.project, &options.new, options.local, output).await?;
    let body = what(&client, &project, options, output).await?;
    let path = ["projects", &project.id.to_string(), "deployments"];
    // Before anything is asked for: once it may have been accepted, Ctrl-C has to say that it goes on.
    let mut interrupts = signal(SignalKind::interrupt())?;
    let created = client.post_once(&path, body).await?;
    let deployment: Deployment = typed(created.clone())?;
    if options.no_wait {
        return if output.is_json() {
            output.json(&created)
        } else {
            output.line(&deployment.id.to_string())
        };
    }
    output.progress(&format!(
        "Deploying {} #{} ({})",
        output.bold(project.slug.as_str()),
        deployment.number,
        for_terminal(&deployment.git_ref, false)
    ));
    tokio::select! {
        followed = follow(&client, &deployment, output) => finish(&client, &project, followed?, output).await,
        _ = interrupts.recv() => {
            // From here on Ctrl-C ends the command at once, should anything hang.
            tokio::spawn(async move {
                interrupts.recv().await;
                std::process::exit(130);
            });
            output.note(&format!(
                "\nNo longer following. The deployment goes on; see it with: aether logs --follow {}",
                deployment.id
            ));
            Err(Interrupted.into())
        }
    }
}

/// What is to be deployed: a ref, or this folder, which is sent first.
async fn what(
    client: &Client,
    project: &Project,
    options: &Deploy,
    output: &Output,
) -> anyhow::Result<Value> {
    let mut body = json!({});
    if options.local || is_sent(client, project, options, output)? {
        let here = std::env::current_dir().context("the working directory is gone")?;
        let upload = upload::send(client, project, &Checkout::root_of(&here), output).await?;
        body["upload"] = json!(upload);
    } else if let Some(git_ref) = &options.git_ref {
        body["ref"] = json!(git_ref);
    }
    if options.preview {
        body["preview"] = json!(true);
    }
    Ok(body)
}

/// This folder is linked to the project, which has no repository, or the folder no Git remote that the platform could
/// fetch. A folder that is not linked is never sent by itself: it may be anything.
fn is_sent(client: &Client, project: &Project, options: &Deploy, output: &Output) -> anyhow::Result<bool> {
    let is_linked = Link::find(client.base(), output).is_some_and(|link| link.project == project.id);
    if project.is_sent() {
        if options.git_ref.is_some() || !is_linked {
            let message = format!(
                "the project {} has no repository; send it a folder with: aether deploy --local",
                project.slug
            );
            return Err(Usage(message).into());
        }
        return Ok(true);
    }
    let asked = options.git_ref.is_some() || options.new.repo.is_some() || options.project.project.is_some();
    let here = std::env::current_dir().context("the working directory is gone")?;
    let has_remote = Checkout::find(&here).is_some_and(|checkout| checkout.origin.is_some());
    Ok(!asked && !has_remote && is_linked)
}

/// Prints the steps and the log until the deployment ends; answers with how it stands then.
async fn follow(client: &Client, deployment: &Deployment, output: &Output) -> anyhow::Result<Value> {
    let id = deployment.id.to_string();
    let mut stream = Follow::new(client, output, &["deployments", &id, "logs"]);
    let mut progress = Progress {
        output,
        shown: None,
        told: Vec::new(),
    };
    loop {
        match stream.next().await? {
            Happening::Line(line, _) => {
                progress.enter(line.step);
                output.progress(&format!("  {}", for_terminal(&line.text, output.colours())));
            }
            happening => {
                let value = client.get(&["deployments", &id]).await?;
                let now: Deployment = typed(value.clone())?;
                let over = now.status.is_terminal();
                if over && happening != Happening::End {
                    // Its last lines are still on their way.
                    continue;
                }
                progress.tell(&now);
                if over {
                    return Ok(value);
                }
            }
        }
    }
}

/// What has been printed of the steps.
struct Progress<'a> {
    output: &'a Output,
    shown: Option<Step>,
    told: Vec<Step>,
}

impl Progress<'_> {
    fn enter(&mut self, step: Option<Step>) {
        if let Some(step) = step.filter(|step| self.shown != Some(*step)) {
            self.shown = Some(step);
            self.output
                .progress(&self.output.bold(&format!("> {}", step.as_str())));
        }
    }

    /// Each step once, when it is over.
    fn tell(&mut self, deployment: &Deployment) {
        for record in &deployment.steps {
            let Some(outcome) = record.outcome else { continue };
            if self.told.contains(&record.step) {
                continue;
            }
            self.told.push(record.step);
            let took = record
                .finished_at
                .map(|end| (end - record.started_at).num_milliseconds().max(0));
            let took = self.output.dim(&took.map(duration).unwrap_or_default());
            let name = record.step.as_str();
            let line = match outcome {
                StepOutcome::Succeeded => format!("{} {name} {took}", self.output.good("✓")),
                StepOutcome::Skipped => self.output.dim(&format!("- {name} (nothing to do)")),
                StepOutcome::Failed | StepOutcome::Cancelled => {
                    format!("{} {name} {} {took}", self.output.bad("✗"), outcome.as_str())
                }
            };
            self.output.progress(&line);
        }
    }
}

async fn finish(client: &Client, project: &Project, value: Value, output: &Output) -> anyhow::Result<()> {
    let deployment: Deployment = typed(value.clone())?;
    if output.is_json() {
        output.json(&value)?;
    }
    if deployment.status == DeploymentStatus::Ready {
        return told_ready(client, project, &deployment, output).await;
    }
    if !output.is_json() {
        told_failed(&deployment, output);
    }
    Err(Told.into())
}

async fn told_ready(
    client: &Client,
    project: &Project,
    deployment: &Deployment,
    output: &Output,
) -> anyhow::Result<()> {
    if output.is_json() {
        return Ok(());
    }
    let took = deployment.duration_ms.map(duration).unwrap_or_default();
    output.progress(&format!("{} in {took}", output.good("Ready")));
    // The project's address may have changed since, and shows another deployment when a newer one went live first.
    let now: Project = typed(client.get(&["projects", &project.id.to_string()]).await?)?;
    let live = now
        .live_deployment
        .as_ref()
        .is_some_and(|live| live.id == deployment.id);
    if live {
        output.progress(&output.dim(&format!("this deployment: {}", deployment.url)));
    }
    output.line(if live { &now.url } else { &deployment.url })
}

fn told_failed(deployment: &Deployment, output: &Output) {
    let text = |text: &str| {
        text.lines()
            .map(|line| for_terminal(line, false))
            .collect::<Vec<_>>()
            .join("\n  ")
    };
    let status = deployment.status.as_str().to_lowercase();
    match &deployment.error {
        Some(error) => {
            output.note(&format!(
                "{} {}",
                output.bad(&format!("{status}:")),
                text(&error.title)
            ));
            if !error.detail.is_empty() {
                output.note(&format!("  {}", text(&error.detail)));
            }
            if let Some(hint) = &error.hint {
                output.note(&format!("{} {}", output.bold("hint:"), text(hint)));
            }
        }
        None => output.note(&output.bad(&format!("The deployment was {status}."))),
    }
}
