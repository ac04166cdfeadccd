//! Matching `_redirects` and `_headers` (the grammar is in `aether_models::site_rules`).
//!
//! As on Netlify: rules are tried top-down, a trailing slash does not matter, files win unless a rule insists (`!`).
//! Redirects keep the query unless the target has its own. Blocks of `_headers` apply in order, a later block replaces
//! what an earlier one set; within a block a repeated name stays repeated.

use std::borrow::Cow;
use std::collections::HashMap;

use aether_models::{HeaderRule, RedirectRule};
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use http::request::Parts;
use http::{StatusCode, Uri};
use percent_encoding::percent_decode_str;

use crate::pick::host_name;
use crate::static_site::path::clean_path;
use crate::static_site::site::{Site, escaped_path};

/// The rules of a site.
pub(super) struct Rules {
    redirects: Vec<Redirect>,
    /// Redirects without a wildcard, placeholder or condition, by path; most rules are such.
    by_path: HashMap<Box<str>, usize>,
    /// The others, in order.
    dynamic: Vec<usize>,
    headers: Vec<Block>,
}

/// What a rule answers.
pub(super) enum RuleAnswer {
    Redirect(StatusCode, HeaderValue),
    Serve(StatusCode, String),
}

struct Redirect {
    pattern: Pattern,
    rule: RedirectRule,
    status: StatusCode,
}

struct Block {
    pattern: Pattern,
    remove: Vec<HeaderName>,
    set: Vec<(HeaderName, String)>,
}

/// A path pattern.
struct Pattern {
    segments: Vec<Segment>,
    has_splat: bool,
}

enum Segment {
    Literal(String),
    Placeholder(String),
}

/// What the placeholders of a pattern stand for.
type Captures<'p> = Vec<(Cow<'p, str>, String)>;

impl Rules {
    pub(super) fn new(redirects: &[RedirectRule], headers: &[HeaderRule]) -> Self {
        let mut rules = Self {
            redirects: Vec::new(),
            by_path: HashMap::new(),
            dynamic: Vec::new(),
            headers: headers.iter().map(Block::new).collect(),
        };
        for rule in redirects {
            let Ok(status) = StatusCode::from_u16(rule.status) else {
                continue;
            };
            let index = rules.redirects.len();
            let pattern = Pattern::new(&rule.from);
            if pattern.is_literal() && rule.host.is_none() && rule.query.is_empty() {
                rules.by_path.entry(pattern.literal_path()).or_insert(index);
            } else {
                rules.dynamic.push(index);
            }
            rules.redirects.push(Redirect {
                pattern,
                rule: rule.clone(),
                status,
            });
        }
        rules
    }

    /// The first rule that applies; `exists` says whether the path has a file of its own.
    pub(super) fn redirect(
        &self,
        site: &Site,
        parts: &Parts,
        path: &str,
        exists: bool,
    ) -> Option<RuleAnswer> {
        if self.redirects.is_empty() {
            return None;
        }
        let path = path.trim_end_matches('/');
        let fixed = self.by_path.get(path).copied();
        let mut candidates: Vec<usize> = self.dynamic.iter().copied().chain(fixed).collect();
        candidates.sort_unstable();
        let host = host_of(parts);
        candidates
            .into_iter()
            .map(|index| &self.redirects[index])
            .find_map(|redirect| {
                if exists && !redirect.rule.force
                    || redirect.rule.host.as_deref().is_some_and(|wanted| wanted != host)
                {
                    return None;
                }
                let mut captures = redirect.pattern.matches(path)?;
                if !redirect.query_matches(parts.uri.query(), &mut captures) {
                    return None;
                }
                redirect.answer(site, parts, path, &captures)
            })
    }

    /// Applies `_headers` to a response for this request.
    pub(super) fn set_headers(&self, parts: &Parts, headers: &mut HeaderMap) {
        if self.headers.is_empty() {
            return;
        }
        let Ok(path) = clean_path(parts.uri.path()) else {
            return;
        };
        for block in &self.headers {
            if let Some(captures) = block.pattern.matches(path.trim_end_matches('/')) {
                block.apply(&captures, headers);
            }
        }
    }
}

impl Redirect {
    fn query_matches(&self, query: Option<&str>, captures: &mut Captures<'_>) -> bool {
        self.rule.query.iter().all(|(name, wanted)| {
            let Some(value) = query_value(query.unwrap_or_default(), name) else {
                return false;
            };
            match wanted.strip_prefix(':') {
                Some(placeholder) => {
                    captures.push((Cow::Owned(placeholder.to_owned()), value));
                    true
                }
                None => *wanted == value,
            }
        })
    }

    fn answer(&self, site: &Site, parts: &Parts, path: &str, captures: &Captures<'_>) -> Option<RuleAnswer> {
        let is_redirect = self.status.is_redirection();
        let to = fill(&self.rule.to, captures, is_redirect);
        if !is_redirect {
            let to = to.split(['?', '#']).next().unwrap_or_default();
            let to = clean_path(to).ok()?.into_owned();
            // `/* /index.html 200` on a site without that page must not hide the site's own 404 page.
            return (self.status != StatusCode::OK || site.file_at(&to).is_some())
                .then_some(RuleAnswer::Serve(self.status, to));
        }
        let location = self.location(to, parts)?;
        // A rule that leads to itself would make the browser run in a circle.
        let is_circle = location
            .as_bytes()
            .strip_prefix(b"/")
            .is_some_and(|to| to == path.as_bytes());
        (!is_circle).then_some(RuleAnswer::Redirect(self.status, location))
    }

    fn location(&self, to: String, parts: &Parts) -> Option<HeaderValue> {
        // `//host` would leave the site; only the rule's author may do that, by writing the whole address.
        let mut to = match to.strip_prefix('/') {
            Some(rest) => format!("/{}", rest.trim_start_matches(['/', '\\'])),
            None => to,
        };
        if let Some(query) = parts
            .uri
            .query()
            .filter(|_| !to.contains('?') && self.rule.query.is_empty())
        {
            let fragment = to.find('#').map(|at| to.split_off(at)).unwrap_or_default();
            to = format!("{to}?{query}{fragment}");
        }
        HeaderValue::from_str(&to).ok()
    }
}

impl Block {
    fn new(rule: &HeaderRule) -> Self {
        let name = |name: &String| HeaderName::from_bytes(name.as_bytes()).ok();
        Self {
            pattern: Pattern::new(&rule.path),
            remove: rule.remove.iter().filter_map(name).collect(),
            set: rule
                .set
                .iter()
                .filter_map(|(key, value)| Some((name(key)?, value.clone())))
                .collect(),
        }
    }

    fn apply(&self, captures: &Captures<'_>, headers: &mut HeaderMap) {
        for name in self.remove.iter().chain(self.set.iter().map(|(name, _)| name)) {
            headers.remove(name);
        }
        for (name, value) in &self.set {
            if let Ok(value) = HeaderValue::from_str(&fill(value, captures, false)) {
                headers.append(name.clone(), value);
            }
        }
    }
}

impl Pattern {
    fn new(path: &str) -> Self {
        let (path, has_splat) = match path.strip_suffix('*') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
        let segments = path.split('/').filter(|segment| !segment.is_empty());
        Self {
            segments: segments
                .map(|segment| match segment.strip_prefix(':') {
                    Some(name) => Segment::Placeholder(name.to_owned()),
                    None => Segment::Literal(decoded(segment)),
                })
                .collect(),
            has_splat,
        }
    }

    fn is_literal(&self) -> bool {
        !self.has_splat
            && self
                .segments
                .iter()
                .all(|segment| matches!(segment, Segment::Literal(_)))
    }

    /// The path that a pattern without a placeholder stands for, decoded as those of requests are.
    fn literal_path(&self) -> Box<str> {
        let names = self.segments.iter().map(|segment| match segment {
            Segment::Literal(name) | Segment::Placeholder(name) => name.as_str(),
        });
        names.collect::<Vec<_>>().join("/").into()
    }

    /// What the placeholders stand for, if the path (without outer slashes) matches. `/news/*` also matches `/news`.
    fn matches(&self, path: &str) -> Option<Captures<'_>> {
        let mut captures = Vec::new();
        let mut rest = Some(path).filter(|path| !path.is_empty());
        for segment in &self.segments {
            let (first, tail) = match rest?.split_once('/') {
                Some((first, tail)) => (first, Some(tail)),
                None => (rest?, None),
            };
            match segment {
                Segment::Literal(literal) if literal == first => {}
                Segment::Literal(_) => return None,
                Segment::Placeholder(name) => captures.push((Cow::Borrowed(name.as_str()), first.to_owned())),
            }
            rest = tail;
        }
        match (self.has_splat, rest) {
            (false, Some(_)) => return None,
            (true, rest) => captures.push((Cow::Borrowed("splat"), rest.unwrap_or_default().to_owned())),
            (false, None) => {}
        }
        Some(captures)
    }
}

/// Puts the captures in; for a `Location` they are escaped again.
fn fill(template: &str, captures: &Captures<'_>, is_location: bool) -> String {
    let mut filled = String::with_capacity(template.len() + 16);
    let mut rest = template;
    while let Some(colon) = rest.find(':') {
        filled.push_str(&rest[..colon]);
        let after = &rest[colon + 1..];
        let length = after
            .bytes()
            .take_while(|b| b.is_ascii_alphanumeric() || *b == b'_')
            .count();
        let (name, tail) = after.split_at(length);
        match captures.iter().find(|(known, _)| known == name) {
            Some((_, value)) if is_location => filled.push_str(&escaped_path(value)),
            Some((_, value)) => filled.push_str(value),
            None => {
                filled.push(':');
                filled.push_str(name);
            }
        }
        rest = tail;
    }
    filled.push_str(rest);
    filled
}

fn query_value(query: &str, name: &str) -> Option<String> {
    let pair = query.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (percent_decode_str(key).decode_utf8_lossy() == name).then_some(value)
    })?;
    Some(
        percent_decode_str(&pair.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned(),
    )
}

fn host_of(parts: &Parts) -> String {
    let field = parts.headers.get(header::HOST).map(HeaderValue::as_bytes);
    let authority = Uri::authority(&parts.uri).map(|authority| authority.as_str().as_bytes());
    field
        .or(authority)
        .and_then(host_name)
        .map(Cow::into_owned)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use aether_models::{FileEntry, Manifest, parse_headers, parse_redirects};
    use http::Request;

    use super::*;

    fn site(redirects: &str, headers: &str) -> Site {
        let file = FileEntry {
            sha256: "0".repeat(64),
            size: 1,
            content_type: "text/html".to_owned(),
            immutable: false,
            encodings: Default::default(),
        };
        let (redirects, headers) = (parse_redirects(redirects), parse_headers(headers));
        assert!(redirects.problems.is_empty() && headers.problems.is_empty());
        let manifest = Manifest {
            version: 1,
            files: [
                ("index.html".to_owned(), file.clone()),
                ("real.html".to_owned(), file),
            ]
            .into(),
            redirects: redirects.rules,
            headers: headers.rules,
            ..Manifest::default()
        };
        Site::new(Path::new("/x"), &manifest)
    }

    fn answer(site: &Site, target: &str) -> String {
        let request = Request::get(target).header("host", "a.x:80").body(()).unwrap();
        let (parts, ()) = request.into_parts();
        let path = clean_path(parts.uri.path()).unwrap();
        let exists = site.find(&path).is_some();
        match site.rules().redirect(site, &parts, &path, exists) {
            None => "none".to_owned(),
            Some(RuleAnswer::Redirect(status, to)) => format!("{} {}", status.as_u16(), to.to_str().unwrap()),
            Some(RuleAnswer::Serve(status, to)) => format!("{} serve {to}", status.as_u16()),
        }
    }

    #[test]
    fn redirects_follow_netlifys_rules() {
        let rules = "/old /new\n/news/* /blog/:splat 302\n/u/:id/x /user/:id\n/store id=:id /buy/:id 301\n\
                     /real /never\n/forced /else 301!\n/real/* /x 301!\nhttp://b.x/* https://a.x/:splat\n\
                     /q /r?fixed=1\n/a%20b /spaced\n/grün /green\n/loop /loop\n/gone /index.html 410\n/* /index.html 200";
        let site = site(rules, "");
        for (target, expected) in [
            ("/old", "301 /new"),
            ("/old/", "301 /new"),
            ("/old?a=b", "301 /new?a=b"),
            ("/news/2026/x", "302 /blog/2026/x"),
            ("/news", "302 /blog/"),
            ("/news/a%20b", "302 /blog/a%20b"),
            ("/u/7/x", "301 /user/7"),
            ("/u/7/y", "200 serve index.html"),
            ("/store?id=5&x=1", "301 /buy/5"),
            ("/store", "200 serve index.html"),
            ("/real", "301 /x"),
            ("/forced", "301 /else"),
            ("/q?a=b", "301 /r?fixed=1"),
            ("/a%20b", "301 /spaced"),
            ("/gr%C3%BCn/", "301 /green"),
            ("/loop", "200 serve index.html"),
            ("/gone", "410 serve index.html"),
            ("/any/thing", "200 serve index.html"),
            ("/", "none"),
        ] {
            assert_eq!(answer(&site, target), expected, "{target}");
        }
    }

    #[test]
    fn input_95_a_rule_cannot_be_used_to_leave_the_site_or_to_inject() {
        let site = site("/go/* /:splat\n/set/:v /x?v=:v", "");
        assert_eq!(answer(&site, "/go//evil.example"), "301 /evil.example");
        assert_eq!(answer(&site, "/go/%5cevil.example"), "301 /%5Cevil.example");
        assert_eq!(answer(&site, "/set/a%20b"), "301 /x?v=a%20b");
    }

    #[test]
    fn header_blocks_apply_in_order_and_later_ones_replace() {
        let site = site(
            "",
            "/*\n A: 1\n B: 1\n Link: x\n Link: y\n! Vary\n/docs/:page\n A: :page\n! B",
        );
        let fields = |target: &str| {
            let (parts, ()) = Request::get(target).body(()).unwrap().into_parts();
            let mut headers = HeaderMap::from_iter([(header::VARY, HeaderValue::from_static("x"))]);
            site.rules().set_headers(&parts, &mut headers);
            headers
        };
        let docs = fields("/docs/intro");
        assert_eq!(docs["a"], "intro");
        assert!(!docs.contains_key("b") && !docs.contains_key("vary"));
        assert_eq!(docs.get_all("link").iter().count(), 2);
        assert_eq!(fields("/")["b"], "1");
    }
}
