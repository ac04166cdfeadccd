//! Questions and answers of the batch interface.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

/// What `git-lfs-authenticate` prints.
#[derive(Deserialize)]
pub(super) struct Authenticated {
    pub(super) href: Option<String>,
    #[serde(default)]
    pub(super) header: HashMap<String, String>,
}

#[derive(Serialize)]
pub(super) struct BatchRequest<'a> {
    pub(super) operation: &'static str,
    pub(super) transfers: [&'static str; 1],
    pub(super) hash_algo: &'static str,
    pub(super) objects: Vec<Object<'a>>,
}

#[derive(Serialize)]
pub(super) struct Object<'a> {
    pub(super) oid: &'a str,
    pub(super) size: u64,
}

#[derive(Deserialize)]
pub(super) struct BatchAnswer {
    pub(super) transfer: Option<String>,
    pub(super) objects: Vec<Answered>,
}

#[derive(Deserialize)]
pub(super) struct Answered {
    pub(super) oid: String,
    pub(super) actions: Option<Actions>,
    pub(super) error: Option<Refusal>,
}

#[derive(Deserialize)]
pub(super) struct Actions {
    pub(super) download: Option<Download>,
}

#[derive(Deserialize)]
pub(super) struct Download {
    pub(super) href: String,
    #[serde(default)]
    pub(super) header: HashMap<String, String>,
}

#[derive(Deserialize)]
pub(super) struct Refusal {
    pub(super) code: u16,
    #[serde(default)]
    pub(super) message: String,
}
