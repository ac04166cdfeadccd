//! Are the ports free? Asked before anything starts, so that the answer comes at once and leaves nothing behind.

use std::net::{SocketAddr, TcpListener};

use anyhow::bail;

use super::settings::UpSettings;

pub(super) fn check(settings: &UpSettings) -> anyhow::Result<()> {
    let ports = [
        ("AETHER_API_ADDR", Some(settings.api.listen)),
        ("AETHER_PROXY_ADDR", Some(settings.proxy.addr)),
        ("AETHER_PROXY_ADMIN_ADDR", Some(settings.proxy.admin_addr)),
        (
            "AETHER_PROXY_TLS_ADDR",
            settings.proxy.tls.as_ref().map(|tls| tls.addr),
        ),
    ];
    let ports = ports
        .into_iter()
        .filter_map(|(key, address)| Some((key, address?)));
    ports
        .into_iter()
        .try_for_each(|(key, address)| check_one(key, address))
}

fn check_one(key: &str, address: SocketAddr) -> anyhow::Result<()> {
    match TcpListener::bind(address) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::AddrInUse => {
            bail!(
                "port {} is in use by another program; set {key} to another address than {address}",
                address.port()
            )
        }
        Err(error) => bail!("{address} cannot be listened on ({error}); set {key} to another address"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_in_use_is_named_with_its_setting() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = check_one("AETHER_API_ADDR", address).unwrap_err().to_string();
        assert!(
            error.contains(&address.port().to_string()) && error.contains("AETHER_API_ADDR"),
            "{error}"
        );
        drop(taken);
        check_one("AETHER_API_ADDR", address).unwrap();
    }
}
