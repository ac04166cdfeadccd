//! Invitations to the caller's team.

mod create;
mod delete;
mod list;

pub(crate) use create::create_invitation;
pub(crate) use delete::delete_invitation;
pub(crate) use list::list_invitations;
