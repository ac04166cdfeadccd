//! Keeps an app from setting cookies for its neighbours.
//!
//! A site at `a.apps.example` may name `Domain=apps.example` and so plant a cookie on every other site (threats.md
//! input 87). Such an attribute is taken away; the cookie then belongs to the host that set it.

use http::header::{self, HeaderMap, HeaderValue};

/// Takes `Domain` attributes that reach beyond `host` from every `Set-Cookie`.
pub(super) fn confine(headers: &mut HeaderMap, host: &str) {
    let header::Entry::Occupied(mut cookies) = headers.entry(header::SET_COOKIE) else {
        return;
    };
    for cookie in cookies.iter_mut() {
        if let Some(confined) = confined(cookie.as_bytes(), host) {
            *cookie = confined;
        }
    }
}

/// The cookie without its `Domain`, if that reaches beyond `host`.
fn confined(cookie: &[u8], host: &str) -> Option<HeaderValue> {
    let reaches_beyond = |attribute: &&[u8]| {
        domain_of(attribute).is_some_and(|domain| {
            let domain = domain.strip_prefix(b".").unwrap_or(domain);
            !domain.is_empty() && !domain.eq_ignore_ascii_case(host.as_bytes())
        })
    };
    let attributes = || cookie.split(|&b| b == b';');
    // The first part is name and value, whatever it looks like.
    if !attributes().skip(1).any(|attribute| reaches_beyond(&attribute)) {
        return None;
    }
    let kept: Vec<&[u8]> = attributes()
        .enumerate()
        .filter(|(index, attribute)| *index == 0 || !reaches_beyond(attribute))
        .map(|(_, attribute)| attribute)
        .collect();
    HeaderValue::from_bytes(&kept.join(&b';')).ok()
}

fn domain_of(attribute: &[u8]) -> Option<&[u8]> {
    let equals = attribute.iter().position(|&b| b == b'=')?;
    let (name, value) = attribute.split_at(equals);
    name.trim_ascii()
        .eq_ignore_ascii_case(b"domain")
        .then(|| value[1..].trim_ascii())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_87_a_cookie_for_a_parent_domain_stays_with_its_host() {
        for (cookie, expected) in [
            ("a=b; Domain=apps.example; Path=/", Some("a=b; Path=/")),
            ("a=b;domain = .apps.example", Some("a=b")),
            ("a=b; Domain=example", Some("a=b")),
            ("a=b; Domain=other.apps.example; Secure", Some("a=b; Secure")),
            ("a=b; Domain=site.apps.example", None),
            ("a=b; Domain=.SITE.apps.example; HttpOnly", None),
            ("domain=apps.example; Path=/", None),
            ("a=b; Domain=", None),
        ] {
            let confined = confined(cookie.as_bytes(), "site.apps.example");
            assert_eq!(
                confined.as_ref().map(|value| value.to_str().unwrap()),
                expected,
                "{cookie}"
            );
        }
    }
}
