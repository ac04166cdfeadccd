//! Marks on everything Aether makes in the engine, by which it finds its own again.

use std::collections::HashMap;

/// Which Aether made it ([`super::DockerRuntimeSettings::owner`]).
pub(super) const OWNER: &str = "aether.owner";
/// What it is: [`BUILD`], [`APP`], [`IMAGE`] or [`HELPER`].
pub(super) const KIND: &str = "aether.kind";
/// The project's internal id.
pub(super) const PROJECT: &str = "aether.project";
/// The deployment's internal id.
pub(super) const DEPLOYMENT: &str = "aether.deployment";
/// The instance's internal id.
pub(super) const INSTANCE: &str = "aether.instance";
/// Address and port the app is reached at.
pub(super) const ADDRESS: &str = "aether.address";
/// The container's own address.
pub(super) const CONTAINER_IP: &str = "aether.container-ip";
/// A volume's name within its project.
pub(super) const VOLUME: &str = "aether.volume";

/// A build command, or its network.
pub(super) const BUILD: &str = "build";
/// An app, or the network of a project's apps.
pub(super) const APP: &str = "app";
/// An image of a Dockerfile project.
pub(super) const IMAGE: &str = "image";
/// A container that does one thing for Aether itself.
pub(super) const HELPER: &str = "helper";

pub(super) type Labels = HashMap<String, String>;

/// The labels of a thing of this kind.
pub(super) fn labels(owner: &str, kind: &str, more: &[(&str, String)]) -> Labels {
    let own = [(OWNER, owner.to_owned()), (KIND, kind.to_owned())];
    own.into_iter()
        .chain(more.iter().cloned())
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The engine's filter for things that carry all of these.
pub(super) fn filter(wanted: &[(&str, &str)]) -> HashMap<String, Vec<String>> {
    let wanted = wanted
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    HashMap::from([("label".to_owned(), wanted)])
}
