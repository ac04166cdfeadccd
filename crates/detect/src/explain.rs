//! Why there is no plan: what was looked for, what stands in the way, and what to do next.

use aether_models::UserError;
use serde::Serialize;

use crate::draft::Draft;
use crate::rank::Standing;
use crate::tree::Tree;
use crate::{languages, rules, workspaces};

/// A file that is there but cannot be used, or asks for something that cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Problem {
    /// Path of the file, relative to the repository.
    pub file: String,
    /// What is wrong with it.
    pub says: String,
    /// What to do about it.
    pub fix: String,
}

/// What a user reads when no plan can be taken without asking.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// One sentence: what happened.
    pub summary: String,
    /// Files that were found broken.
    pub problems: Vec<Problem>,
    /// What would have been recognised, in words.
    pub looked_for: Vec<String>,
    /// Folders below that look like apps: likely values for the root directory setting.
    pub suggested_roots: Vec<String>,
    /// What to do next.
    pub hint: String,
}

impl Explanation {
    /// The explanation as a failure told to the user.
    #[must_use]
    pub fn to_user_error(&self) -> UserError {
        let mut detail = self.summary.clone();
        for problem in &self.problems {
            detail.push_str(&format!("\n{} {}. {}", problem.file, problem.says, problem.fix));
        }
        if !self.looked_for.is_empty() {
            detail.push_str(&format!("\nLooked for: {}.", self.looked_for.join("; ")));
        }
        UserError::new(
            "nothing_detected",
            "No way to build this repository was found",
            detail,
        )
        .hint(self.hint.clone())
    }
}

/// The explanation for candidates that do not amount to a plan.
pub(crate) fn of(
    tree: &dyn Tree,
    root: &str,
    drafts: &[Draft],
    standing: &Standing,
    mut problems: Vec<Problem>,
) -> Option<Explanation> {
    if *standing == Standing::Clear {
        return None;
    }
    problems.extend(
        drafts
            .first()
            .map(|draft| draft.problems.clone())
            .unwrap_or_default(),
    );
    problems.sort_unstable();
    problems.dedup();
    let suggested_roots = match standing {
        Standing::Several(folders) => folders.clone(),
        Standing::Nothing => workspaces::likely_roots(tree, root),
        _ => Vec::new(),
    };
    let looked_for = if drafts.is_empty() {
        looked_for()
    } else {
        Vec::new()
    };
    Some(Explanation {
        summary: summary(tree, root, drafts, standing),
        hint: hint(drafts, &suggested_roots),
        problems,
        looked_for,
        suggested_roots,
    })
}

fn summary(tree: &dyn Tree, root: &str, drafts: &[Draft], standing: &Standing) -> String {
    let place = if root.is_empty() {
        "repository's root folder".to_owned()
    } else {
        format!("folder `{root}`")
    };
    let first = drafts
        .first()
        .map(|draft| draft.plan.framework.as_deref().unwrap_or(&draft.plan.language));
    match (standing, first) {
        (Standing::Several(folders), _) => format!("The {place} is a workspace with {} apps.", folders.len()),
        (Standing::Refused, Some(name)) => {
            format!("The {name} app in the {place} asks for something that cannot be had.")
        }
        (_, Some(name)) => {
            format!("The {place} looks like {name}, but not surely enough to build it without asking.")
        }
        (_, None) if tree.list(root).is_empty() => format!("There are no files in the {place}."),
        (_, None) => format!("No app was recognised in the {place}."),
    }
}

fn hint(drafts: &[Draft], suggested_roots: &[String]) -> String {
    if !suggested_roots.is_empty() {
        return format!(
            "Set the root directory to one of: {}.",
            suggested_roots.join(", ")
        );
    }
    let commands = "in the project's settings, or write them into aether.toml";
    if drafts.is_empty() {
        return format!(
            "Add a manifest (such as package.json or requirements.txt), an index.html or a Dockerfile; or set the commands {commands}."
        );
    }
    format!("Choose the framework or set the commands {commands}.")
}

fn looked_for() -> Vec<String> {
    const MANIFESTS: &str = "package.json, deno.json, requirements.txt, pyproject.toml, Pipfile, go.mod, Cargo.toml, Gemfile, \
                             composer.json, index.php, pom.xml, build.gradle, *.csproj, mix.exs, index.html, Dockerfile, Procfile";
    let mut others: Vec<&str> = languages::slugs().collect();
    others.dedup();
    vec![
        format!("manifests ({MANIFESTS})"),
        format!("files of other languages ({})", others.join(", ")),
        format!("{} frameworks", rules::framework_slugs().len()),
    ]
}
