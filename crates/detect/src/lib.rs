//! Directory tree in, build plans out: pure, offline, table-driven.
//!
//! [`detect`] looks at one folder of a repository (and, in a monorepo, at the members its root names) and answers
//! with every way to build it, best first, each decision with the file it rests on. Where nothing can be built
//! without asking, it explains what was looked for and what is missing.
//!
//! - `tree`, `folder`, `source`: what can be seen of the repository, untrusted, bounded, never executed
//! - `rules.toml`, `languages.toml`, `versions.toml`: the tables; most additions are made there
//! - `node`, `python`, `go`, ...: one planner per language, with small hooks where a table cannot decide
//! - `workspaces`, `monorepo`: one candidate per app, with commands that build it from the workspace's root
//! - `hints`: other platforms' files, settings, `aether.toml`, in order of precedence
//!
//! `docs/adding-a-framework.md` shows how to add to the tables.

mod app;
mod deno;
mod detect;
mod dockerfile;
mod dotnet;
mod draft;
mod elixir;
mod explain;
mod folder;
mod framework;
mod go;
mod hints;
mod jvm;
mod languages;
mod monorepo;
mod node;
mod php;
mod python;
mod rank;
mod ruby;
mod rules;
mod rust;
mod shell;
mod source;
mod static_site;
mod tables;
mod toolfiles;
mod tree;
mod versions;
mod workspaces;

/// Words of the plan that the tables are written in; the build script has its own.
mod kinds {
    pub(crate) use aether_models::{Confidence, PlanKind};
}

pub use detect::{DetectOptions, Detection, detect};
pub use explain::{Explanation, Problem};
pub use rules::framework_slugs;
pub use tree::{DiskTree, Entry, EntryKind, FileHead, MemoryTree, Tree, normalize_path};
