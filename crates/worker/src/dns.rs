//! Reads DNS records of custom domains.
//!
//! The system's resolver (`getaddrinfo`) knows addresses only, so the servers are asked directly. Nothing is cached here:
//! somebody waits for a record that was made a moment ago.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::config::{LookupIpStrategy, NameServerConfig, ResolveHosts, ResolverConfig};
use hickory_resolver::net::runtime::TokioRuntimeProvider;
use hickory_resolver::net::{DnsError, NetError};
use hickory_resolver::proto::op::ResponseCode;
use hickory_resolver::proto::rr::RData;

/// Of one question to one server; two rounds are made.
const TIMEOUT: Duration = Duration::from_secs(3);
const ATTEMPTS: usize = 2;

/// The DNS servers of this machine, or those the operator named.
pub(crate) struct Dns {
    resolver: TokioResolver,
}

impl Dns {
    /// Reads the machine's configuration when no server is named.
    pub(crate) fn open(servers: &[SocketAddr]) -> anyhow::Result<Self> {
        let mut builder = if servers.is_empty() {
            TokioResolver::builder_tokio()?
        } else {
            let servers = servers.iter().map(name_server).collect();
            let config = ResolverConfig::from_name_servers(servers);
            TokioResolver::builder_with_config(config, TokioRuntimeProvider::default())
        };
        let options = builder.options_mut();
        options.cache_size = 0;
        // Names of the machine's own network are nothing that visitors see.
        options.use_hosts_file = ResolveHosts::Never;
        options.ip_strategy = LookupIpStrategy::Ipv4AndIpv6;
        options.timeout = TIMEOUT;
        options.attempts = ATTEMPTS;
        Ok(Self {
            resolver: builder.build()?,
        })
    }

    /// Values of the TXT records at a name, the strings of each put together (RFC 1035, section 3.3.14); empty when there
    /// are none.
    pub(crate) async fn texts(&self, name: &str) -> Result<Vec<String>, NetError> {
        let found = self.resolver.txt_lookup(absolute(name)).await;
        let Some(lookup) = none_found(found)? else {
            return Ok(Vec::new());
        };
        let text = |data: &RData| match data {
            RData::TXT(txt) => Some(String::from_utf8_lossy(&txt.txt_data.concat()).into_owned()),
            _ => None,
        };
        Ok(lookup
            .answers()
            .iter()
            .filter_map(|record| text(&record.data))
            .collect())
    }

    /// Addresses of a name, aliases followed; empty when it has none.
    pub(crate) async fn addresses(&self, name: &str) -> Result<Vec<IpAddr>, NetError> {
        let found = self.resolver.lookup_ip(absolute(name)).await;
        Ok(none_found(found)?.map_or_else(Vec::new, |lookup| lookup.iter().collect()))
    }
}

fn name_server(server: &SocketAddr) -> NameServerConfig {
    let mut config = NameServerConfig::udp_and_tcp(server.ip());
    for connection in &mut config.connections {
        connection.port = server.port();
    }
    config
}

/// Without the dot at the end the machine's search domains would be tried too.
fn absolute(name: &str) -> String {
    format!("{name}.")
}

/// That there is nothing is an answer. A server that fails or refuses has given none.
fn none_found<T>(result: Result<T, NetError>) -> Result<Option<T>, NetError> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(NetError::Dns(DnsError::NoRecordsFound(none)))
            if matches!(none.response_code, ResponseCode::NoError | ResponseCode::NXDomain) =>
        {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
