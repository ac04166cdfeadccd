//! The address a request came from.
//!
//! `X-Forwarded-For` is believed only when the connection comes from a proxy that the operator named
//! (`AETHER_TRUSTED_PROXIES`), and then from the right: everything left of the first untrusted hop is the caller's own
//! invention.

use std::net::IpAddr;

use actix_web::HttpRequest;

use crate::settings::Settings;

/// Finds the caller's address; none only in tests without a socket.
pub(crate) fn client_address(settings: &Settings, request: &HttpRequest) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let trusted = |ip: IpAddr| settings.trusted_proxies.iter().any(|net| net.contains(&ip));
    if !trusted(peer) {
        return Some(peer);
    }
    let hops: Vec<IpAddr> = request
        .headers()
        .get_all("x-forwarded-for")
        .filter_map(|value| value.to_str().ok())
        .flat_map(|text| text.split(','))
        .map_while(|hop| hop.trim().parse::<IpAddr>().ok())
        .map(|ip| ip.to_canonical())
        .collect();
    Some(hops.into_iter().rev().find(|&hop| !trusted(hop)).unwrap_or(peer))
}

/// The request did not pass any proxy and comes from this very machine.
pub(crate) fn is_local(request: &HttpRequest) -> bool {
    let headers = request.headers();
    request
        .peer_addr()
        .is_some_and(|peer| peer.ip().to_canonical().is_loopback())
        && !headers.contains_key("x-forwarded-for")
        && !headers.contains_key("forwarded")
}
