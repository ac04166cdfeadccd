//! What a value must look like. Every message goes without the value.

use std::net::IpAddr;

/// Shorter keys can be guessed; 32 bytes are what the ciphers take.
const KEY_BYTES: usize = 32;
/// Words found in examples; a key made of them is no secret.
const EXAMPLES: [&str; 6] = [
    "changeme",
    "change-me",
    "example",
    "secret-key",
    "password",
    "insecure",
];
/// Hosts reached without TLS.
const LOCAL_NAMES: [&str; 2] = ["localhost", ".localhost"];

pub(super) fn secret_key(value: &str) -> Result<(), String> {
    let lower = value.to_ascii_lowercase();
    let varied = value.bytes().collect::<std::collections::BTreeSet<_>>().len();
    if EXAMPLES.iter().any(|example| lower.contains(example)) {
        Err("is a value from an example; make one with: openssl rand -base64 32".to_owned())
    } else if value.len() < KEY_BYTES {
        Err(format!(
            "must have at least {KEY_BYTES} bytes; make one with: openssl rand -base64 32"
        ))
    } else if varied < 8 {
        Err("repeats itself; make one with: openssl rand -base64 32".to_owned())
    } else {
        Ok(())
    }
}

pub(super) fn connection(value: &str, schemes: &[&str]) -> Result<(), String> {
    let scheme = value.split_once("://").map(|(scheme, _)| scheme);
    if !scheme.is_some_and(|scheme| schemes.contains(&scheme)) {
        return Err(format!("must begin with {}://", schemes.join(":// or ")));
    }
    if value.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err("must not contain white space".to_owned());
    }
    if !percent_encoded(value) {
        return Err("has a % that begins no escape; write % in a password as %25".to_owned());
    }
    Ok(())
}

pub(super) fn public_url(value: &str) -> Result<(), String> {
    let form = "must be an address such as https://aether.example.com".to_owned();
    let (scheme, rest) = value.split_once("://").ok_or_else(|| form.clone())?;
    let authority = rest.trim_end_matches('/');
    let valid = |c: char| c.is_ascii_alphanumeric() || "-.:[]_".contains(c);
    if authority.is_empty() || !authority.chars().all(valid) {
        return Err(form);
    }
    let host = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => {
            port.parse::<u16>()
                .map_err(|_| "has a port that is not between 1 and 65535".to_owned())?;
            host
        }
        _ => authority,
    };
    match scheme {
        "https" => Ok(()),
        "http" if is_local(host) => Ok(()),
        "http" => Err("must use https, unless the host is this machine (localhost)".to_owned()),
        _ => Err(form),
    }
}

fn is_local(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare == LOCAL_NAMES[0]
        || bare.ends_with(LOCAL_NAMES[1])
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// RFC 3986, section 2.1.
fn percent_encoded(value: &str) -> bool {
    let hex = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_hexdigit);
    let bytes = value.as_bytes();
    (0..bytes.len()).all(|at| bytes[at] != b'%' || (hex(bytes.get(at + 1)) && hex(bytes.get(at + 2))))
}
