//! The templates that come with Aether.

mod list;

pub(crate) use list::list_templates;
