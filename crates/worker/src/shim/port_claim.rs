//! One app per port, whoever starts it.
//!
//! An app needs a while from its launch until it listens, and until then its port looks free to everybody. Two platforms
//! on one machine have tables of their own, so no table can tell them apart. The claim is therefore one that the kernel
//! keeps for exactly the network namespace the ports are of: the name of an abstract unix socket (unix(7)), held by the
//! app's supervisor, gone with it.

use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener};

/// A port that no other app of Aether in this network namespace gets while this value lives.
#[derive(Debug)]
pub(super) struct PortClaim {
    _name: UnixListener,
}

impl PortClaim {
    /// Claims a port; none when another app has it or another program listens on it.
    ///
    /// # Errors
    /// When the kernel refuses for another reason.
    pub(super) fn take(port: u16) -> io::Result<Option<Self>> {
        let address = SocketAddr::from_abstract_name(format!("aether-app-port-{port}"))?;
        let Some(name) = unless_taken(UnixListener::bind_addr(&address))? else {
            return Ok(None);
        };
        // The socket is closed again at once: the port itself is the app's.
        let free = unless_taken(TcpListener::bind((Ipv4Addr::LOCALHOST, port)))?;
        Ok(free.map(|_| Self { _name: name }))
    }
}

fn unless_taken<T>(bound: io::Result<T>) -> io::Result<Option<T>> {
    match bound {
        Ok(bound) => Ok(Some(bound)),
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A port above what apps and outgoing connections get, free now.
    fn free_port() -> u16 {
        TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .unwrap()
            .local_addr()
            .unwrap()
            .port()
    }

    #[test]
    fn a_port_is_claimed_once_until_it_is_given_back() {
        let port = free_port();
        let first = PortClaim::take(port).unwrap();
        assert!(first.is_some());
        assert!(PortClaim::take(port).unwrap().is_none());
        drop(first);
        assert!(PortClaim::take(port).unwrap().is_some());
    }

    #[test]
    fn a_port_on_which_another_program_listens_is_taken() {
        let other = TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let port = other.local_addr().unwrap().port();
        assert!(PortClaim::take(port).unwrap().is_none());
        drop(other);
        assert!(PortClaim::take(port).unwrap().is_some());
    }
}
