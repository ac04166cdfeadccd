//! Reads the tables with the code that reads them later: a broken table ends the build.

use std::process::ExitCode;

/// The words of `aether_models` the tables are written in, so that this program need not wait for that crate.
mod kinds {
    use serde::Deserialize;

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub(crate) enum Confidence {
        Low,
        Medium,
        High,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    pub(crate) enum PlanKind {
        Static,
        Server,
        Docker,
    }
}

#[path = "src/tables.rs"]
#[allow(dead_code, reason = "the tables are only checked here")]
mod tables;

fn main() -> ExitCode {
    for file in ["tables.rs", "rules.toml", "languages.toml", "versions.toml"] {
        println!("cargo::rerun-if-changed=src/{file}");
    }
    let faults = [
        tables::rules(tables::RULES).err(),
        tables::languages(tables::LANGUAGES).err(),
        tables::versions(tables::VERSIONS).err(),
    ];
    let mut code = ExitCode::SUCCESS;
    for fault in faults.into_iter().flatten() {
        println!("cargo::error={}", fault.replace('\n', " "));
        code = ExitCode::FAILURE;
    }
    code
}
