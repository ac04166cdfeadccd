//! What an event is made to do, and why, in words that stand in the delivery log.

use aether_forge::{Changes, Event, PullRequest, PullRequestAction, Push, Repository, SkipMarker};
use aether_models::{AppHosts, GitRef, RepoUrl, SourceKind};
use aether_store::{DeliveryAction, ForkHead, NewPreview, PreviewOf, ProjectRecord};
use globset::{Glob, GlobSet, GlobSetBuilder};

/// Branches that production follows when neither the project nor the provider names one.
const USUAL_BRANCHES: &[&str] = &["main", "master"];

/// Decides.
pub(super) fn decide(record: &ProjectRecord, hosts: &AppHosts, forge: &str, event: &Event) -> DeliveryAction {
    if record.project.source.kind() == SourceKind::Upload {
        return ignore("the project has no repository; it is deployed by sending its folder");
    }
    let repository = event.repository();
    if repository.is_some_and(|named| !names_repository(record, forge, named)) {
        return ignore("it is about another repository");
    }
    match event {
        Event::Ping => ignore("ping"),
        Event::Unknown => ignore("nothing is done for this kind of event"),
        Event::Tag { name, .. } => ignore(format!("tag `{name}`: only branches deploy")),
        Event::BranchDeleted { branch, .. } => DeliveryAction::Remove {
            of: PreviewOf::Branch(branch.clone()),
            reason: format!("branch `{branch}` was deleted"),
        },
        Event::Push(push) => decide_push(record, hosts, push),
        Event::PullRequest(request) => decide_pull_request(record, hosts, request),
    }
}

/// The repository of a delivery is the project's: by the provider's id once that is known, by address before.
pub(super) fn names_repository(record: &ProjectRecord, forge: &str, named: &Repository) -> bool {
    match (&record.repository_id, &named.id) {
        (Some((known_forge, known)), Some(id)) if known_forge == forge => known == id,
        _ => record.project.source.repo_url().is_some_and(|url| named.is(url)),
    }
}

fn decide_push(record: &ProjectRecord, hosts: &AppHosts, push: &Push) -> DeliveryAction {
    let (settings, branch) = (&record.project.settings, &push.branch);
    let is_production = is_production_branch(record, push);
    if !settings.auto_deploy {
        return ignore(SWITCHED_OFF);
    }
    if !is_production && !globs(&settings.preview_branches).is_match(branch.as_str()) {
        return ignore(format!("branch `{branch}` has no environment"));
    }
    if let Some(marker) = push.skip_marker() {
        return ignore(format!("the commit message says `{}`", marker.as_str()));
    }
    let mut reason = format!("push of {:.7} to `{branch}`", push.commit);
    match watched(&settings.watch_paths, &push.changes) {
        Watched::Unchanged(count) => {
            return ignore(format!(
                "none of the {count} changed files is in the watched paths"
            ));
        }
        Watched::Unknown(why) => reason = format!("{reason} (watched paths were not looked at: {why})"),
        Watched::Everything | Watched::Changed => {}
    }
    if is_production {
        return DeliveryAction::Deploy {
            branch: branch.clone(),
            reason,
        };
    }
    let preview = NewPreview {
        of: PreviewOf::Branch(branch.clone()),
        host: hosts.branch_preview(&record.project.slug, branch),
        git_ref: branch.clone(),
        head: Some(push.commit.clone()),
        from_fork: false,
        fork: None,
        title: None,
        page_url: None,
        opened: true,
        max: settings.preview_max,
    };
    DeliveryAction::Preview {
        preview: Box::new(preview),
        reason,
    }
}

fn decide_pull_request(record: &ProjectRecord, hosts: &AppHosts, request: &PullRequest) -> DeliveryAction {
    let (settings, number) = (&record.project.settings, request.number);
    if request.action == PullRequestAction::Closed {
        return DeliveryAction::Remove {
            of: PreviewOf::PullRequest(number),
            reason: format!("pull request #{number} was closed"),
        };
    }
    if request.action == PullRequestAction::Other {
        return ignore(format!("pull request #{number}: its code did not change"));
    }
    if !settings.auto_deploy {
        return ignore(SWITCHED_OFF);
    }
    if !settings.preview_pull_requests {
        return ignore("previews of pull requests are switched off for this project");
    }
    if let Some(marker) = SkipMarker::find(&request.title) {
        return ignore(format!("the title says `{}`", marker.as_str()));
    }
    // A branch of our own is built by its name; the head of a fork's only has a ref here.
    let git_ref = match (request.from_fork, &request.branch) {
        (false, Some(branch)) => Some(branch.clone()),
        _ => request.fetch_ref.clone(),
    };
    let fork = fork_head(record, request);
    let git_ref = git_ref.or_else(|| request.branch.clone().filter(|_| fork.is_some()));
    let Some(git_ref) = git_ref else {
        return ignore(format!(
            "pull request #{number} comes from a fork, and its provider has no ref for it here"
        ));
    };
    if request.from_fork && request.commit.is_none() && fork.is_none() {
        return ignore(format!(
            "pull request #{number} comes from a fork and names no commit"
        ));
    }
    let what = if request.action == PullRequestAction::Opened {
        "was opened"
    } else {
        "has a new head"
    };
    let preview = NewPreview {
        of: PreviewOf::PullRequest(number),
        host: hosts.pull_request_preview(&record.project.slug, number),
        git_ref,
        head: request.commit.clone(),
        from_fork: request.from_fork,
        fork,
        title: Some(
            request
                .title
                .chars()
                .take(TITLE_MAX)
                .filter(|c| !c.is_control())
                .collect(),
        ),
        page_url: request
            .url
            .clone()
            .filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        opened: request.action == PullRequestAction::Opened,
        max: settings.preview_max,
    };
    DeliveryAction::Preview {
        preview: Box::new(preview),
        reason: format!("pull request #{number} {what}"),
    }
}

/// Where the head of a fork's request is, when only the fork has it. A fork is at the server of what it was forked from.
fn fork_head(record: &ProjectRecord, request: &PullRequest) -> Option<ForkHead> {
    let fork = request.fork.as_ref().filter(|_| request.fetch_ref.is_none())?;
    let url: RepoUrl = fork.url.parse().ok()?;
    let own = record.project.source.repo_url()?.url();
    let is_neighbour = own.host_str() == url.url().host_str() && !url.is_ssh();
    is_neighbour.then(|| ForkHead {
        url,
        start: fork.head_start.clone(),
    })
}

const SWITCHED_OFF: &str = "automatic deployment is switched off for this project";
/// Longest title that is kept.
const TITLE_MAX: usize = 200;

fn ignore(reason: impl Into<String>) -> DeliveryAction {
    DeliveryAction::Ignore {
        reason: reason.into(),
    }
}

fn is_production_branch(record: &ProjectRecord, push: &Push) -> bool {
    let named = record.project.branch.as_ref().map(GitRef::short);
    let default = push
        .repository
        .as_ref()
        .and_then(|repository| repository.default_branch.as_deref());
    match named.or(default) {
        Some(branch) => push.branch.as_str() == branch,
        None => USUAL_BRANCHES.contains(&push.branch.as_str()),
    }
}

/// What a push means for the watched paths.
enum Watched {
    /// No paths are watched in particular.
    Everything,
    /// One of the files is watched.
    Changed,
    /// None of so many files is.
    Unchanged(usize),
    /// Nobody knows the files, for this reason.
    Unknown(&'static str),
}

fn watched(paths: &[String], changes: &Changes) -> Watched {
    if paths.is_empty() {
        return Watched::Everything;
    }
    match changes {
        Changes::Unknown(why) => Watched::Unknown(why),
        Changes::Known(files) => {
            let globs = globs(paths);
            if files.iter().any(|file| globs.is_match(file)) {
                Watched::Changed
            } else {
                Watched::Unchanged(files.len())
            }
        }
    }
}

/// Globs as they were checked when they were saved; a folder stands for all that is in it.
fn globs(patterns: &[String]) -> GlobSet {
    let mut set = GlobSetBuilder::new();
    for pattern in patterns {
        let inside = format!("{}/**", pattern.trim_end_matches('/'));
        for pattern in [pattern.as_str(), inside.as_str()] {
            if let Ok(glob) = Glob::new(pattern) {
                set.add(glob);
            }
        }
    }
    set.build().unwrap_or_default()
}
