//! Which candidate is the best one, and whether it may be taken without asking.

use std::cmp::Reverse;

use aether_models::{Confidence, PlanKind};

use crate::draft::Draft;

/// What the candidates amount to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The first one is the plan.
    Clear,
    /// The first one is a guess.
    Guess,
    /// The first one asks for something that cannot be had.
    Refused,
    /// Several apps of the repository are equally good; their folders.
    Several(Vec<String>),
    Nothing,
}

/// Puts the best candidate first: the wanted framework, then the surest, then the root's own, then the program
/// before its pages. The order in which they were found breaks ties.
pub(crate) fn order(drafts: &mut [Draft], wanted: Option<&str>) -> Standing {
    let is_wanted = |draft: &Draft| wanted.is_some() && draft.plan.framework.as_deref() == wanted;
    drafts.sort_by_cached_key(|draft| {
        let elsewhere = draft.member.is_some();
        (
            !is_wanted(draft),
            Reverse(draft.plan.confidence),
            !draft.preferred,
            elsewhere,
            Reverse(weight(draft)),
        )
    });
    let Some(first) = drafts.first() else {
        return Standing::Nothing;
    };
    if !first.problems.is_empty() {
        return Standing::Refused;
    }
    if first.plan.confidence == Confidence::Low {
        return if is_wanted(first) {
            Standing::Clear
        } else {
            Standing::Guess
        };
    }
    let equal = drafts.iter().filter(|draft| {
        draft.plan.confidence == first.plan.confidence && is_wanted(draft) == is_wanted(first)
    });
    let mut folders: Vec<String> = equal.filter_map(|draft| draft.member.clone()).collect();
    let mut seen = std::collections::BTreeSet::new();
    folders.retain(|folder| seen.insert(folder.clone()));
    if first.member.is_some() && !first.preferred && folders.len() > 1 {
        return Standing::Several(folders);
    }
    Standing::Clear
}

/// Members of a workspace that are libraries are not candidates.
pub(crate) fn is_app(draft: &Draft) -> bool {
    let plan = &draft.plan;
    plan.confidence > Confidence::Low || plan.framework.is_some() || !draft.problems.is_empty()
}

/// Of two equally sure plans for one folder, which is the app and which its helper.
fn weight(draft: &Draft) -> u8 {
    let plan = &draft.plan;
    match (plan.language.as_str(), plan.framework.is_some(), plan.kind) {
        ("php" | "ruby" | "elixir" | "python", true, PlanKind::Server) => 7,
        ("node", true, PlanKind::Server) => 6,
        ("go" | "rust" | "java" | "dotnet" | "deno" | "php" | "elixir" | "ruby", _, PlanKind::Server) => 5,
        ("node", true, _) => 4,
        ("node", false, PlanKind::Server) | (_, true, PlanKind::Static) => 3,
        ("static" | "dockerfile", _, _) => 1,
        _ => 2,
    }
}
