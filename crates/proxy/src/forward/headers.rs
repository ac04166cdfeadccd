//! Fields that end here, and fields that say where a request came from.
//!
//! Fields of one connection are removed first (RFC 9110 section 7.6.1), ours are set afterwards: a client that lists
//! `X-Forwarded-For` in `Connection` cannot delete them. What a client says about its own origin is never believed.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{Method, Uri, Version};

use crate::forward::cookies::confine;
use crate::forward::outgoing::{Framing, write_field};
use crate::pick::host_name;
use crate::respond::Refusal;
use crate::server::Conn;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// What a head takes as a rule, in bytes.
const HEAD_USUAL: usize = 1024;

/// Beginnings of names that only the platform may set.
const OWN_PREFIXES: [&str; 3] = ["x-forwarded-", "x-aether-", "x-platform-"];

/// What of a request its answer depends on.
pub(super) struct Hop {
    /// The host as the client wrote it.
    host: HeaderValue,
    /// The protocol the client wants to switch to.
    pub(super) upgrade: Option<HeaderValue>,
}

/// Writes the head for the app, from the client's.
///
/// # Errors
/// The request names no host, or no path.
pub(super) fn write_request(
    parts: &Parts,
    framing: &Framing,
    conn: &Conn,
    request_id: &HeaderValue,
    via: &HeaderValue,
) -> Result<(Vec<u8>, Hop), Refusal> {
    let headers = &parts.headers;
    let hop = Hop {
        host: host_of(parts)?,
        upgrade: wanted_upgrade(&parts.method, parts.version, headers),
    };
    let mut out = Vec::with_capacity(HEAD_USUAL);
    out.extend_from_slice(parts.method.as_str().as_bytes());
    out.push(b' ');
    write_target(&mut out, &parts.uri)?;
    out.extend_from_slice(b" HTTP/1.1\r\n");
    write_field(&mut out, "host", hop.host.as_bytes());
    let listed = listed_options(headers);
    for (name, value) in headers {
        if !ends_here(name, parts.version, &listed) {
            write_field(&mut out, name.as_str(), value.as_bytes());
        }
    }
    if parts.version == Version::HTTP_2 && !is_listed(&listed, &header::COOKIE) {
        write_cookie(&mut out, headers);
    }
    match framing {
        Framing::None => {}
        Framing::Length(length) => {
            write_field(&mut out, "content-length", length.to_string().as_bytes());
        }
        Framing::Chunked(_) => write_field(&mut out, "transfer-encoding", b"chunked"),
    }
    if let Some(protocol) = &hop.upgrade {
        write_field(&mut out, "connection", b"upgrade");
        write_field(&mut out, "upgrade", protocol.as_bytes());
    }
    if list_contains(headers, &header::TE, "trailers") {
        write_field(&mut out, "te", b"trailers");
    }
    let proto = if conn.is_tls { "https" } else { "http" };
    write_field(&mut out, "x-forwarded-for", conn.forwarded_for().as_bytes());
    write_field(&mut out, "x-forwarded-host", hop.host.as_bytes());
    write_field(&mut out, "x-forwarded-proto", proto.as_bytes());
    write_field(&mut out, "x-real-ip", conn.forwarded_for().as_bytes());
    write_field(&mut out, "forwarded", conn.forwarded(&hop.host).as_bytes());
    write_field(&mut out, "x-request-id", request_id.as_bytes());
    write_field(&mut out, "via", via.as_bytes());
    out.extend_from_slice(b"\r\n");
    Ok((out, hop))
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
fn host_of(parts: &Parts) -> Result<HeaderValue, Refusal> {
    match parts.headers.get(header::HOST) {
        Some(host) => Ok(host.clone()),
        None => {
            let authority = parts.uri.authority().ok_or(Refusal::BadHost)?;
            HeaderValue::from_str(authority.as_str()).map_err(|_| Refusal::BadHost)
        }
    }
}

/// Path and query, byte for byte (RFC 9110 section 7.7).
fn write_target(out: &mut Vec<u8>, uri: &Uri) -> Result<(), Refusal> {
    let target = uri.path_and_query().ok_or(Refusal::BadRequest)?.as_str();
    if uri.authority().is_some() && !target.starts_with('/') {
        out.push(b'/');
    }
    out.extend_from_slice(target.as_bytes());
    Ok(())
}

/// What `Connection` lists beside the fields that end here anyway. Losing its Host would send the request to another
/// site, so that cannot be listed.
fn listed_options(headers: &HeaderMap) -> Vec<&[u8]> {
    let values = headers.get_all(header::CONNECTION).iter();
    values
        .flat_map(|value| value.as_bytes().split(|&b| b == b','))
        .map(<[u8]>::trim_ascii)
        .filter(|item| !item.eq_ignore_ascii_case(b"keep-alive") && !item.eq_ignore_ascii_case(b"close"))
        .collect()
}

fn is_listed(listed: &[&[u8]], name: &HeaderName) -> bool {
    listed
        .iter()
        .any(|item| item.eq_ignore_ascii_case(name.as_str().as_bytes()))
}

/// A field of the client's that is not for the app, or that is written anew.
fn ends_here(name: &HeaderName, version: Version, listed: &[&[u8]]) -> bool {
    let text = name.as_str();
    is_hop_by_hop(name)
        || is_claim(text)
        || matches!(
            text,
            // The proxy itself asks for the body, once the app's connection is there (RFC 9110 section 10.1.1).
            "expect" | "host" | "content-length" | "forwarded" | "x-real-ip" | "x-request-id"
        )
        || (text == "cookie" && version == Version::HTTP_2)
        || (!listed.is_empty() && is_listed(listed, name))
}

/// HTTP/2 clients may split a cookie; HTTP/1.1 knows one field (RFC 9113 section 8.2.3).
fn write_cookie(out: &mut Vec<u8>, headers: &HeaderMap) {
    for (index, crumb) in headers.get_all(header::COOKIE).iter().enumerate() {
        out.extend_from_slice(if index == 0 { b"cookie: " } else { b"; " });
        out.extend_from_slice(crumb.as_bytes());
    }
    if headers.contains_key(header::COOKIE) {
        out.extend_from_slice(b"\r\n");
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

/// What only the platform may say.
pub(super) fn is_claim(name: &str) -> bool {
    name.starts_with("x-") && OWN_PREFIXES.iter().any(|prefix| name.starts_with(prefix))
}

/// Whether a comma-separated list, in one field or several, has `token` in any case (RFC 9110 section 5.6.1).
pub(super) fn list_contains(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
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
        let (parts, ()) = request.body(()).unwrap().into_parts();
        read(&parts)
    }

    /// The head as an app reads it.
    fn read(parts: &Parts) -> (HeaderMap, Hop) {
        let conn = Conn::plain(SocketAddr::from(([192, 0, 2, 7], 9)), 0);
        let (id, via) = (
            HeaderValue::from_static("id"),
            HeaderValue::from_static("1.1 aether"),
        );
        let (head, hop) = write_request(parts, &Framing::None, &conn, &id, &via).unwrap();
        let mut fields = [httparse::EMPTY_HEADER; 64];
        let mut request = httparse::Request::new(&mut fields);
        assert_eq!(request.parse(&head), Ok(httparse::Status::Complete(head.len())));
        let mut headers = HeaderMap::new();
        for field in request.headers {
            headers.append(
                HeaderName::from_bytes(field.name.as_bytes()).unwrap(),
                HeaderValue::from_bytes(field.value).unwrap(),
            );
        }
        (headers, hop)
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
            let mut out = Vec::new();
            write_target(&mut out, &target.parse().unwrap()).unwrap();
            assert_eq!(std::str::from_utf8(&out), Ok(expected));
        }
    }

    #[test]
    fn crumbs_of_http2_become_one_cookie() {
        let request = Request::get("https://site.x/p?q").version(Version::HTTP_2);
        let request = request.header("cookie", "a=1").header("cookie", "b=2");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let (headers, hop) = read(&parts);
        let cookies: Vec<_> = headers.get_all("cookie").iter().collect();
        assert_eq!(cookies, ["a=1; b=2"]);
        assert_eq!(
            (&headers["host"], &hop.host),
            (
                &HeaderValue::from_static("site.x"),
                &HeaderValue::from_static("site.x")
            )
        );
    }

    #[test]
    fn the_framing_is_ours_to_write() {
        let fields = [
            ("content-length", "7"),
            ("transfer-encoding", "chunked"),
            ("via", "1.0 other"),
        ];
        let (headers, _) = prepared(&fields);
        assert!(!headers.contains_key("content-length") && !headers.contains_key("transfer-encoding"));
        let vias: Vec<_> = headers.get_all("via").iter().collect();
        assert_eq!(vias, ["1.0 other", "1.1 aether"]);
    }
}
