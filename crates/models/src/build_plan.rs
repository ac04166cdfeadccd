//! How a repository is built and served: what detection proposes, the user may change, and the worker runs.

use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What the result of the build is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum PlanKind {
    /// Files, served straight from disk.
    Static,
    /// A long-running process that listens on `PORT`.
    Server,
    /// An image built from the repository's own Dockerfile.
    Docker,
}

/// How sure detection is. A `low` plan is offered, never taken without being asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// A guess from weak signs; the user is asked.
    Low,
    /// Likely: one clear sign.
    Medium,
    /// Proved by the repository's own files.
    High,
}

/// One fact a decision rests on.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
pub struct Evidence {
    /// Path of the file, relative to the repository.
    pub file: String,
    /// What it says, in words ("package manager pnpm").
    pub says: String,
}

/// One way to build a repository, with the reasons for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BuildPlan {
    /// Name of the app within a monorepo, or of the whole repository's one app.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What the result is.
    pub kind: PlanKind,
    /// Main language: `node`, `python`, `static`, `dockerfile`, …
    pub language: String,
    /// Framework slug (`vite`, `nextjs`, `fastapi`), when one was recognised.
    pub framework: Option<String>,
    /// Package manager (`npm`, `pnpm`, `yarn`, `bun`, `pip`, `uv`, `poetry`, …); an app whose assets need a second one
    /// names both (`composer+npm`).
    pub package_manager: Option<String>,
    /// Folder the app lives in, relative to the repository; `.` for its root.
    pub root_dir: String,
    /// Installs the dependencies; run in `root_dir` (or the workspace's root, where the command says so).
    pub install_command: Option<String>,
    /// Builds the app.
    pub build_command: Option<String>,
    /// Starts a server app.
    pub start_command: Option<String>,
    /// Folder that holds the built files, relative to `root_dir` (static only).
    pub output_directory: Option<String>,
    /// Port the app listens on when it does not follow `PORT`.
    pub port: Option<u16>,
    /// Wanted runtime versions by runtime, for example `node: "22"`.
    #[serde(default)]
    pub runtime_version: IndexMap<String, String>,
    /// Unknown paths are answered with the site's `index.html`.
    pub spa: bool,
    /// How sure detection is.
    pub confidence: Confidence,
    /// What the decisions rest on, most important first.
    #[serde(default)]
    pub evidence: Vec<Evidence>,
    /// What the user should know before building (two lockfiles, an unpinned version, …).
    #[serde(default)]
    pub warnings: Vec<String>,
    /// Folders worth keeping between builds, relative to `root_dir` (`.next/cache`, `node_modules/.vite`).
    #[serde(default)]
    pub cache_directories: Vec<String>,
}

impl BuildPlan {
    /// A plan that serves the files of `root_dir` as they are.
    #[must_use]
    pub fn static_files(root_dir: impl Into<String>) -> Self {
        Self {
            name: None,
            kind: PlanKind::Static,
            language: "static".to_owned(),
            framework: None,
            package_manager: None,
            root_dir: root_dir.into(),
            install_command: None,
            build_command: None,
            start_command: None,
            output_directory: Some(".".to_owned()),
            port: None,
            runtime_version: IndexMap::new(),
            spa: false,
            confidence: Confidence::High,
            evidence: Vec::new(),
            warnings: Vec::new(),
            cache_directories: Vec::new(),
        }
    }
}

/// What the user fixed in the project's settings; every field that is set wins over detection.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BuildOverrides {
    /// Replaces the plan's kind.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<PlanKind>,
    /// Chooses the candidate with this framework slug.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub framework: Option<String>,
    /// Replaces the install command; empty skips the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub install_command: Option<String>,
    /// Replaces the build command; empty skips the step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build_command: Option<String>,
    /// Replaces the start command.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_command: Option<String>,
    /// Replaces the output directory.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub output_directory: Option<String>,
    /// Replaces the port.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// Replaces single runtime versions (`node: "22"`).
    #[serde(default, skip_serializing_if = "IndexMap::is_empty")]
    pub runtime_version: IndexMap<String, String>,
    /// Replaces the single-page-app decision.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub spa: Option<bool>,
}

impl BuildOverrides {
    /// Puts the user's settings over what detection proposed. An empty command means "skip this step".
    pub fn apply(&self, plan: &mut BuildPlan) {
        let mut from_settings = |says: String| {
            plan.evidence.insert(
                0,
                Evidence {
                    file: "project settings".to_owned(),
                    says,
                },
            );
        };
        let command = |value: &String| Some(value.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(kind) = self.kind {
            from_settings(format!("kind {kind:?}").to_lowercase());
            plan.kind = kind;
        }
        if let Some(value) = &self.install_command {
            from_settings(format!("install command `{value}`"));
            plan.install_command = command(value);
        }
        if let Some(value) = &self.build_command {
            from_settings(format!("build command `{value}`"));
            plan.build_command = command(value);
        }
        if let Some(value) = &self.start_command {
            from_settings(format!("start command `{value}`"));
            plan.start_command = command(value);
        }
        if let Some(value) = &self.output_directory {
            from_settings(format!("output directory `{value}`"));
            plan.output_directory = command(value);
        }
        if let Some(port) = self.port {
            from_settings(format!("port {port}"));
            plan.port = Some(port);
        }
        if let Some(spa) = self.spa {
            from_settings(format!("single-page app: {spa}"));
            plan.spa = spa;
        }
        for (runtime, version) in &self.runtime_version {
            from_settings(format!("{runtime} {version}"));
            plan.runtime_version.insert(runtime.clone(), version.clone());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_win_over_detection_and_say_so() {
        let mut plan = BuildPlan::static_files(".");
        plan.build_command = Some("npm run build".to_owned());
        let overrides = BuildOverrides {
            build_command: Some(String::new()),
            output_directory: Some("public".to_owned()),
            ..BuildOverrides::default()
        };
        overrides.apply(&mut plan);
        assert_eq!(plan.build_command, None);
        assert_eq!(plan.output_directory.as_deref(), Some("public"));
        assert_eq!(plan.evidence[0].says, "output directory `public`");
    }
}
