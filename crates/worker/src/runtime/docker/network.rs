//! Networks: one bridge per project for its apps, one per deployment for its build, so that no container meets a
//! stranger's. Bridges are named so that the packet filter ([`super::firewall`]) knows them by their first letters.
//!
//! Subnets are cut from a pool of our own: the engine's default pools are used up by some thirty networks.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr};
use std::str::FromStr;
use std::time::Duration;

use aether_models::{DeploymentId, ProjectId, UserError};
use bollard::models::{EndpointResource, Ipam, IpamConfig, NetworkCreateRequest, NetworkInspect};
use bollard::query_parameters::ListNetworksOptionsBuilder;
use ipnet::Ipv4Net;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

use super::engine::{Engine, EngineError, found};
use super::firewall::BRIDGE_PREFIX;
use super::{container, labels};
use crate::runtime::RuntimeError;

/// 29 addresses besides the bridge's own.
const PREFIX_LENGTH: u8 = 27;
/// Linux allows 15 characters; with the prefix of four this leaves 44 bits of the name's digest.
const BRIDGE_DIGEST: usize = 11;
/// How many subnets are tried when the engine says that one is taken.
const TRIES: usize = 32;
/// Taking down a bridge waits for the kernel.
const REMOVAL: Duration = Duration::from_secs(30);

/// Whose network it is.
#[derive(Debug, Clone, Copy)]
pub(super) enum NetworkOf {
    Build(DeploymentId),
    Apps(ProjectId),
}

/// A network that is there.
#[derive(Debug, Clone)]
pub(super) struct Network {
    pub(super) name: String,
    subnet: Ipv4Net,
    gateway: Ipv4Addr,
    used: HashSet<Ipv4Addr>,
}

/// Makes and removes networks.
#[derive(Debug)]
pub(super) struct Networks {
    owner: String,
    pool: Ipv4Net,
    /// Choosing a subnet and taking it are two calls.
    choosing: Mutex<()>,
}

impl Networks {
    pub(super) fn new(owner: &str, pool: Ipv4Net) -> Self {
        Self {
            owner: owner.to_owned(),
            pool,
            choosing: Mutex::new(()),
        }
    }

    /// The network, made when it is not there.
    pub(super) async fn ensure(&self, engine: &Engine, of: NetworkOf) -> Result<Network, RuntimeError> {
        let name = self.name(of);
        if let Some(network) = inspect(engine, &name).await? {
            return Ok(network);
        }
        let _choosing = self.choosing.lock().await;
        if let Some(network) = inspect(engine, &name).await? {
            return Ok(network);
        }
        let taken = taken_subnets(engine).await?;
        let free = self
            .pool
            .subnets(PREFIX_LENGTH)
            .map_err(|_| pool_exhausted(self.pool))?;
        for subnet in free
            .filter(|subnet| !taken.iter().any(|other| overlap(subnet, other)))
            .take(TRIES)
        {
            match self.create(engine, of, &name, subnet).await {
                Ok(()) => return inspect(engine, &name).await?.ok_or_else(|| vanished(&name)),
                // Something outside the engine's networks has it.
                Err(EngineError::Refused { message, .. }) if message.contains("overlap") => {
                    tracing::warn!(%subnet, message, "a subnet for containers is taken");
                }
                Err(EngineError::Conflict { .. }) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(pool_exhausted(self.pool).into())
    }

    /// Removes the network unless a container is still in it; one that is gone is fine.
    pub(super) async fn remove_if_empty(&self, engine: &Engine, of: NetworkOf) -> Result<(), RuntimeError> {
        let name = self.name(of);
        remove_network(engine, &name).await.map_err(Into::into)
    }

    /// Removes the network and every container in it.
    pub(super) async fn remove_with_members(
        &self,
        engine: &Engine,
        of: NetworkOf,
    ) -> Result<(), RuntimeError> {
        let name = self.name(of);
        let network = engine
            .call("looking at a network", |docker| {
                docker.inspect_network(&name, None)
            })
            .await;
        let members = found(network)?
            .and_then(|network| network.containers)
            .unwrap_or_default();
        for id in members.keys() {
            container::remove(engine, id).await?;
        }
        self.remove_if_empty(engine, of).await
    }

    pub(super) fn name(&self, of: NetworkOf) -> String {
        match of {
            NetworkOf::Build(deployment) => format!("{}-build-{}", self.owner, deployment.uuid().simple()),
            NetworkOf::Apps(project) => format!("{}-apps-{}", self.owner, project.uuid().simple()),
        }
    }

    async fn create(
        &self,
        engine: &Engine,
        of: NetworkOf,
        name: &str,
        subnet: Ipv4Net,
    ) -> Result<(), EngineError> {
        let (kind, about) = match of {
            NetworkOf::Build(id) => (labels::BUILD, (labels::DEPLOYMENT, id.uuid().to_string())),
            NetworkOf::Apps(id) => (labels::APP, (labels::PROJECT, id.uuid().to_string())),
        };
        let config = IpamConfig {
            subnet: Some(subnet.to_string()),
            gateway: subnet.hosts().next().map(|address| address.to_string()),
            ..IpamConfig::default()
        };
        let options = [
            ("com.docker.network.bridge.name", bridge_name(name)),
            (
                "com.docker.network.bridge.host_binding_ipv4",
                "127.0.0.1".to_owned(),
            ),
        ];
        let request = NetworkCreateRequest {
            name: name.to_owned(),
            driver: Some("bridge".to_owned()),
            enable_ipv6: Some(false),
            ipam: Some(Ipam {
                config: Some(vec![config]),
                ..Ipam::default()
            }),
            options: Some(options.map(|(name, value)| (name.to_owned(), value)).into()),
            labels: Some(labels::labels(&self.owner, kind, &[about])),
            ..NetworkCreateRequest::default()
        };
        engine
            .call("making a network", |docker| docker.create_network(request))
            .await
            .map(drop)
    }
}

impl Network {
    /// An address nobody has, besides those in `reserved` (of apps that are stopped right now).
    pub(super) fn free_address(&self, reserved: &HashSet<Ipv4Addr>) -> Option<Ipv4Addr> {
        self.subnet.hosts().find(|address| {
            *address != self.gateway && !self.used.contains(address) && !reserved.contains(address)
        })
    }
}

/// Removes a network by its name or id, unless a container is still in it.
pub(super) async fn remove_network(engine: &Engine, name: &str) -> Result<(), EngineError> {
    let removed = engine
        .long_call("removing a network", REMOVAL, |docker| {
            docker.remove_network(name)
        })
        .await;
    match removed {
        Ok(()) | Err(EngineError::NotFound { .. } | EngineError::Conflict { .. }) => Ok(()),
        Err(EngineError::Refused { message, .. }) if message.contains("active endpoints") => Ok(()),
        Err(error) => Err(error),
    }
}

async fn inspect(engine: &Engine, name: &str) -> Result<Option<Network>, EngineError> {
    let network = engine
        .call("looking at a network", |docker| {
            docker.inspect_network(name, None)
        })
        .await;
    Ok(found(network)?.and_then(|network| read(name, &network)))
}

/// The addresses of all containers in a network, of both families.
pub(super) async fn addresses(engine: &Engine, name: &str) -> Result<Vec<IpAddr>, RuntimeError> {
    let network = engine
        .call("looking at a network", |docker| {
            docker.inspect_network(name, None)
        })
        .await;
    let endpoints = found(network)?.and_then(|network| network.containers);
    let of_both = |endpoint: EndpointResource| [endpoint.ipv4_address, endpoint.ipv6_address];
    let texts = endpoints
        .into_iter()
        .flatten()
        .flat_map(|(_, endpoint)| of_both(endpoint));
    Ok(texts.flatten().filter_map(|text| address_of(&text)).collect())
}

fn read(name: &str, network: &NetworkInspect) -> Option<Network> {
    let config = network.ipam.as_ref()?.config.as_ref()?.first()?;
    let subnet: Ipv4Net = config.subnet.as_ref()?.parse().ok()?;
    let gateway = config.gateway.as_ref().and_then(|address| address.parse().ok());
    let endpoints = network.containers.iter().flatten();
    Some(Network {
        name: name.to_owned(),
        subnet,
        gateway: gateway.or_else(|| subnet.hosts().next())?,
        used: endpoints
            .filter_map(|(_, endpoint)| address_of(endpoint.ipv4_address.as_deref()?))
            .collect(),
    })
}

/// `10.0.0.2/27` or `10.0.0.2`.
fn address_of<T: FromStr>(text: &str) -> Option<T> {
    text.split('/').next()?.parse().ok()
}

async fn taken_subnets(engine: &Engine) -> Result<Vec<Ipv4Net>, EngineError> {
    let all = ListNetworksOptionsBuilder::new().build();
    let networks = engine
        .call("listing networks", |docker| docker.list_networks(Some(all)))
        .await?;
    let configs = networks
        .into_iter()
        .filter_map(|network| network.ipam?.config)
        .flatten();
    Ok(configs.filter_map(|config| config.subnet?.parse().ok()).collect())
}

fn overlap(one: &Ipv4Net, other: &Ipv4Net) -> bool {
    one.contains(other) || other.contains(one)
}

fn bridge_name(network: &str) -> String {
    let digest = hex::encode(Sha256::digest(network));
    format!("{BRIDGE_PREFIX}{}", &digest[..BRIDGE_DIGEST])
}

fn pool_exhausted(pool: Ipv4Net) -> UserError {
    UserError::new(
        "network_pool_exhausted",
        "There is no free network for the containers",
        format!("Every network in {pool} is in use."),
    )
    .hint("Let the operator name another range in AETHER_DOCKER_NETWORK_POOL, or remove projects that are not needed.")
}

fn vanished(name: &str) -> RuntimeError {
    RuntimeError::Protocol(format!("network {name} vanished right after it was made"))
}

/// The names of all networks that carry these labels.
pub(super) async fn list_networks(
    engine: &Engine,
    wanted: &[(&str, &str)],
) -> Result<Vec<(String, HashMap<String, String>)>, EngineError> {
    let options = ListNetworksOptionsBuilder::new()
        .filters(&labels::filter(wanted))
        .build();
    let networks = engine
        .call("listing networks", |docker| docker.list_networks(Some(options)))
        .await?;
    Ok(networks
        .into_iter()
        .filter_map(|network| Some((network.name?, network.labels.unwrap_or_default())))
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bridge_name_fits_and_is_known_by_its_prefix() {
        let name = bridge_name("aether-apps-0198c0ffee0000000000000000000000");
        assert_eq!(name.len(), 15, "IFNAMSIZ allows 15 characters");
        assert!(name.starts_with(BRIDGE_PREFIX));
        assert_ne!(name, bridge_name("aether-apps-0198c0ffee0000000000000000000001"));
    }

    #[test]
    fn an_address_is_free_when_neither_used_nor_reserved_nor_the_gateway() {
        let address = |last| Ipv4Addr::new(10, 201, 0, last);
        let network = Network {
            name: "n".to_owned(),
            subnet: "10.201.0.0/27".parse().unwrap(),
            gateway: address(1),
            used: HashSet::from([address(2)]),
        };
        assert_eq!(
            network.free_address(&HashSet::from([address(3)])),
            Some(address(4))
        );
        let all = network.subnet.hosts().collect();
        assert_eq!(network.free_address(&all), None);
    }
}
