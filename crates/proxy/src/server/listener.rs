//! Listening sockets, several on one port.

use std::io;
use std::net::{SocketAddr, TcpListener};

use socket2::{Domain, Protocol, Socket, Type};

use crate::error::ProxyError;

/// Connections the kernel holds until we accept them.
const BACKLOG: i32 = 4096;
/// Bytes a socket may hold that were not sent yet: enough to keep any line busy, and small enough that a slow reader
/// shows steady progress instead of one burst a minute (the write timer relies on it).
const UNSENT_MAX: u32 = 256 * 1024;

/// At least `count` listeners on `addr`: those of a predecessor first, all of them, since a connection may wait at any;
/// for port 0 all on the one the system chooses.
pub(super) fn bind_group(
    addr: SocketAddr,
    count: usize,
    mut listeners: Vec<TcpListener>,
) -> Result<(SocketAddr, Vec<TcpListener>), ProxyError> {
    let error = |source| ProxyError::Listen { addr, source };
    if listeners.is_empty() {
        listeners.push(bind(addr).map_err(error)?);
    }
    let bound = listeners[0].local_addr().map_err(error)?;
    while listeners.len() < count {
        listeners.push(bind(bound).map_err(error)?);
    }
    Ok((bound, listeners))
}

fn bind(addr: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(addr), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(true)?;
    // Accepted connections inherit both, which saves two system calls for each.
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_notsent_lowat(UNSENT_MAX)?;
    socket.set_nonblocking(true)?;
    socket.bind(&addr.into())?;
    socket.listen(BACKLOG)?;
    Ok(socket.into())
}
