//! What the API answers with, built from the domain's own types.

mod account;
mod deployment;
mod project;
mod settings_input;

pub(crate) use account::UserView;
pub(crate) use deployment::DeploymentView;
pub(crate) use project::{ProjectView, WebhookView};
pub(crate) use settings_input::{Given, SettingsInput, given, settings_fields};
