//! Whether an event deploys, and why, in words that stand in the delivery log.

use aether_forge::{Event, Push};
use aether_models::GitRef;
use aether_store::ProjectRecord;

/// Branches that production follows when neither the project nor the provider names one.
const USUAL_BRANCHES: &[&str] = &["main", "master"];

/// What to do about an event.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    /// Deploy this branch.
    Deploy { branch: GitRef, reason: String },
    /// Do nothing.
    Ignore { reason: String },
}

/// Decides.
pub(super) fn decide(record: &ProjectRecord, event: &Event) -> Decision {
    let ignore = |reason: &str| Decision::Ignore {
        reason: reason.to_owned(),
    };
    match event {
        Event::Ping => ignore("ping"),
        Event::Tag { name } => ignore(&format!("tag `{name}`: only branches deploy")),
        Event::BranchDeleted { branch, .. } => ignore(&format!("branch `{branch}` was deleted")),
        Event::Unknown => ignore("nothing is done for this kind of event"),
        Event::Push(push) => decide_push(record, push),
    }
}

fn decide_push(record: &ProjectRecord, push: &Push) -> Decision {
    match objection(record, push) {
        Some(reason) => Decision::Ignore { reason },
        None => Decision::Deploy {
            branch: push.branch.clone(),
            reason: format!("push of {:.7} to `{}`", push.commit, push.branch),
        },
    }
}

fn objection(record: &ProjectRecord, push: &Push) -> Option<String> {
    let project = &record.project;
    let Some(repo_url) = project.source.repo_url() else {
        return Some("this project has no repository".to_owned());
    };
    if push
        .repository
        .as_ref()
        .is_some_and(|repository| !repository.is(repo_url))
    {
        return Some("the push went to another repository".to_owned());
    }
    if !project.settings.auto_deploy {
        return Some("automatic deployment is switched off for this project".to_owned());
    }
    if !is_production_branch(record, push) {
        return Some(format!("branch `{}` has no environment", push.branch));
    }
    push.skip_marker()
        .map(|marker| format!("the commit message says `{}`", marker.as_str()))
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
