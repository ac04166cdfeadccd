//! Python: manifests, the tool that installs, the interpreter's version, and the application object.
//!
//! Everything is installed into `.venv` inside the app, whatever tool does it; start commands call `.venv/bin/...`.

mod entry;
mod manager;
mod manifest;
mod plan;
mod site;
mod start;
mod version;

pub(crate) use manifest::dependencies;
pub(crate) use plan::plan;
