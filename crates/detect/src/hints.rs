//! What other platforms' files, the project's settings and `aether.toml` say about the build.
//!
//! Precedence: `aether.toml`, settings, hints, detection. Each decision is noted with the file it comes from, so
//! that a plan shows which of them won.

mod own_file;
mod peers;
mod procfile;
mod start;

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
    /// Slug of the framework it names.
    pub(crate) framework: Option<String>,
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
    let found = read(&app.folder);
    if drafts.is_empty()
        && let Some(draft) = from_hint(app, &found)
    {
        drafts.push(draft);
    }
    functions(app, drafts);
    let meant: Vec<Option<&str>> = found.iter().map(|hint| start::meant(hint, drafts)).collect();
    start::defer_to_language(&found, drafts);
    let sure = drafts.iter().map(|draft| draft.plan.confidence).max();
    for draft in drafts
        .iter_mut()
        .filter(|draft| draft.plan.kind != PlanKind::Docker)
    {
        let best = Some(draft.plan.confidence) == sure;
        // The first hint that says something wins, so the weaker ones are laid down first.
        for (hint, meant) in found.iter().zip(&meant).rev() {
            hint.lay_over(draft, best, *meant);
        }
    }
}

/// Vercel runs every file of `api/` as a function; nothing else does. A site that comes with some is not the whole app.
fn functions(app: &App<'_>, drafts: &mut [Draft]) {
    const ENDINGS: [&str; 7] = [".js", ".mjs", ".ts", ".py", ".go", ".rb", ".rs"];
    const HANDLERS: [&str; 9] = [
        "export default",
        "export {",
        "module.exports",
        "export async function ",
        "export function ",
        "export const GET",
        "class handler",
        "func Handler",
        "exports.",
    ];
    if !app.folder.has_folder("api") {
        return;
    }
    let mut files = ENDINGS
        .iter()
        .flat_map(|ending| app.folder.matching(&format!("api/*{ending}")));
    let found = files.find(|file| {
        let text = app.folder.text(file);
        text.is_some_and(|text| HANDLERS.iter().any(|words| text.contains(words)))
    });
    let Some(file) = found else { return };
    for draft in drafts
        .iter_mut()
        .filter(|draft| draft.plan.kind == PlanKind::Static)
    {
        draft.warn(format!(
            "{file} looks like a function of another platform, which is not run here."
        ));
        if draft.plan.framework.is_none() {
            draft.at_most(Confidence::Low);
        }
    }
}

/// All hints of a folder, the strongest first.
fn read(folder: &Folder<'_>) -> Vec<Hint> {
    procfile::read(folder)
        .into_iter()
        .chain(peers::read(folder))
        .collect()
}

/// The framework somebody chose: in the project's settings, or in another platform's file.
/// The file is `None` for the settings.
pub(crate) fn wanted_framework(app: &App<'_>) -> Option<(Option<String>, String)> {
    if let Some(slug) = app.overrides.framework.clone() {
        return Some((None, slug));
    }
    let mut hints = read(&app.folder).into_iter();
    hints.find_map(|hint| Some((Some(hint.file), hint.framework?)))
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
    let language = match &hint.start {
        Some(start) => start::language(start).unwrap_or("shell"),
        None => "static",
    };
    let mut draft = Draft::new(&app.folder, language, kind);
    draft.at_most(Confidence::Medium);
    crate::versions::decide(app, &mut draft, language, None);
    Some(draft)
}

impl Hint {
    /// `meant` is the language its start command belongs to, when the repository has a plan for that language.
    fn lay_over(&self, draft: &mut Draft, best: bool, meant: Option<&str>) {
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
        let fits = meant.is_none_or(|language| draft.plan.language == language);
        if let Some(start) = self.start.as_ref().filter(|_| fits) {
            draft.say(&self.file, format!("start command `{start}`"));
            let runs = start::translate(start, &self.file, draft);
            if runs && best && draft.problems.is_empty() {
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
    let program = start::program(command);
    let plain = OWN_PATH.contains(&program) || program.starts_with(['.', '/']);
    let folder = match draft.plan.language.as_str() {
        "python" if draft.plan.install_command.is_some() && !program.starts_with(".venv") => ".venv/bin",
        "node" if !plain => "node_modules/.bin",
        _ => return command.to_owned(),
    };
    format!("export PATH=\"$PWD/{folder}:$PATH\" && {command}")
}
