//! What handlers take from a request. Everything is strict: an unknown field, a doubled key or a wrong type is an error,
//! and every error is a problem (see `error.rs`).

mod body;
mod json;
mod page;
mod path;
mod query;

pub(crate) use body::{read_body, read_body_within, unsupported};
pub(crate) use json::{Json, require_json};
pub(crate) use page::{Page, PageQuery};
pub(crate) use path::Path;
pub(crate) use query::Query;
