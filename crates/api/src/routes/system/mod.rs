//! The instance as a whole.

mod status;

pub(crate) use status::{Health, system_status};
