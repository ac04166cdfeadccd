//! `aether.toml`: what the repository itself says to Aether. It wins over everything else.

use aether_models::{Evidence, PlanKind};
use serde::Deserialize;
use std::collections::BTreeMap;

use crate::draft::Draft;
use crate::explain::Problem;
use crate::folder::Folder;
use crate::tree::normalize_path;

const FILE: &str = "aether.toml";

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct OwnFile {
    #[serde(default)]
    build: Build,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Build {
    kind: Option<PlanKind>,
    install_command: Option<String>,
    build_command: Option<String>,
    start_command: Option<String>,
    output_directory: Option<String>,
    port: Option<u16>,
    spa: Option<bool>,
    #[serde(default)]
    runtime_version: BTreeMap<String, String>,
}

/// Lays the file over a plan; one that cannot be read is a refusal, not a silent default.
pub(crate) fn apply(folder: &Folder<'_>, draft: &mut Draft) {
    let Some(text) = folder.text(FILE) else { return };
    match toml::from_str::<OwnFile>(&text) {
        Ok(file) => file.build.lay_over(&folder.path(FILE), draft),
        Err(error) => draft.refuse(Problem {
            file: folder.path(FILE),
            says: format!("cannot be read: {}", error.message()),
            fix: "Correct the file; docs/adding-a-framework.md lists its keys.".to_owned(),
        }),
    }
}

impl Build {
    fn lay_over(self, file: &str, draft: &mut Draft) {
        let mut notes: Vec<String> = Vec::new();
        let command = |text: &str| Some(text.trim().to_owned()).filter(|text| !text.is_empty());
        if let Some(kind) = self.kind {
            notes.push(format!("kind {kind:?}").to_lowercase());
            draft.plan.kind = kind;
        }
        let plan = &mut draft.plan;
        let commands = [
            ("install", self.install_command, &mut plan.install_command),
            ("build", self.build_command, &mut plan.build_command),
            ("start", self.start_command, &mut plan.start_command),
        ];
        for (name, value, slot) in commands {
            if let Some(value) = value {
                notes.push(format!("{name} command `{value}`"));
                *slot = command(&value);
            }
        }
        if let Some(folder) = self.output_directory.as_deref().and_then(normalize_path) {
            notes.push(format!("output directory `{folder}`"));
            plan.output_directory = Some(if folder.is_empty() { ".".to_owned() } else { folder });
        }
        if let Some(port) = self.port {
            notes.push(format!("port {port}"));
            plan.port = Some(port);
        }
        if let Some(spa) = self.spa {
            notes.push(format!("single-page app: {spa}"));
            plan.spa = spa;
        }
        for (runtime, version) in self.runtime_version {
            notes.push(format!("{runtime} {version}"));
            plan.runtime_version.insert(runtime, version);
        }
        let evidence = notes.into_iter().map(|says| Evidence {
            file: file.to_owned(),
            says,
        });
        plan.evidence.splice(0..0, evidence);
    }
}
