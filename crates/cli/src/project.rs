//! The project a command works on: named, linked, found by its repository, or made.

use std::path::{Path, PathBuf};

use aether_models::{DeploymentId, DeploymentStatus, ProjectId, Slug, StepRecord, UserError};
use anyhow::{Context, bail};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::args::{NewProject, Project as Selection};
use crate::ask;
use crate::client::{Client, typed};
use crate::link::Link;
use crate::output::{Output, Usage};
use crate::repository::{Checkout, repo_url};
use crate::text::for_terminal;

/// What we read of a project.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Project {
    pub(crate) id: ProjectId,
    pub(crate) slug: Slug,
    /// `git`, `template` or `upload`.
    #[serde(default)]
    pub(crate) source: String,
    #[serde(default)]
    pub(crate) repo_url: Option<String>,
    #[serde(default)]
    pub(crate) root_dir: String,
    pub(crate) url: String,
    pub(crate) live_deployment: Option<Deployment>,
    pub(crate) latest_deployment: Option<Deployment>,
}

/// What we read of a deployment.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Deployment {
    pub(crate) id: DeploymentId,
    pub(crate) number: i32,
    pub(crate) status: DeploymentStatus,
    pub(crate) url: String,
    pub(crate) live: bool,
    #[serde(rename = "ref")]
    pub(crate) git_ref: String,
    pub(crate) commit: Option<Commit>,
    pub(crate) duration_ms: Option<i64>,
    #[serde(default)]
    pub(crate) steps: Vec<StepRecord>,
    pub(crate) error: Option<UserError>,
    pub(crate) created_at: String,
}

/// What we read of a commit.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Commit {
    pub(crate) sha: String,
    #[serde(default)]
    pub(crate) message: String,
}

impl Commit {
    /// The first characters of its id and the first line of its message.
    pub(crate) fn short(&self) -> String {
        let sha = self.sha.get(..7).unwrap_or(&self.sha);
        format!(
            "{sha} {}",
            for_terminal(self.message.lines().next().unwrap_or_default(), false)
        )
    }
}

/// The project that is named or linked; wrong usage when there is none.
pub(crate) async fn selected(
    client: &Client,
    selection: &Selection,
    output: &Output,
) -> anyhow::Result<(Project, Value)> {
    let name = match named(selection)? {
        Some(name) => name,
        None => match Link::find(client.base(), output) {
            Some(link) => link.project.to_string(),
            None => {
                let message =
                    "this folder is linked to no project; run aether init, or name one with --project";
                return Err(Usage(message.into()).into());
            }
        },
    };
    load(client, &name).await
}

/// What a project is made of that does not exist yet.
enum Origin {
    /// A repository, by its address.
    Repository(String),
    /// This folder, which is sent.
    Folder(PathBuf),
}

impl Project {
    /// It has no repository: folders are sent to it.
    pub(crate) fn is_sent(&self) -> bool {
        self.source == "upload"
    }
}

/// The project that is named or linked, or that has this repository, or a new one. A folder that has no remote, or is to
/// be sent as it is (`local`), becomes a project without a repository.
pub(crate) async fn selected_or_made(
    client: &Client,
    selection: &Selection,
    new: &NewProject,
    local: bool,
    output: &Output,
) -> anyhow::Result<Project> {
    let linked = if new.repo.is_some() {
        None
    } else {
        Link::find(client.base(), output)
    };
    let name = named(selection)?.or_else(|| linked.map(|link| link.project.to_string()));
    if let Some(name) = name {
        return Ok(load(client, &name).await?.0);
    }
    let known = match remote(new)? {
        Some(address) => same_repository(client, &address, new).await?,
        None => None,
    };
    let project = match known {
        Some(project) => {
            output.progress(&format!(
                "Using the project {} ({})",
                project.slug,
                for_terminal(project.repo_url.as_deref().unwrap_or_default(), false)
            ));
            project
        }
        None => make(client, origin(new, local)?, new, output).await?,
    };
    // Without a checkout the link would say that this folder is that repository.
    if new.repo.is_none() {
        Link::write(client.base(), project.id, project.slug.clone())?;
    }
    Ok(project)
}

/// Checks a name before it becomes part of an address.
fn named(selection: &Selection) -> anyhow::Result<Option<String>> {
    let Some(name) = &selection.project else {
        return Ok(None);
    };
    if name.parse::<ProjectId>().is_err() && name.parse::<Slug>().is_err() {
        return Err(Usage("--project takes a project's slug or id".into()).into());
    }
    Ok(Some(name.clone()))
}

async fn load(client: &Client, name: &str) -> anyhow::Result<(Project, Value)> {
    let value = client.get(&["projects", name]).await?;
    Ok((typed(value.clone())?, value))
}

async fn same_repository(
    client: &Client,
    address: &str,
    new: &NewProject,
) -> anyhow::Result<Option<Project>> {
    if new.name.is_some() {
        return Ok(None);
    }
    let plain = |address: &str| {
        let without = aether_models::RepoUrl::from_pasted(address).map(|(url, _)| url.as_str().to_owned());
        without
            .unwrap_or_default()
            .trim_end_matches(".git")
            .to_ascii_lowercase()
    };
    let folder = |folder: &str| {
        folder
            .trim_start_matches("./")
            .trim_matches(['/', '.'])
            .to_owned()
    };
    let wanted = (plain(address), folder(new.root_dir.as_deref().unwrap_or(".")));
    for value in client.all(&["projects"]).await? {
        let project: Project = typed(value)?;
        let Some(repo_url) = &project.repo_url else {
            continue;
        };
        if (plain(repo_url), folder(&project.root_dir)) == wanted {
            return Ok(Some(project));
        }
    }
    Ok(None)
}

/// Address of the repository that is named, or that this folder was cloned from.
fn remote(new: &NewProject) -> anyhow::Result<Option<String>> {
    let here = std::env::current_dir().context("the working directory is gone")?;
    let has_one =
        new.repo.is_some() || Checkout::find(&here).is_some_and(|checkout| checkout.origin.is_some());
    // A remote that is a folder of this machine is of no use to the platform.
    match (has_one, &new.repo) {
        (true, Some(_)) => repo_url(new.repo.as_deref()).map(Some),
        (true, None) => Ok(repo_url(None).ok()),
        (false, _) => Ok(None),
    }
}

fn origin(new: &NewProject, local: bool) -> anyhow::Result<Origin> {
    if !local && let Some(address) = remote(new)? {
        return Ok(Origin::Repository(address));
    }
    let here = std::env::current_dir().context("the working directory is gone")?;
    let folder = Checkout::root_of(&here);
    let home = std::env::var_os("HOME").map(PathBuf::from);
    if folder.parent().is_none() || home.is_some_and(|home| home == folder) {
        let message = "a home directory or a whole machine is not sent; go into the project's folder first, or name a \
            repository with --repo URL";
        return Err(Usage(message.into()).into());
    }
    Ok(Origin::Folder(folder))
}

/// Name of a project that is made of a folder.
fn folder_name(folder: &Path, new: &NewProject) -> anyhow::Result<String> {
    let own = || Some(folder.file_name()?.to_str()?.to_owned());
    let name = new.name.clone().or_else(own);
    name.ok_or_else(|| Usage("this folder's name is no name for a project; use --name".into()).into())
}

async fn make(client: &Client, origin: Origin, new: &NewProject, output: &Output) -> anyhow::Result<Project> {
    let (question, mut body) = match &origin {
        Origin::Repository(address) => {
            let shown = aether_models::RepoUrl::from_pasted(address)
                .map(|(url, _)| url.as_str().to_owned())
                .unwrap_or_default();
            (
                format!("Make a project for {shown}?"),
                json!({ "repo_url": address }),
            )
        }
        Origin::Folder(folder) => {
            let name = folder_name(folder, new)?;
            let shown = for_terminal(&folder.to_string_lossy(), false);
            let question = format!(
                "Make the project {} and send it the folder {shown}?",
                for_terminal(&name, false)
            );
            (question, json!({ "source": "upload", "name": name }))
        }
    };
    if !new.yes && !ask::confirm(&question, "--yes")? {
        bail!("no project was made");
    }
    for (key, value) in [
        ("name", &new.name),
        ("branch", &new.branch),
        ("root_dir", &new.root_dir),
    ] {
        if let Some(value) = value {
            body[key] = json!(value);
        }
    }
    let project: Project = typed(client.post(&["projects"], body).await?)?;
    output.progress(&format!(
        "Made the project {}",
        output.bold(project.slug.as_str())
    ));
    Ok(project)
}
