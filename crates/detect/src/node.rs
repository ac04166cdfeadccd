//! Node and Bun: package.json, package manager, scripts, and the frameworks of the JavaScript world.
//!
//! Flow: read package.json -> choose the package manager -> match the rules -> install, build and start commands
//! by table and scripts -> the framework's own `decide` hook reads its configuration for static or server.

mod access;
pub(crate) mod decide;
mod lock;
mod manager;
mod nx;
mod package;
mod plain;
mod plan;
mod script;
mod version;

pub(crate) use manager::{Manager, PackageManager, choose as choose_manager};
pub(crate) use nx::plan as plan_nx;
pub(crate) use package::{PackageJson, dependencies};
pub(crate) use plan::{assets, plan};
