//! The way from a tree to plans.
//!
//! root directory -> apps (one, or a workspace's members) -> each language's planner -> hints of other platforms'
//! files -> the user's settings -> `aether.toml` -> all candidates in order, or an explanation.

use aether_models::{BuildOverrides, BuildPlan, Confidence, PlanKind};
use serde::Serialize;

use crate::app::App;
use crate::draft::Draft;
use crate::explain::{self, Explanation, Problem};
use crate::folder::Folder;
use crate::tree::{EntryKind, Tree, normalize_path};
use crate::workspaces::{self, Workspace};
use crate::{
    deno, dockerfile, dotnet, elixir, go, hints, jvm, languages, monorepo, node, php, python, rank, ruby,
    rust, static_site,
};

/// What the caller knows about the project.
#[derive(Debug, Clone, Default)]
pub struct DetectOptions {
    /// Folder of the app, relative to the repository; the root when empty.
    pub root_dir: Option<String>,
    /// The project's settings. They win over hints and detection, and lose to `aether.toml`.
    pub overrides: BuildOverrides,
}

/// What was found.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Detection {
    /// All ways to build the repository, best first.
    pub candidates: Vec<BuildPlan>,
    /// Why none of them can be taken without asking; `None` when the first one can.
    pub explanation: Option<Explanation>,
}

impl Detection {
    /// The plan to build with, when it is clear.
    ///
    /// # Errors
    /// The explanation, when there is no plan or only guesses.
    pub fn chosen(&self) -> Result<&BuildPlan, &Explanation> {
        static NOTHING: std::sync::LazyLock<Explanation> = std::sync::LazyLock::new(Explanation::default);
        match (&self.explanation, self.candidates.first()) {
            (None, Some(plan)) => Ok(plan),
            (Some(explanation), _) => Err(explanation),
            (None, None) => Err(&NOTHING),
        }
    }
}

type Planner = fn(&App<'_>) -> Option<Draft>;

/// Every language; the order breaks ties.
const PLANNERS: [Planner; 12] = [
    php::plan,
    ruby::plan,
    elixir::plan,
    python::plan,
    go::plan,
    jvm::plan,
    dotnet::plan,
    deno::plan,
    node::plan,
    static_site::plan,
    languages::plan,
    dockerfile::plan,
];

/// Reads `tree` and proposes how to build and run it. Pure: nothing but the tree is read, nothing is run.
#[must_use]
pub fn detect(tree: &dyn Tree, options: &DetectOptions) -> Detection {
    let wanted = options.root_dir.as_deref().unwrap_or_default();
    let Some(root) =
        normalize_path(wanted).filter(|dir| tree.kind(dir) == Some(EntryKind::Directory) || dir.is_empty())
    else {
        return no_such_folder(tree, wanted);
    };
    let mut drafts = Vec::new();
    let mut problems: Vec<Problem> = Vec::new();
    for app in apps(tree, &root, &options.overrides) {
        let mut found: Vec<Draft> = PLANNERS.iter().filter_map(|planner| planner(&app)).collect();
        found.extend(rust::plans(&app));
        monorepo::adapt(&app, &mut found);
        found.extend(node::plan_nx(&app));
        hints::apply(&app, &mut found);
        note_problems(&app, &mut found);
        defer_to_refused(&mut found);
        if app.folder.dir() == root {
            problems.extend(app.problems());
        } else {
            found.retain(rank::is_app);
            found
                .iter_mut()
                .for_each(|draft| draft.member = Some(app.folder.dir().to_owned()));
        }
        if let Some(problem) = dockerfile::compose_problem(&app) {
            note_compose(&mut found, problem, &mut problems);
        }
        drafts.extend(found);
    }
    finish(tree, &root, drafts, problems, options)
}

/// The apps at `root`: itself, and the members when it is a workspace's root.
fn apps<'t>(tree: &'t dyn Tree, root: &str, overrides: &'t BuildOverrides) -> Vec<App<'t>> {
    let own = App::new(Folder::new(tree, root), Workspace::above(tree, root), overrides);
    let mut apps = vec![own];
    if let Some(workspace) = Workspace::at(tree, root) {
        let members = workspace.members.clone();
        let member = |dir: String| App::new(Folder::new(tree, dir), Some(workspace.clone()), overrides);
        apps.extend(members.into_iter().map(member));
    }
    apps
}

/// A plan of a language whose manifest cannot be read would be made of guesses.
fn note_problems(app: &App<'_>, found: &mut [Draft]) {
    const MANIFESTS: [(&str, &str); 8] = [
        ("package.json", "node"),
        ("pyproject.toml", "python"),
        ("Pipfile", "python"),
        ("requirements.txt", "python"),
        ("composer.json", "php"),
        ("Cargo.toml", "rust"),
        ("deno.json", "deno"),
        ("Gemfile", "ruby"),
    ];
    for problem in app.folder.problems() {
        let name = problem.file.rsplit('/').next().unwrap_or_default();
        let language = MANIFESTS
            .iter()
            .find(|(file, _)| *file == name)
            .map(|(_, language)| *language);
        for draft in found.iter_mut() {
            if Some(draft.plan.language.as_str()) == language {
                draft.refuse(problem.clone());
            } else {
                draft.warn(format!("{} {}.", problem.file, problem.says));
            }
        }
    }
}

/// Pages beside a server that cannot be had are its pages: they are not put online alone without asking.
fn defer_to_refused(found: &mut [Draft]) {
    let server = found.iter().find(|draft| {
        !draft.problems.is_empty() && draft.plan.kind == PlanKind::Server && draft.plan.framework.is_some()
    });
    let Some(language) = server.map(|draft| draft.plan.language.clone()) else {
        return;
    };
    for draft in found.iter_mut() {
        if draft.plan.language != language && draft.plan.kind == PlanKind::Static {
            draft.warn(format!(
                "This is only a part of the repository: there is a {language} server, too."
            ));
            draft.at_most(Confidence::Low);
        }
    }
}

/// A compose file stands in nobody's way: it is mentioned where there are plans, and explained where there are none.
fn note_compose(found: &mut [Draft], problem: Problem, problems: &mut Vec<Problem>) {
    match found.first_mut() {
        Some(first) => first.warn(format!("{} {}. {}", problem.file, problem.says, problem.fix)),
        None => problems.push(problem),
    }
}

fn finish(
    tree: &dyn Tree,
    root: &str,
    mut drafts: Vec<Draft>,
    problems: Vec<Problem>,
    options: &DetectOptions,
) -> Detection {
    for draft in &mut drafts {
        draft.defaults_last();
        hints::finish(tree, draft, &options.overrides);
    }
    defer_to_projects(&mut drafts);
    let standing = rank::order(&mut drafts, options.overrides.framework.as_deref());
    let explanation = explain::of(tree, root, &drafts, &standing, problems);
    let candidates = drafts.into_iter().map(|draft| draft.plan).collect();
    Detection {
        candidates,
        explanation,
    }
}

/// An integrated workspace declares the dependencies of all its projects at the root: frameworks recognised there
/// are the projects', and no app of the root's own.
fn defer_to_projects(drafts: &mut [Draft]) {
    let from_root = |draft: &&mut Draft, dir: &str| draft.member.is_none() && draft.plan.root_dir == dir;
    let project = drafts
        .iter()
        .find(|draft| draft.project)
        .map(|draft| draft.plan.root_dir.clone());
    let Some(dir) = project else { return };
    for draft in drafts
        .iter_mut()
        .filter(|draft| from_root(draft, &dir) && draft.plan.language == "node")
    {
        draft.at_most(Confidence::Low);
    }
}

fn no_such_folder(tree: &dyn Tree, wanted: &str) -> Detection {
    let explanation = Explanation {
        summary: format!("The root directory `{wanted}` is not a folder of the repository."),
        suggested_roots: workspaces::likely_roots(tree, ""),
        hint: "Correct the root directory in the project's settings.".to_owned(),
        ..Explanation::default()
    };
    Detection {
        candidates: Vec::new(),
        explanation: Some(explanation),
    }
}
