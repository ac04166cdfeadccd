//! One file per verb.

pub(crate) mod deploy;
pub(crate) mod detect;
pub(crate) mod doctor;
pub(crate) mod env;
pub(crate) mod init;
pub(crate) mod list;
pub(crate) mod login;
pub(crate) mod logs;
pub(crate) mod open;
pub(crate) mod rollback;
