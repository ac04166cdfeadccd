//! Fuzz targets of what a static site reads (see [`crate::fuzz`]).

use std::path::Path;

use aether_models::{
    Encoding, FileEntry, HeaderRule, Manifest, RedirectRule, parse_headers, parse_redirects,
};
use http::header::HeaderMap;
use http::{Request, Uri};

use super::encoding::choose;
use super::path::{PathFault, clean_path};
use super::range::{Ranges, parse_ranges};
use super::rules::RuleAnswer;
use super::site::{Site, escaped_path};
use crate::fuzz::fuzz;

#[test]
fn fuzz_path() {
    let words = [
        "/",
        "//",
        "..",
        "/../",
        ".",
        "%2e",
        "%2F",
        "%5c",
        "\\",
        "%00",
        "%",
        "%zz",
        "%ff",
        "%C3%A4",
        ".well-known",
        ".git",
        "a",
        ";",
        "%0d%0a",
        "%25",
    ];
    fuzz("path", &["/a/b.html", "/docs/../x/"], &words, |bytes| {
        let raw = std::str::from_utf8(bytes).ok()?;
        let path = match clean_path(raw) {
            Ok(path) => path,
            Err(PathFault::Malformed) => return Some((0, 0, false)),
            Err(PathFault::Hidden) => return Some((1, 0, false)),
        };
        assert!(!path.starts_with('/') && !path.contains("//"));
        for segment in path.split('/') {
            assert!(
                segment != ".." && segment != "." && (!segment.starts_with('.') || segment == ".well-known")
            );
        }
        assert!(!path.contains(char::is_control));
        // What a redirect to it would say leads to the same path.
        let again = format!("/{}", escaped_path(&path));
        assert_eq!(clean_path(&again).as_deref(), Ok(&*path), "{again}");
        Some((2, path.len(), path.ends_with('/')))
    });
}

#[test]
fn fuzz_range() {
    let words = [
        "bytes=",
        ",",
        "-",
        "0-0",
        "5-",
        "-5",
        "18446744073709551615",
        "99999999999999999999",
        " ",
        "\t",
        "1",
        "9",
    ];
    fuzz("range", &["bytes=0-1,5-9", "bytes=-3"], &words, |bytes| {
        let mut outcomes = Vec::new();
        for size in [0, 1, 10, 1_000, u64::MAX >> 8] {
            let parts = match parse_ranges(bytes, size) {
                Ranges::Parts(parts) => parts,
                Ranges::Whole => Vec::new(),
                Ranges::Unsatisfiable => {
                    outcomes.push(usize::MAX);
                    continue;
                }
            };
            assert!(parts.len() <= 10 && parts.iter().all(|part| part.start < part.end && part.end <= size));
            if parts.len() > 1 {
                assert!(
                    parts
                        .iter()
                        .map(|part| u128::from(part.end - part.start))
                        .sum::<u128>()
                        <= u128::from(size)
                );
            }
            outcomes.push(parts.len());
        }
        outcomes
    });
}

#[test]
fn fuzz_accept_encoding() {
    let words = [
        "br", "gzip", "zstd", "identity", "*", ";q=0", ";q=0.5", ";q=1.000", ";q=2", ";Q=", ",", " ", ";",
        "x-gzip",
    ];
    fuzz(
        "accept-encoding",
        &["gzip, deflate, br, zstd", "br;q=0.5, *;q=0.1"],
        &words,
        |bytes| {
            let all = choose(Some(bytes), |_| true);
            let zstd = choose(Some(bytes), |encoding| encoding == Encoding::Zstd);
            let gzip = choose(Some(bytes), |encoding| encoding == Encoding::Gzip);
            assert!(gzip.is_none_or(|encoding| encoding == Encoding::Gzip));
            assert_eq!(choose(Some(bytes), |_| false), None);
            // A coding that is not named, and no star: not acceptable.
            let text = String::from_utf8_lossy(bytes).to_ascii_lowercase();
            if !text.contains('*') && !text.contains("gzip") {
                assert_eq!(gzip, None);
            }
            (all, zstd, gzip, bytes.len() / 8)
        },
    );
}

#[test]
fn fuzz_redirects() {
    let seeds = [
        "/old /new 301\n/news/* /blog/:splat 302!\n/* /index.html 200\0/news/a",
        "/store id=:id /buy/:id 301\nhttps://b.x/* https://a.x/:splat\0/store?id=5",
    ];
    let words = [
        "\n",
        " ",
        "/",
        "//",
        "/*",
        ":splat",
        "/:a",
        ":a",
        "200",
        "301",
        "302!",
        "404",
        "https://a.x",
        "id=:id",
        "#",
        "?q=1",
        "\\",
        "%5c",
        "%0d%0a",
        "\r",
        "\0",
        "/a",
        "/%2f",
        "Country=de",
    ];
    fuzz("redirects", &seeds, &words, |bytes| {
        let (text, target) = split(bytes)?;
        let parsed = parse_redirects(text);
        let lines = text.lines().count();
        assert!(parsed.rules.len() + parsed.problems.len() <= lines);
        assert!(
            parsed
                .problems
                .iter()
                .all(|problem| (1..=lines).contains(&problem.line))
        );
        let read = (parsed.rules.len(), parsed.problems.len());
        let site = site(parsed.rules, Vec::new());
        let Some((parts, path)) = request(target) else {
            return Some((read, None));
        };
        let exists = site.find(&path).is_some();
        let answer = site.rules().redirect(&site, &parts, &path, exists);
        let outcome = match answer {
            None => None,
            Some(RuleAnswer::Serve(status, to)) => Some((status.as_u16(), to.len())),
            Some(RuleAnswer::Redirect(status, location)) => {
                let location = location.as_bytes();
                assert!(!location.iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
                assert!(
                    !location.starts_with(b"//") && !location.starts_with(b"/\\"),
                    "it leaves the site"
                );
                assert!(location.starts_with(b"/") || location.starts_with(b"http"));
                Some((status.as_u16(), location.len()))
            }
        };
        Some((read, outcome))
    });
}

#[test]
fn fuzz_headers() {
    let seeds = [
        "/*\n  X-Frame-Options: DENY\n  ! Vary\n/docs/:page\n  Link: </:page.css>; rel=preload\0/docs/intro",
        "https://a.x/*\n  X: y\0/",
    ];
    let words = [
        "\n",
        "\n  ",
        ":",
        ": ",
        "! ",
        "/*",
        "/:a",
        ":splat",
        "Set-Cookie",
        "Content-Length",
        "Transfer-Encoding",
        "\r",
        "\0",
        "X-A",
        "a",
        "\t",
        "%0d%0a",
        "#",
        "Connection",
    ];
    fuzz("headers", &seeds, &words, |bytes| {
        let (text, target) = split(bytes)?;
        let parsed = parse_headers(text);
        assert!(
            parsed
                .problems
                .iter()
                .all(|problem| problem.line <= text.lines().count())
        );
        let count = parsed.rules.len();
        let site = site(Vec::new(), parsed.rules);
        let (parts, _) = request(target)?;
        let mut headers = HeaderMap::new();
        site.rules().set_headers(&parts, &mut headers);
        for (name, value) in &headers {
            assert!(!["content-length", "transfer-encoding", "connection", "host"].contains(&name.as_str()));
            assert!(!value.as_bytes().iter().any(|b| matches!(b, b'\r' | b'\n' | 0)));
        }
        Some((count, headers.len()))
    });
}

/// A file of rules and a request, with a NUL between them.
fn split(bytes: &[u8]) -> Option<(&str, &str)> {
    std::str::from_utf8(bytes).ok()?.split_once('\0')
}

fn request(target: &str) -> Option<(http::request::Parts, String)> {
    let uri: Uri = target.parse().ok()?;
    let (parts, ()) = Request::get(uri)
        .header("host", "b.x")
        .body(())
        .ok()?
        .into_parts();
    let path = clean_path(parts.uri.path()).ok()?.into_owned();
    Some((parts, path))
}

fn site(redirects: Vec<RedirectRule>, headers: Vec<HeaderRule>) -> Site {
    let entry = FileEntry {
        sha256: "0".repeat(64),
        size: 1,
        content_type: "text/html".to_owned(),
        immutable: false,
        encodings: Default::default(),
    };
    let manifest = Manifest {
        version: 1,
        files: [
            ("index.html".to_owned(), entry.clone()),
            ("a.html".to_owned(), entry),
        ]
        .into(),
        redirects,
        headers,
        ..Manifest::default()
    };
    Site::new(Path::new("/x"), &manifest)
}
