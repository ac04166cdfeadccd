//! `aether logs`: what the app prints, or how a deployment was built.

use aether_models::{DeploymentId, DeploymentStatus, LogStream};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::args::{Logs, Server};
use crate::client::{Client, Follow, Happening, typed};
use crate::config::Config;
use crate::output::{Output, Usage};
use crate::project::{Deployment, selected};
use crate::text::for_terminal;

/// A deployment whose log may still grow ends with the event `end`; so does one that is over.
pub(crate) async fn run(server: &Server, options: &Logs, output: &Output) -> anyhow::Result<()> {
    let client = Client::signed_in(Config::load(output)?.target(server)?)?;
    let (path, build) = place(&client, options, output).await?;
    let path: Vec<&str> = path.iter().map(String::as_str).collect();
    if !options.follow {
        let lines = client.all(&path).await?;
        return lines.into_iter().try_for_each(|value| print(&value, output));
    }
    let mut stream = Follow::new(&client, output, &path);
    loop {
        match stream.next().await? {
            Happening::Line(_, value) => print(&value, output)?,
            Happening::End if build => return status_at_end(&client, &path, output).await,
            Happening::End | Happening::Status => {}
        }
    }
}

async fn place(client: &Client, options: &Logs, output: &Output) -> anyhow::Result<(Vec<String>, bool)> {
    let deployment = match &options.deployment {
        Some(id) => {
            let wrong =
                |_| Usage("a deployment's id begins with dep_; aether list --deployments shows them".into());
            Some(id.parse::<DeploymentId>().map_err(wrong)?)
        }
        None => None,
    };
    if let Some(id) = deployment {
        return Ok((vec!["deployments".into(), id.to_string(), "logs".into()], true));
    }
    let (project, _) = selected(client, &options.project, output).await?;
    if !options.build {
        return Ok((
            vec!["projects".into(), project.id.to_string(), "logs".into()],
            false,
        ));
    }
    let latest = project
        .latest_deployment
        .ok_or_else(|| anyhow::anyhow!("{} has no deployment yet", project.slug))?;
    Ok((
        vec!["deployments".into(), latest.id.to_string(), "logs".into()],
        true,
    ))
}

fn print(value: &Value, output: &Output) -> anyhow::Result<()> {
    if output.is_json() {
        return output.json(value);
    }
    // Runtime lines are numbered per instance and carry more fields; these are the ones both have.
    let line = Line::deserialize(value)?;
    let text = for_terminal(&line.text, output.colours());
    match line.stream {
        Some(LogStream::System) => output.line(&output.dim(&text)),
        _ => output.line(&text),
    }
}

#[derive(Deserialize)]
struct Line {
    text: String,
    stream: Option<LogStream>,
}

async fn status_at_end(client: &Client, path: &[&str], output: &Output) -> anyhow::Result<()> {
    let deployment: Deployment = typed(client.get(&path[..2]).await?)?;
    if output.is_json() {
        return output.json(&json!({ "status": deployment.status }));
    }
    let status = deployment.status.as_str();
    output.progress(&match deployment.status {
        DeploymentStatus::Ready => output.good(status),
        _ => output.bad(status),
    });
    Ok(())
}
