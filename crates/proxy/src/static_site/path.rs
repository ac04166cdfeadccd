//! From the path of a request to the path of a manifest: decoded once, dot segments resolved, hidden files hidden.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The one folder with a dot that is public (RFC 8615).
const WELL_KNOWN: &str = ".well-known";

/// Why a path stands for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PathFault {
    /// Not UTF-8, a broken escape, a control character, or above the root.
    Malformed,
    /// A dot file: to a visitor it does not exist, whatever the fallback.
    Hidden,
}

/// The path without its leading slash; a trailing slash is kept.
pub(super) fn clean_path(raw: &str) -> Result<Cow<'_, str>, PathFault> {
    let path = raw.strip_prefix('/').ok_or(PathFault::Malformed)?;
    let is_plain = !path
        .bytes()
        .any(|b| matches!(b, b'%' | b'\\') || !(0x20..0x7f).contains(&b))
        && !path.contains("//")
        && !path.starts_with(['/', '.'])
        && !path.contains("/.");
    if is_plain {
        return Ok(Cow::Borrowed(path));
    }
    let decoded = decode(path)?;
    let resolved = resolve(&decoded)?;
    let mut segments = resolved.split('/');
    let first_is_hidden = segments
        .next()
        .is_some_and(|first| first.starts_with('.') && first != WELL_KNOWN);
    if first_is_hidden || segments.any(|segment| segment.starts_with('.')) {
        return Err(PathFault::Hidden);
    }
    Ok(Cow::Owned(resolved))
}

fn decode(path: &str) -> Result<Cow<'_, str>, PathFault> {
    let mut rest = path.as_bytes();
    while let Some(at) = memchr::memchr(b'%', rest) {
        match rest[at + 1..] {
            [high, low, ..] if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => rest = &rest[at + 3..],
            _ => return Err(PathFault::Malformed),
        }
    }
    let decoded = percent_decode_str(path)
        .decode_utf8()
        .map_err(|_| PathFault::Malformed)?;
    if decoded.contains(|c: char| c.is_control()) {
        return Err(PathFault::Malformed);
    }
    Ok(decoded)
}

/// Empty segments vanish, as everywhere; `\` stays a character of a name, which no manifest has.
fn resolve(path: &str) -> Result<String, PathFault> {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop().ok_or(PathFault::Malformed)?;
            }
            name => segments.push(name),
        }
    }
    let is_folder = matches!(path.rsplit('/').next(), Some("" | "." | "..")) && !segments.is_empty();
    let mut resolved = segments.join("/");
    if is_folder {
        resolved.push('/');
    }
    Ok(resolved)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn ordinary_paths_are_taken_as_they_are() {
        for (raw, expected) in [
            ("/", ""),
            ("/a/b.html", "a/b.html"),
            ("/a/", "a/"),
            ("/a%20b/%C3%A4", "a b/ä"),
            ("/.well-known/x", ".well-known/x"),
            ("/a;b", "a;b"),
            ("/a.b/c", "a.b/c"),
        ] {
            assert_eq!(clean_path(raw).unwrap(), expected, "{raw}");
        }
    }

    #[test]
    fn input_84_paths_stay_inside_the_site() {
        for (raw, expected) in [
            ("//host/x", "host/x"),
            ("/a//b", "a/b"),
            ("/a/./b/../c", "a/c"),
            ("/a/%2e%2E/", ""),
            ("/a/..", ""),
            ("/a%2f..%2fb", "b"),
            ("/a%5cb", "a\\b"),
            ("///", ""),
        ] {
            assert_eq!(clean_path(raw).unwrap(), expected, "{raw}");
        }
        for raw in [
            "/..",
            "/../x",
            "/%2e%2e/x",
            "/a/../../x",
            "/%00",
            "/%",
            "/%g0",
            "/%ff",
            "/%0d%0a",
            "*",
            "",
        ] {
            assert_eq!(clean_path(raw), Err(PathFault::Malformed), "{raw}");
        }
    }

    #[test]
    fn input_84_dot_files_do_not_exist() {
        for raw in [
            "/.env",
            "/.git/config",
            "/a/.htaccess",
            "/%2egit/config",
            "/.well-known/.x",
            "//.env",
            "/.x/",
        ] {
            assert_eq!(clean_path(raw), Err(PathFault::Hidden), "{raw}");
        }
    }

    proptest! {
        #[test]
        fn no_path_leaves_the_site(raw in "/(%2[eEfF]|%5c|[a./\\\\]){0,24}") {
            if let Ok(path) = clean_path(&raw) {
                prop_assert!(!path.starts_with('/') && !path.contains("//"));
                prop_assert!(path.split('/').all(|segment| segment != ".." && segment != "."));
            }
        }
    }
}
