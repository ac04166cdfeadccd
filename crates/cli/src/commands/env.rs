//! `aether env`: a project's environment variables. Values go up and do not come back.

use std::path::Path;

use aether_models::{EnvName, check_env_value};
use anyhow::Context;
use secrecy::ExposeSecret;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::args::{Env, EnvAction, Scope, Server};
use crate::ask;
use crate::client::{Client, typed};
use crate::config::Config;
use crate::output::{Output, Usage};
use crate::project::{Project, selected};
use crate::text::for_terminal;

/// One variable on its way up.
struct Variable {
    name: EnvName,
    value: String,
}

#[derive(Deserialize)]
struct Listed {
    #[serde(alias = "key")]
    name: String,
    value: Option<String>,
    #[serde(default)]
    secret: bool,
    #[serde(default)]
    scope: String,
}

pub(crate) async fn run(server: &Server, options: &Env, output: &Output) -> anyhow::Result<()> {
    // Names and values are checked before anything is asked of the platform.
    let wanted = match &options.action {
        EnvAction::Set { variables, .. } => read_variables(variables)?,
        EnvAction::Import { file, .. } => read_file(file)?,
        EnvAction::Unset { names } => names
            .iter()
            .map(|name| named(name, String::new()))
            .collect::<Result<_, _>>()?,
        EnvAction::List => Vec::new(),
    };
    let client = Client::signed_in(Config::load(output)?.target(server)?)?;
    let (project, _) = selected(&client, &options.project, output).await?;
    match &options.action {
        EnvAction::List => return list(&client, &project, output).await,
        EnvAction::Set { public, scope, .. } => set(&client, &project, &wanted, !public, *scope).await?,
        EnvAction::Import { scope, .. } => set(&client, &project, &wanted, true, *scope).await?,
        EnvAction::Unset { .. } => unset(&client, &project, &wanted).await?,
    }
    if output.is_json() {
        return output.json(&client.get(&["projects", &project.id.to_string(), "env"]).await?);
    }
    let names: Vec<_> = wanted.iter().map(|variable| variable.name.as_str()).collect();
    let done = if matches!(options.action, EnvAction::Unset { .. }) {
        "Removed"
    } else {
        "Set"
    };
    output.progress(&format!(
        "{done} {}. The next deployment uses it: aether deploy",
        names.join(", ")
    ));
    Ok(())
}

async fn list(client: &Client, project: &Project, output: &Output) -> anyhow::Result<()> {
    let answer = client.get(&["projects", &project.id.to_string(), "env"]).await?;
    if output.is_json() {
        return output.json(&answer);
    }
    let items = answer.get("items").cloned().unwrap_or(answer);
    for item in typed::<Vec<Value>>(items)? {
        let item: Listed = typed(item)?;
        let value = match item.value {
            Some(value) if !item.secret => for_terminal(&value.replace('\n', "\\n"), false),
            _ => "(secret)".to_owned(),
        };
        output.line(&format!(
            "{}\t{value}\t{}",
            for_terminal(&item.name, false),
            for_terminal(&item.scope, false)
        ))?;
    }
    Ok(())
}

async fn set(
    client: &Client,
    project: &Project,
    variables: &[Variable],
    secret: bool,
    scope: Scope,
) -> anyhow::Result<()> {
    let id = project.id.to_string();
    for variable in variables {
        let body = json!({ "value": variable.value, "secret": secret, "scope": scope.as_str() });
        client
            .put(&["projects", &id, "env", variable.name.as_str()], body)
            .await?;
    }
    Ok(())
}

async fn unset(client: &Client, project: &Project, variables: &[Variable]) -> anyhow::Result<()> {
    let id = project.id.to_string();
    for variable in variables {
        client
            .delete(&["projects", &id, "env", variable.name.as_str()])
            .await?;
    }
    Ok(())
}

fn read_variables(given: &[String]) -> anyhow::Result<Vec<Variable>> {
    let unvalued = given.iter().filter(|text| !text.contains('=')).count();
    if unvalued > 1 {
        return Err(Usage("only one variable at a time can be read from standard input".into()).into());
    }
    given
        .iter()
        .map(|text| match text.split_once('=') {
            Some((name, value)) => named(name, value.to_owned()),
            // A value on the command line shows in the shell's history and to every user of the machine.
            None => {
                let terminal = std::io::IsTerminal::is_terminal(&std::io::stdin());
                let value = if terminal {
                    ask::secret(text, "NAME=VALUE")?.expose_secret().to_owned()
                } else {
                    ask::read_stdin("value")?
                };
                named(text, value)
            }
        })
        .collect()
}

fn read_file(path: &Path) -> anyhow::Result<Vec<Variable>> {
    let lines = dotenvy::from_path_iter(path).with_context(|| format!("reading {}", path.display()))?;
    lines
        .enumerate()
        .map(|(index, line)| {
            // The parser's own message quotes the line.
            let broken = |_| {
                Usage(format!(
                    "entry {} of {} is not NAME=VALUE",
                    index + 1,
                    path.display()
                ))
            };
            let (name, value) = line.map_err(broken)?;
            named(&name, value)
        })
        .collect()
}

fn named(name: &str, value: String) -> anyhow::Result<Variable> {
    let name: EnvName = name
        .parse()
        .map_err(|error| Usage(format!("{}: {error}", for_terminal(name, false))))?;
    check_env_value(&value).map_err(|error| Usage(format!("{}: {error}", name.as_str())))?;
    Ok(Variable { name, value })
}
