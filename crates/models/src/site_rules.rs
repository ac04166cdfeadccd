//! `_redirects` and `_headers` of a static site: the grammar, as plain values.
//!
//! Read once at deploy time by the worker, stored in the [`crate::Manifest`], matched per request by the proxy. The
//! grammar is Netlify's, the limits and `! Name` are Cloudflare's. A line that is wrong costs only itself: it becomes a
//! [`RuleProblem`] with its number for the build log. Left out, and said so: conditions by country, language, role and
//! cookie, rewrites to other servers, and `Basic-Auth`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Most rules without a wildcard or placeholder in one `_redirects` file.
const STATIC_REDIRECTS_MAX: usize = 2_000;
/// Most rules with one; each is tried in turn for every request, so there are fewer.
const DYNAMIC_REDIRECTS_MAX: usize = 100;
/// Longest line of `_redirects`.
const REDIRECT_LINE_MAX: usize = 1_000;
/// Most blocks of one `_headers` file.
const HEADER_RULES_MAX: usize = 100;
/// Longest line of `_headers`.
const HEADER_LINE_MAX: usize = 2_000;
/// Statuses a redirect rule may have.
const REDIRECT_STATUSES: [u16; 8] = [200, 301, 302, 303, 307, 308, 404, 410];
/// Conditions of other platforms that need data we do not have.
const UNSUPPORTED_CONDITIONS: [&str; 4] = ["country", "language", "role", "cookie"];
/// Fields that frame the message or belong to the platform; a site may not set them.
const FORBIDDEN_HEADERS: [&str; 18] = [
    "accept-ranges",
    "age",
    "allow",
    "alt-svc",
    "connection",
    "content-encoding",
    "content-length",
    "content-range",
    "date",
    "host",
    "keep-alive",
    "proxy-connection",
    "server",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
    "via",
];

/// One line of `_redirects`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedirectRule {
    /// Only for requests to this host, when the source was a whole address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// Path pattern: literal segments, `:name` for one segment, a last `*` for the rest.
    pub from: String,
    /// Query parameters that must be there; a value `:name` takes any value.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub query: BTreeMap<String, String>,
    /// Where to: a path of the site, or a whole address. May use `:splat` and the names of `from` and `query`.
    pub to: String,
    /// 200 serves `to` in place, 404 and 410 serve it with that status, the others redirect.
    pub status: u16,
    /// Applies even where a file exists.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub force: bool,
}

/// One block of `_headers`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HeaderRule {
    /// Path pattern, as in [`RedirectRule::from`].
    pub path: String,
    /// Fields to set, in order; a name may repeat.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<(String, String)>,
    /// Fields to take away (`! Name`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
}

/// A line that was skipped, and why.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleProblem {
    /// Counted from 1.
    pub line: usize,
    /// For the user.
    pub message: String,
}

/// What a file says, as far as it could be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParsedRules<T> {
    /// The rules in the order of the file.
    pub rules: Vec<T>,
    /// The lines that were skipped.
    pub problems: Vec<RuleProblem>,
}

/// Reads a `_redirects` file.
#[must_use]
pub fn parse_redirects(text: &str) -> ParsedRules<RedirectRule> {
    let mut parsed = ParsedRules {
        rules: Vec::new(),
        problems: Vec::new(),
    };
    let (mut fixed, mut dynamic) = (0, 0);
    for (index, line) in text.lines().enumerate() {
        let line = strip_comment(line).trim();
        if line.is_empty() {
            continue;
        }
        let rule = redirect_line(line).and_then(|rule| {
            let is_dynamic = rule.from.contains('*') || rule.from.contains("/:") || !rule.query.is_empty();
            let (count, max) = if is_dynamic {
                (&mut dynamic, DYNAMIC_REDIRECTS_MAX)
            } else {
                (&mut fixed, STATIC_REDIRECTS_MAX)
            };
            *count += 1;
            if *count > max {
                return Err(format!("more than {max} rules of this kind"));
            }
            Ok(rule)
        });
        match rule {
            Ok(rule) => parsed.rules.push(rule),
            Err(message) => parsed.problems.push(RuleProblem {
                line: index + 1,
                message,
            }),
        }
    }
    parsed
}

/// Reads a `_headers` file.
#[must_use]
pub fn parse_headers(text: &str) -> ParsedRules<HeaderRule> {
    let mut rules: Vec<HeaderRule> = Vec::new();
    let mut problems = Vec::new();
    // A block whose path is wrong takes its fields with it, so that they do not join the block above.
    let mut block_is_open = false;
    for (index, line) in text.lines().enumerate() {
        let content = line.trim();
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let outcome = if content.starts_with('/') || content.starts_with("http") && content.contains("://") {
            let opened = header_path(content, rules.len());
            block_is_open = opened.is_ok();
            opened.map(|path| {
                rules.push(HeaderRule {
                    path,
                    set: Vec::new(),
                    remove: Vec::new(),
                });
            })
        } else {
            match rules.last_mut().filter(|_| block_is_open) {
                Some(rule) => header_field(content, rule),
                None => Err("a field without a path above it".to_owned()),
            }
        };
        if let Err(message) = outcome {
            problems.push(RuleProblem {
                line: index + 1,
                message,
            });
        }
    }
    rules.retain(|rule| !rule.set.is_empty() || !rule.remove.is_empty());
    ParsedRules { rules, problems }
}

fn redirect_line(line: &str) -> Result<RedirectRule, String> {
    if line.len() > REDIRECT_LINE_MAX {
        return Err(format!("longer than {REDIRECT_LINE_MAX} characters"));
    }
    if line.contains(|c: char| c.is_control() && c != '\t') {
        return Err("control characters".to_owned());
    }
    let mut words = line.split_ascii_whitespace();
    let source = words.next().unwrap_or_default();
    let (host, from) = redirect_source(source)?;
    let mut query = BTreeMap::new();
    let to = loop {
        let word = words.next().ok_or("no target")?;
        if is_target(word) {
            break word;
        }
        let (name, value) = word.split_once('=').ok_or_else(|| {
            format!("`{word}` is neither a target (a path or an address) nor a query parameter")
        })?;
        query.insert(name.to_owned(), value.to_owned());
    };
    let (status, force) = match words.next() {
        None => (301, false),
        Some(word) => redirect_status(word)?,
    };
    if let Some(word) = words.next() {
        let name = word.split('=').next().unwrap_or_default().to_ascii_lowercase();
        return Err(if UNSUPPORTED_CONDITIONS.contains(&name.as_str()) {
            format!("conditions by {name} are not supported")
        } else {
            format!("`{word}` was not expected after the status")
        });
    }
    check_target(to, status)?;
    Ok(RedirectRule {
        host,
        from,
        query,
        to: to.to_owned(),
        status,
        force,
    })
}

fn redirect_source(source: &str) -> Result<(Option<String>, String), String> {
    let (host, path) = match source.split_once("://") {
        Some(("http" | "https", rest)) => {
            let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host: crate::Hostname = host.parse().map_err(|_| format!("`{host}` is not a host name"))?;
            (Some(host.to_string()), if path.is_empty() { "/" } else { path })
        }
        _ => (None, source),
    };
    check_pattern(path)?;
    Ok((host, path.to_owned()))
}

fn check_pattern(path: &str) -> Result<(), String> {
    if !path.starts_with('/') || path.starts_with("//") {
        return Err(format!("`{path}` does not start with a single `/`"));
    }
    if path.contains(char::is_whitespace) {
        return Err(format!("`{path}` has white space in it"));
    }
    if path.contains(['?', '#', '\\']) {
        return Err("a source has no `?`, `#` or `\\`; write query parameters as `name=value`".to_owned());
    }
    if path.find('*').is_some_and(|at| at + 1 != path.len()) {
        return Err("`*` may stand only at the end".to_owned());
    }
    Ok(())
}

fn is_target(word: &str) -> bool {
    word.starts_with('/') || word.starts_with("http://") || word.starts_with("https://")
}

fn redirect_status(word: &str) -> Result<(u16, bool), String> {
    let (digits, force) = match word.strip_suffix('!') {
        Some(digits) => (digits, true),
        None => (word, false),
    };
    match digits.parse() {
        Ok(status) if REDIRECT_STATUSES.contains(&status) => Ok((status, force)),
        _ => Err(format!(
            "`{word}` is not one of the statuses {REDIRECT_STATUSES:?}"
        )),
    }
}

fn check_target(to: &str, status: u16) -> Result<(), String> {
    if to.starts_with("//") || to.starts_with("/\\") {
        return Err(
            "a target that starts with `//` would leave the site; write the whole address".to_owned(),
        );
    }
    let Some((_, rest)) = to.split_once("://").filter(|_| !to.starts_with('/')) else {
        return Ok(());
    };
    if !matches!(status, 301 | 302 | 303 | 307 | 308) {
        return Err("rewrites to other servers are not supported".to_owned());
    }
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once(':').map_or(authority, |(host, port)| {
        if port.parse::<u16>().is_ok() {
            host
        } else {
            authority
        }
    });
    host.parse::<crate::Hostname>()
        .map(|_| ())
        .map_err(|_| format!("`{authority}` is not a host name; placeholders may stand only after it"))
}

/// A `#` starts a comment at the start of a line or after white space; elsewhere it is a fragment.
fn strip_comment(line: &str) -> &str {
    let comment = line
        .char_indices()
        .find(|&(at, c)| c == '#' && line[..at].chars().next_back().is_none_or(char::is_whitespace));
    comment.map_or(line, |(at, _)| &line[..at])
}

fn header_path(content: &str, count: usize) -> Result<String, String> {
    if count >= HEADER_RULES_MAX {
        return Err(format!("more than {HEADER_RULES_MAX} blocks"));
    }
    if content.len() > HEADER_LINE_MAX {
        return Err(format!("longer than {HEADER_LINE_MAX} characters"));
    }
    check_pattern(content)?;
    Ok(content.to_owned())
}

fn header_field(content: &str, rule: &mut HeaderRule) -> Result<(), String> {
    if content.len() > HEADER_LINE_MAX {
        return Err(format!("longer than {HEADER_LINE_MAX} characters"));
    }
    if let Some(name) = content.strip_prefix('!') {
        rule.remove.push(header_name(name.trim())?);
        return Ok(());
    }
    let (name, value) = content.split_once(':').ok_or("no `:` between name and value")?;
    let name = header_name(name.trim())?;
    let value = value.trim();
    if value.contains(|c: char| c.is_control() && c != '\t') {
        return Err("control characters in the value".to_owned());
    }
    rule.set.push((name, value.to_owned()));
    Ok(())
}

fn header_name(name: &str) -> Result<String, String> {
    let is_token = !name.is_empty()
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b));
    if !is_token {
        return Err(format!("`{name}` is not a field name"));
    }
    let name = name.to_ascii_lowercase();
    if name == "basic-auth" {
        return Err("`Basic-Auth` is not supported".to_owned());
    }
    if FORBIDDEN_HEADERS.contains(&name.as_str()) {
        return Err(format!("`{name}` is set by the platform"));
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn redirect(line: &str) -> RedirectRule {
        let parsed = parse_redirects(line);
        assert_eq!(parsed.problems, [], "{line}");
        parsed.rules[0].clone()
    }

    #[test]
    fn the_forms_of_a_redirect_line_are_understood() {
        let rule = redirect("/old /new");
        assert_eq!((rule.status, rule.force), (301, false));
        let rule = redirect("/store id=:id q=1 /blog/:id 302! # moved");
        assert_eq!((rule.status, rule.force, rule.query.len()), (302, true, 2));
        assert_eq!(redirect("/* /index.html 200").to, "/index.html");
        assert_eq!(redirect("/a /b#part").to, "/b#part");
        let rule = redirect("https://www.example.com/* https://example.com/:splat 301!");
        assert_eq!(rule.host.as_deref(), Some("www.example.com"));
    }

    #[test]
    fn input_95_bad_redirect_lines_are_named_and_the_rest_applies() {
        let text = "/a\n/b //evil.example\n/c /d 299\nx /y\n/p http://127.0.0.1:5432/ 200\n/q https://:splat/ 301\n\
                    /r /s 301 Country=de\n/*/t /u\n/ok /fine";
        let parsed = parse_redirects(text);
        assert_eq!(parsed.rules.len(), 1);
        let lines: Vec<usize> = parsed.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn input_95_rules_past_the_limit_are_reported() {
        let text: String = (0..10_000).map(|n| format!("/a{n} /b{n}\n")).collect();
        let parsed = parse_redirects(&text);
        assert_eq!(parsed.rules.len(), STATIC_REDIRECTS_MAX);
        assert_eq!(parsed.problems.len(), 10_000 - STATIC_REDIRECTS_MAX);
    }

    #[test]
    fn the_forms_of_a_header_block_are_understood() {
        let parsed =
            parse_headers("# c\n/*\n  X-A: 1\n  X-A: 2\n! X-B\n/b/:id\n\tCache-Control:  no-store \n");
        assert_eq!(parsed.problems, []);
        assert_eq!(parsed.rules[0].set.len(), 2);
        assert_eq!(parsed.rules[0].remove, ["x-b"]);
        assert_eq!(
            parsed.rules[1].set,
            [("cache-control".to_owned(), "no-store".to_owned())]
        );
    }

    #[test]
    fn input_95_injected_and_framing_headers_are_refused() {
        let parsed = parse_headers(
            "/*\n X-A: a\rSet-Cookie: b\n Content-Length: 3\n a b: c\n X-Ok: 1\n Basic-Auth: a:b",
        );
        assert_eq!(parsed.rules[0].set, [("x-ok".to_owned(), "1".to_owned())]);
        assert_eq!(parsed.problems.len(), 4);
    }
}
