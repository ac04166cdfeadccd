//! Fields that end here, and fields that say where a request came from.
//!
//! Fields of one connection are removed first (RFC 9110 section 7.6.1), ours are set afterwards: a client that lists
//! `X-Forwarded-For` in `Connection` cannot delete them. What a client says about its own origin is never believed.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Uri, Version};

use crate::forward::cookies::confine;
use crate::pick::host_name;
use crate::respond::Refusal;
use crate::server::Conn;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_HOST: HeaderName = HeaderName::from_static("x-forwarded-host");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");
const REAL_IP: HeaderName = HeaderName::from_static("x-real-ip");
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// Beginnings of names that only the platform may set.
const OWN_PREFIXES: [&str; 3] = ["x-forwarded-", "x-aether-", "x-platform-"];

/// What of a request its answer depends on.
pub(super) struct Hop {
    /// The host as the client wrote it.
    host: HeaderValue,
    /// The protocol the client wants to switch to.
    pub(super) upgrade: Option<HeaderValue>,
}

/// Turns the client's head into the one for the app.
pub(super) fn prepare_request(
    parts: &mut Parts,
    conn: &Conn,
    request_id: &HeaderValue,
    via: &HeaderValue,
) -> Result<Hop, Refusal> {
    let host = take_host(parts)?;
    let headers = &mut parts.headers;
    let upgrade = wanted_upgrade(&parts.method, parts.version, headers);
    let takes_trailers = list_contains(headers, &header::TE, "trailers");
    remove_hop_by_hop(headers);
    remove_claims(headers);
    // The proxy itself asks for the body, once the app's connection is there (RFC 9110 section 10.1.1).
    headers.remove(header::EXPECT);
    if let Some(protocol) = &upgrade {
        headers.insert(header::UPGRADE, protocol.clone());
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    }
    if takes_trailers {
        headers.insert(header::TE, HeaderValue::from_static("trailers"));
    }
    let proto = if conn.is_tls { "https" } else { "http" };
    headers.insert(FORWARDED_FOR, conn.forwarded_for());
    headers.insert(FORWARDED_HOST, host.clone());
    headers.insert(FORWARDED_PROTO, HeaderValue::from_static(proto));
    headers.insert(REAL_IP, conn.forwarded_for());
    headers.insert(header::FORWARDED, conn.forwarded(&host));
    headers.insert(REQUEST_ID, request_id.clone());
    headers.append(header::VIA, via.clone());
    headers.insert(header::HOST, host.clone());
    if parts.version == Version::HTTP_2 {
        join_cookies(headers);
    }
    parts.version = Version::HTTP_11;
    parts.extensions.clear();
    to_origin_form(&mut parts.uri)?;
    Ok(Hop { host, upgrade })
}

/// Turns the app's head into the one for the client.
pub(super) fn prepare_response(headers: &mut HeaderMap, hop: &Hop, request_id: HeaderValue) {
    let upgrade = headers
        .get(header::UPGRADE)
        .filter(|_| hop.upgrade.is_some())
        .cloned();
    remove_hop_by_hop(headers);
    headers.extend(upgrade.map(|protocol| (header::UPGRADE, protocol)));
    headers.insert(REQUEST_ID, request_id);
    if headers.contains_key(header::SET_COOKIE) {
        // Picking has found the name to be valid; a name that is none owns no domain at all.
        confine(headers, &host_name(hop.host.as_bytes()).unwrap_or_default());
    }
}

/// The host as the client wrote it: the `Host` field, or the authority of the target.
fn take_host(parts: &Parts) -> Result<HeaderValue, Refusal> {
    match parts.headers.get(header::HOST) {
        Some(host) => Ok(host.clone()),
        None => {
            let authority = parts.uri.authority().ok_or(Refusal::BadHost)?;
            HeaderValue::from_str(authority.as_str()).map_err(|_| Refusal::BadHost)
        }
    }
}

/// h2c would take the rest of the connection out of our sight (RFC 9113 section 3.1 dropped it), so it is not passed.
fn wanted_upgrade(method: &Method, version: Version, headers: &HeaderMap) -> Option<HeaderValue> {
    let protocol = headers.get(header::UPGRADE)?;
    let is_h2c = list_contains(headers, &header::UPGRADE, "h2c");
    let is_asked = list_contains(headers, &header::CONNECTION, "upgrade");
    (*method == Method::GET && version == Version::HTTP_11 && is_asked && !is_h2c).then(|| protocol.clone())
}

fn remove_hop_by_hop(headers: &mut HeaderMap) {
    // One look at every name costs less than looking up each of these, and most heads have one of them or none.
    let found: Vec<HeaderName> = headers
        .keys()
        .filter(|name| is_hop_by_hop(name))
        .cloned()
        .collect();
    if found.contains(&header::CONNECTION) {
        let listed: Vec<HeaderName> = headers
            .get_all(header::CONNECTION)
            .iter()
            .flat_map(|value| value.as_bytes().split(|&b| b == b','))
            .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
            // Losing its Host would send the request to another site.
            .filter(|name| *name != header::HOST)
            .collect();
        for name in listed {
            headers.remove(name);
        }
    }
    for name in found {
        headers.remove(name);
    }
}

/// Fields that belong to one connection only.
fn is_hop_by_hop(name: &HeaderName) -> bool {
    matches!(
        name.as_str(),
        "connection"
            | "http2-settings"
            | "keep-alive"
            | "proxy-authenticate"
            | "proxy-authorization"
            | "proxy-connection"
            | "te"
            | "transfer-encoding"
            | "upgrade"
    )
}

/// What a client may not say about itself.
fn remove_claims(headers: &mut HeaderMap) {
    let is_claim = |name: &&HeaderName| {
        OWN_PREFIXES
            .iter()
            .any(|prefix| name.as_str().starts_with(prefix))
    };
    let claims: Vec<HeaderName> = headers.keys().filter(is_claim).cloned().collect();
    for name in claims {
        headers.remove(name);
    }
}

/// HTTP/2 clients may split a cookie; HTTP/1.1 knows one field (RFC 9113 section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    if headers.get_all(header::COOKIE).iter().nth(1).is_some() {
        let crumbs: Vec<&[u8]> = headers
            .get_all(header::COOKIE)
            .iter()
            .map(HeaderValue::as_bytes)
            .collect();
        if let Ok(joined) = HeaderValue::from_bytes(&crumbs.join(&b"; "[..])) {
            headers.insert(header::COOKIE, joined);
        }
    }
}

/// Path and query, byte for byte (RFC 9110 section 7.7).
fn to_origin_form(uri: &mut Uri) -> Result<(), Refusal> {
    if uri.authority().is_none() {
        return Ok(());
    }
    let path = uri.path_and_query().cloned().ok_or(Refusal::BadRequest)?;
    let path = if path.as_str().starts_with('/') {
        path
    } else {
        format!("/{}", path.as_str())
            .parse()
            .map_err(|_| Refusal::BadRequest)?
    };
    *uri = Uri::from(path);
    Ok(())
}

fn list_contains(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        let mut items = value.as_bytes().split(|&b| b == b',');
        items.any(|item| item.trim_ascii().eq_ignore_ascii_case(token.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use http::Request;

    use super::*;

    fn prepared(fields: &[(&str, &str)]) -> (HeaderMap, Hop) {
        let mut request = Request::get("/a?b").header("host", "site.x:3005");
        for (name, value) in fields {
            request = request.header(*name, *value);
        }
        let (mut parts, ()) = request.body(()).unwrap().into_parts();
        let conn = Conn::plain(SocketAddr::from(([192, 0, 2, 7], 9)), 0);
        let (id, via) = (
            HeaderValue::from_static("id"),
            HeaderValue::from_static("1.1 aether"),
        );
        let hop = prepare_request(&mut parts, &conn, &id, &via).unwrap();
        (parts.headers, hop)
    }

    #[test]
    fn input_82_what_a_client_says_about_its_origin_is_replaced() {
        let (headers, _) = prepared(&[
            ("x-forwarded-for", "1.1.1.1"),
            ("x-forwarded-for", "2.2.2.2"),
            ("x-forwarded-host", "evil"),
            ("x-forwarded-proto", "https"),
            ("x-forwarded-port", "1"),
            ("forwarded", "for=1.1.1.1"),
            ("x-real-ip", "1.1.1.1"),
            ("x-request-id", "mine"),
            ("x-platform-user", "root"),
            ("x-aether-project", "other"),
        ]);
        let all = |name: &str| {
            headers
                .get_all(name)
                .iter()
                .map(|v| v.to_str().unwrap())
                .collect::<Vec<_>>()
        };
        assert_eq!(all("x-forwarded-for"), ["192.0.2.7"]);
        assert_eq!(all("x-forwarded-host"), ["site.x:3005"]);
        assert_eq!(all("x-forwarded-proto"), ["http"]);
        assert_eq!(all("x-real-ip"), ["192.0.2.7"]);
        assert_eq!(
            all("forwarded"),
            ["for=192.0.2.7;host=\"site.x:3005\";proto=http"]
        );
        assert_eq!(all("x-request-id"), ["id"]);
        assert!(all("x-platform-user").is_empty() && all("x-aether-project").is_empty());
        assert!(all("x-forwarded-port").is_empty());
    }

    #[test]
    fn input_83_fields_of_the_connection_end_here() {
        let (headers, _) = prepared(&[
            ("connection", "X-Forwarded-For, cookie, close, host"),
            ("connection", "te"),
            ("cookie", "a=b"),
            ("keep-alive", "timeout=5"),
            ("proxy-authorization", "Basic x"),
            ("proxy-connection", "keep-alive"),
            ("te", "trailers, gzip"),
            ("x-kept", "1"),
        ]);
        for name in [
            "connection",
            "cookie",
            "keep-alive",
            "proxy-authorization",
            "proxy-connection",
        ] {
            assert!(!headers.contains_key(name), "{name}");
        }
        assert_eq!(
            headers["x-forwarded-for"], "192.0.2.7",
            "ours cannot be listed away"
        );
        assert_eq!(
            (&headers["host"], &headers["te"], &headers["x-kept"]),
            (
                &HeaderValue::from_static("site.x:3005"),
                &HeaderValue::from_static("trailers"),
                &HeaderValue::from_static("1")
            )
        );
    }

    #[test]
    fn input_83_h2c_is_not_passed_and_websocket_is() {
        let (headers, hop) = prepared(&[
            ("connection", "Upgrade, HTTP2-Settings"),
            ("upgrade", "h2c"),
            ("http2-settings", "x"),
        ]);
        assert!(
            hop.upgrade.is_none()
                && !headers.contains_key("upgrade")
                && !headers.contains_key("http2-settings")
        );
        let (headers, hop) = prepared(&[("connection", "keep-alive, Upgrade"), ("upgrade", "websocket")]);
        assert!(hop.upgrade.is_some());
        assert_eq!(
            (&headers["connection"], &headers["upgrade"]),
            (
                &HeaderValue::from_static("upgrade"),
                &HeaderValue::from_static("websocket")
            )
        );
    }

    #[test]
    fn absolute_form_becomes_origin_form_with_its_query() {
        for (target, expected) in [
            ("http://a.x/p%2f?q=1", "/p%2f?q=1"),
            ("http://a.x?q", "/?q"),
            ("http://a.x", "/"),
        ] {
            let mut uri: Uri = target.parse().unwrap();
            to_origin_form(&mut uri).unwrap();
            assert_eq!(uri.to_string(), expected);
        }
    }
}
