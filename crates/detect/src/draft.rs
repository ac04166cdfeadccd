//! A build plan while it is being decided, each decision with its reason.

use aether_models::{BuildPlan, Confidence, Evidence, PlanKind};

use crate::explain::Problem;
use crate::folder::Folder;

/// Stands in the place of a file where no file says anything.
pub(crate) const DEFAULT: &str = "(default)";

/// A plan in the making.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) plan: BuildPlan,
    /// Folder the evidence is found in.
    dir: String,
    /// Folder of the workspace's member this plan is for.
    pub(crate) member: Option<String>,
    /// Planned from a project file of a workspace that keeps all manifests at its root.
    pub(crate) project: bool,
    /// Named as the main one by the repository itself.
    pub(crate) preferred: bool,
    /// What stands in the way of running this plan.
    pub(crate) problems: Vec<Problem>,
}

impl Draft {
    pub(crate) fn new(folder: &Folder<'_>, language: &str, kind: PlanKind) -> Self {
        let root_dir = if folder.dir().is_empty() {
            "."
        } else {
            folder.dir()
        };
        let mut plan = BuildPlan::static_files(root_dir);
        language.clone_into(&mut plan.language);
        plan.kind = kind;
        plan.output_directory = None;
        Self {
            plan,
            dir: folder.dir().to_owned(),
            member: None,
            project: false,
            preferred: false,
            problems: Vec::new(),
        }
    }

    /// Notes a reason found in `file`, a path relative to the app.
    pub(crate) fn say(&mut self, file: &str, says: impl Into<String>) {
        self.say_at(crate::tree::join(&self.dir, file), says);
    }

    /// Notes a reason found in `file`, a path relative to the repository.
    pub(crate) fn say_at(&mut self, file: String, says: impl Into<String>) {
        let evidence = Evidence {
            file,
            says: says.into(),
        };
        if !self.plan.evidence.contains(&evidence) {
            self.plan.evidence.push(evidence);
        }
    }

    /// Defaults rest on no file, so they go behind what does.
    pub(crate) fn defaults_last(&mut self) {
        self.plan
            .evidence
            .sort_by_key(|evidence| evidence.file == DEFAULT);
    }

    /// Notes something the user should know before building.
    pub(crate) fn warn(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.plan.warnings.contains(&text) {
            self.plan.warnings.push(text);
        }
    }

    /// Notes that the plan cannot run as it is; it is shown, but not taken by itself.
    pub(crate) fn refuse(&mut self, problem: Problem) {
        self.warn(format!("{} {}. {}", problem.file, problem.says, problem.fix));
        self.problems.push(problem);
        self.at_most(Confidence::Low);
    }

    /// Lowers the confidence to at most `limit`.
    pub(crate) fn at_most(&mut self, limit: Confidence) {
        self.plan.confidence = self.plan.confidence.min(limit);
    }

    /// The result is a folder of files.
    pub(crate) fn make_static(&mut self, output: impl Into<String>) {
        self.plan.kind = PlanKind::Static;
        self.plan.output_directory = Some(output.into());
        self.plan.start_command = None;
        self.plan.port = None;
    }

    /// The result is a process.
    pub(crate) fn make_server(&mut self, start: Option<String>) {
        self.plan.kind = PlanKind::Server;
        self.plan.output_directory = None;
        self.plan.spa = false;
        self.plan.start_command = start;
    }

    pub(crate) fn cache(&mut self, folders: &[String]) {
        for folder in folders {
            if !self.plan.cache_directories.contains(folder) {
                self.plan.cache_directories.push(folder.clone());
            }
        }
    }
}
