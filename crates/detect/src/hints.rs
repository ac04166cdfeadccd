//! What other platforms' files, the project's settings and `aether.toml` say about the build.
//!
//! Precedence: `aether.toml`, settings, hints, detection. Each decision is noted with the file it comes from, so
//! that a plan shows which of them won.

mod own_file;
mod peers;
mod procfile;

use aether_models::{BuildOverrides, Confidence, PlanKind};

use crate::app::App;
use crate::draft::Draft;
use crate::folder::Folder;
use crate::tree::Tree;

/// What a file of another platform wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Hint {
    /// The file, relative to the app.
    pub(crate) file: String,
    pub(crate) install: Option<String>,
    pub(crate) build: Option<String>,
    pub(crate) start: Option<String>,
    pub(crate) output: Option<String>,
    /// Runtime versions by runtime.
    pub(crate) versions: Vec<(String, String)>,
    pub(crate) spa: Option<bool>,
    /// Said about what the file wants and does not get.
    pub(crate) warnings: Vec<String>,
}

/// Lays the hints of the app's folder over its plans; a hint alone can make a plan.
pub(crate) fn apply(app: &App<'_>, drafts: &mut Vec<Draft>) {
    let found: Vec<Hint> = [procfile::read(&app.folder)]
        .into_iter()
        .flatten()
        .chain(peers::read(&app.folder))
        .collect();
    if drafts.is_empty()
        && let Some(draft) = from_hint(app, &found)
    {
        drafts.push(draft);
    }
    let sure = drafts.iter().map(|draft| draft.plan.confidence).max();
    for draft in drafts
        .iter_mut()
        .filter(|draft| draft.plan.kind != PlanKind::Docker)
    {
        let best = Some(draft.plan.confidence) == sure;
        // The first hint that says something wins, so the weaker ones are laid down first.
        for hint in found.iter().rev() {
            hint.lay_over(draft, best);
        }
    }
}

/// Lays settings and `aether.toml` over a plan.
pub(crate) fn finish(tree: &dyn Tree, draft: &mut Draft, overrides: &BuildOverrides) {
    let before = draft.plan.start_command.clone();
    overrides.apply(&mut draft.plan);
    let dir = if draft.plan.root_dir == "." {
        ""
    } else {
        draft.plan.root_dir.as_str()
    };
    let folder = Folder::new(tree, dir.to_owned());
    own_file::apply(&folder, draft);
    // A fixed start command is the user's answer to "what starts it?".
    let answered = draft.plan.start_command != before && draft.plan.start_command.is_some();
    let runnable = draft.plan.kind == PlanKind::Server && draft.plan.start_command.is_some();
    if answered && runnable && draft.problems.is_empty() {
        draft.plan.confidence = draft.plan.confidence.max(Confidence::Medium);
    }
}

/// A start command, or a folder to serve, is a plan by itself.
fn from_hint(app: &App<'_>, hints: &[Hint]) -> Option<Draft> {
    let hint = hints
        .iter()
        .find(|hint| hint.start.is_some() || hint.output.is_some())?;
    let kind = if hint.start.is_some() {
        PlanKind::Server
    } else {
        PlanKind::Static
    };
    let language = if hint.start.is_some() { "shell" } else { "static" };
    let mut draft = Draft::new(&app.folder, language, kind);
    draft.at_most(Confidence::Medium);
    Some(draft)
}

impl Hint {
    fn lay_over(&self, draft: &mut Draft, best: bool) {
        for (name, value) in [("install", &self.install), ("build", &self.build)] {
            let Some(value) = value else { continue };
            draft.say(&self.file, format!("{name} command `{value}`"));
            let command = Some(on_path(value, draft)).filter(|_| !value.trim().is_empty());
            let slot = if name == "install" {
                &mut draft.plan.install_command
            } else {
                &mut draft.plan.build_command
            };
            *slot = command;
        }
        if let Some(start) = &self.start {
            draft.say(&self.file, format!("start command `{start}`"));
            draft.make_server(Some(on_path(start, draft)));
            if best && draft.problems.is_empty() {
                draft.plan.confidence = draft.plan.confidence.max(Confidence::Medium);
            }
        }
        let folder = self.output.as_deref().and_then(crate::tree::normalize_path);
        if let Some(folder) = folder.filter(|_| draft.plan.kind == PlanKind::Static) {
            draft.say(&self.file, format!("output directory `{folder}`"));
            draft.make_static(if folder.is_empty() { ".".to_owned() } else { folder });
            if best && draft.problems.is_empty() {
                draft.plan.confidence = draft.plan.confidence.max(Confidence::Medium);
            }
        }
        if let Some(spa) = self.spa.filter(|_| draft.plan.kind == PlanKind::Static) {
            draft.say(
                &self.file,
                format!(
                    "unknown paths are {}answered by index.html",
                    if spa { "" } else { "not " }
                ),
            );
            draft.plan.spa = spa;
        }
        for (runtime, version) in &self.versions {
            if draft.plan.runtime_version.contains_key(runtime) {
                draft.say(&self.file, format!("{runtime} {version}"));
                draft
                    .plan
                    .runtime_version
                    .insert(runtime.clone(), version.clone());
            }
        }
        for warning in &self.warnings {
            draft.warn(warning.clone());
        }
    }
}

/// Other platforms put the programs of installed packages on the path; here they are called by their place.
fn on_path(command: &str, draft: &Draft) -> String {
    const OWN_PATH: [&str; 12] = [
        "npm", "npx", "pnpm", "yarn", "bun", "node", "corepack", "sh", "bash", "make", "echo", "cd",
    ];
    let program = command
        .split_whitespace()
        .find(|word| !word.contains('='))
        .unwrap_or_default();
    let plain = OWN_PATH.contains(&program) || program.starts_with(['.', '/']);
    let folder = match draft.plan.language.as_str() {
        "python" if draft.plan.install_command.is_some() && !program.starts_with(".venv") => ".venv/bin",
        "node" if !plain => "node_modules/.bin",
        _ => return command.to_owned(),
    };
    format!("export PATH=\"$PWD/{folder}:$PATH\" && {command}")
}
