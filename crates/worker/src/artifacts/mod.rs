//! Releases on disk: static files content-addressed with precompressed variants, server apps as their built directory.
//!
//! A release gets its name by one rename when it is complete and on disk; after a crash it is there or it is not.

mod blobs;
mod compress;
mod content_type;
mod garbage;
mod output;
mod server;
mod static_site;

pub(crate) use garbage::{collect_garbage, releases_on_disk, remove_release};
pub(crate) use output::find_output;
pub(crate) use server::place_app;
pub(crate) use static_site::{Publication, StaticReport, publish};
