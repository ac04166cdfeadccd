//! Conditional requests (RFC 9110 section 13), in the order of section 13.2.2.

use http::header::{self, HeaderMap};

/// What the conditions of a request come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Condition {
    Proceed,
    NotModified,
    Failed,
}

/// Weighs the conditions against a file's current tag and time (seconds since 1970).
pub(super) fn weigh(request: &HeaderMap, etag: &[u8], modified: i64) -> Condition {
    if let Some(tags) = request.get(header::IF_MATCH) {
        if !lists(tags.as_bytes(), etag, true) {
            return Condition::Failed;
        }
    } else if let Some(time) = time_of(request, &header::IF_UNMODIFIED_SINCE)
        && modified > time
    {
        return Condition::Failed;
    }
    if let Some(tags) = request.get(header::IF_NONE_MATCH) {
        let all = request.get_all(header::IF_NONE_MATCH).iter();
        let is_known =
            tags.as_bytes() == etag || all.into_iter().any(|tags| lists(tags.as_bytes(), etag, false));
        return if is_known {
            Condition::NotModified
        } else {
            Condition::Proceed
        };
    }
    match time_of(request, &header::IF_MODIFIED_SINCE) {
        Some(time) if modified <= time => Condition::NotModified,
        _ => Condition::Proceed,
    }
}

/// Whether a range still applies: `If-Range` is absent or names exactly this version (section 13.1.5).
pub(super) fn range_applies(request: &HeaderMap, etag: &[u8], modified: i64) -> bool {
    match request.get(header::IF_RANGE) {
        None => true,
        Some(value) if value.as_bytes().starts_with(b"\"") => value.as_bytes() == etag,
        Some(_) => time_of(request, &header::IF_RANGE) == Some(modified),
    }
}

/// The tag is in the list; strong comparison also refuses weak tags.
fn lists(list: &[u8], etag: &[u8], is_strong: bool) -> bool {
    if list.trim_ascii() == b"*" {
        return true;
    }
    let mut rest = list;
    loop {
        rest = rest.trim_ascii_start();
        rest = rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start();
        let (is_weak, quoted) = match rest.strip_prefix(b"W/") {
            Some(quoted) => (true, quoted),
            None => (false, rest),
        };
        let Some(inner) = quoted.strip_prefix(b"\"") else {
            return false;
        };
        let Some(end) = memchr::memchr(b'"', inner) else {
            return false;
        };
        if !(is_strong && is_weak) && &quoted[..end + 2] == etag {
            return true;
        }
        rest = &quoted[end + 2..];
    }
}

fn time_of(request: &HeaderMap, name: &header::HeaderName) -> Option<i64> {
    let time = httpdate::parse_http_date(request.get(name)?.to_str().ok()?).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    const ETAG: &[u8] = b"\"abc\"";
    const BEFORE: &str = "Sun, 09 Sep 2001 01:46:39 GMT";
    const SAME: &str = "Sun, 09 Sep 2001 01:46:40 GMT";
    const MODIFIED: i64 = 1_000_000_000;

    fn request(fields: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in fields {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn conditions_follow_the_order_of_the_rfc() {
        for (fields, expected) in [
            (&[][..], Condition::Proceed),
            (&[("if-none-match", "\"abc\"")], Condition::NotModified),
            (&[("if-none-match", "W/\"abc\"")], Condition::NotModified),
            (&[("if-none-match", "\"x\" , \"abc\"")], Condition::NotModified),
            (&[("if-none-match", "\"x,\\\"\", W/\"abc\"")], Condition::Proceed),
            (
                &[("if-none-match", "\"x\""), ("if-none-match", "\"abc\"")],
                Condition::NotModified,
            ),
            (&[("if-none-match", "*")], Condition::NotModified),
            (
                &[("if-none-match", "\"x\""), ("if-modified-since", SAME)],
                Condition::Proceed,
            ),
            (&[("if-none-match", "abc")], Condition::Proceed),
            (&[("if-modified-since", SAME)], Condition::NotModified),
            (&[("if-modified-since", BEFORE)], Condition::Proceed),
            (&[("if-modified-since", "yesterday")], Condition::Proceed),
            (&[("if-match", "\"x\"")], Condition::Failed),
            (&[("if-match", "W/\"abc\"")], Condition::Failed),
            (&[("if-match", "\"abc\"")], Condition::Proceed),
            (&[("if-match", "*")], Condition::Proceed),
            (&[("if-unmodified-since", BEFORE)], Condition::Failed),
            (&[("if-unmodified-since", SAME)], Condition::Proceed),
        ] {
            assert_eq!(weigh(&request(fields), ETAG, MODIFIED), expected, "{fields:?}");
        }
    }

    #[test]
    fn if_range_compares_strongly() {
        for (value, expected) in [
            ("\"abc\"", true),
            ("W/\"abc\"", false),
            ("\"x\"", false),
            (SAME, true),
            (BEFORE, false),
        ] {
            assert_eq!(
                range_applies(&request(&[("if-range", value)]), ETAG, MODIFIED),
                expected,
                "{value}"
            );
        }
    }
}
