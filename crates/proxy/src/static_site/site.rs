//! A manifest turned into the lookups a request needs: every form of every path, made once.
//!
//! Clean addresses as on Cloudflare Pages: `about.html` is `/about`, `dir/index.html` is `/dir/`; the other forms
//! redirect there with 308.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aether_models::{Encoding, FILES_DIRECTORY, FileEntry, Manifest};
use arc_swap::{ArcSwapOption, Guard};
use bytes::Bytes;
use http::HeaderValue;
use percent_encoding::{AsciiSet, CONTROLS, utf8_percent_encode};

use crate::static_site::cache::Evictable;
use crate::static_site::rules::Rules;

/// What may not stand in the path of a `Location`.
const PATH_ESCAPES: &AsciiSet = &CONTROLS
    .add(b' ')
    .add(b'"')
    .add(b'#')
    .add(b'%')
    .add(b'<')
    .add(b'>')
    .add(b'?')
    .add(b'\\')
    .add(b'`')
    .add(b'{')
    .add(b'}');
/// Digits of the hash in an ETag: 128 bits, far beyond chance, and half as long to send.
const ETAG_DIGITS: usize = 32;

/// A static release, ready to be served.
pub(super) struct Site {
    directory: PathBuf,
    files: Vec<File>,
    lookups: HashMap<Box<str>, Lookup>,
    /// `404.html` pages by their folder, which ends with `/` or is empty.
    not_found: HashMap<Box<str>, usize>,
    spa_page: Option<usize>,
    rules: Rules,
    pub(super) modified: i64,
    pub(super) last_modified: HeaderValue,
    weight: usize,
}

/// What a path stands for.
enum Lookup {
    File(usize),
    /// The file is here, its address elsewhere.
    Redirect(usize, HeaderValue),
}

/// What a request path found.
pub(super) enum Found<'s> {
    File(&'s File),
    Redirect(&'s HeaderValue),
}

/// A file and its variants.
pub(super) struct File {
    sha256: Box<str>,
    pub(super) content_type: HeaderValue,
    pub(super) immutable: bool,
    plain: Arc<Variant>,
    encoded: Vec<Arc<Variant>>,
}

/// One form of a file's contents.
pub(super) struct Variant {
    pub(super) encoding: Option<Encoding>,
    pub(super) size: u64,
    pub(super) etag: HeaderValue,
    contents: ArcSwapOption<Bytes>,
    used: AtomicBool,
}

impl Site {
    pub(super) fn new(directory: &Path, manifest: &Manifest) -> Self {
        let mut lookups = HashMap::with_capacity(manifest.files.len());
        let mut not_found = HashMap::new();
        let mut files = Vec::with_capacity(manifest.files.len());
        let mut weight = 1024;
        for (index, (path, entry)) in manifest.files.iter().enumerate() {
            weight += 2 * path.len() + 300 + 120 * entry.encodings.len();
            files.push(File::new(entry));
            if let Some(folder) = path
                .strip_suffix("404.html")
                .filter(|folder| folder.is_empty() || folder.ends_with('/'))
            {
                not_found.insert(Box::from(folder), index);
            }
            add_lookups(&mut lookups, path, index, manifest);
        }
        let modified = manifest.created.max(0);
        let time: SystemTime = UNIX_EPOCH + Duration::from_secs(modified.unsigned_abs());
        let index_of = |path: &str| manifest.files.keys().position(|known| known == path);
        Self {
            directory: directory.join(FILES_DIRECTORY),
            spa_page: manifest.spa.then(|| index_of("index.html")).flatten(),
            rules: Rules::new(&manifest.redirects, &manifest.headers),
            files,
            lookups,
            not_found,
            modified,
            last_modified: text_value(&httpdate::fmt_http_date(time)),
            weight,
        }
    }

    /// Bytes it takes in memory, roughly.
    pub(super) fn weight(&self) -> usize {
        self.weight
    }

    pub(super) fn rules(&self) -> &Rules {
        &self.rules
    }

    pub(super) fn find(&self, path: &str) -> Option<Found<'_>> {
        Some(match self.lookups.get(path)? {
            Lookup::File(index) => Found::File(&self.files[*index]),
            Lookup::Redirect(_, location) => Found::Redirect(location),
        })
    }

    /// The file behind a path of the site, whatever its proper address.
    pub(super) fn file_at(&self, path: &str) -> Option<&File> {
        let path = path.strip_prefix('/').unwrap_or(path);
        match self.lookups.get(path)? {
            Lookup::File(index) | Lookup::Redirect(index, _) => Some(&self.files[*index]),
        }
    }

    pub(super) fn spa_page(&self) -> Option<&File> {
        self.spa_page.map(|index| &self.files[index])
    }

    /// The nearest `404.html`, walking up from `path`.
    pub(super) fn not_found(&self, path: &str) -> Option<&File> {
        if self.not_found.is_empty() {
            return None;
        }
        let mut folder = &path[..path.rfind('/').map_or(0, |slash| slash + 1)];
        loop {
            if let Some(index) = self.not_found.get(folder) {
                return Some(&self.files[*index]);
            }
            let parent = folder.strip_suffix('/')?;
            folder = &parent[..parent.rfind('/').map_or(0, |slash| slash + 1)];
        }
    }

    /// Where a variant's contents lie.
    pub(super) fn path_of(&self, file: &File, variant: &Variant) -> PathBuf {
        let suffix = variant.encoding.map_or("", Encoding::suffix);
        self.directory.join(format!("{}{suffix}", file.sha256))
    }
}

impl File {
    fn new(entry: &FileEntry) -> Self {
        let digits = entry.sha256.get(..ETAG_DIGITS).unwrap_or(&entry.sha256);
        let variant = |encoding: Option<Encoding>, size| {
            let tag = match encoding {
                None => format!("\"{digits}\""),
                Some(encoding) => format!("\"{digits}-{}\"", encoding.token()),
            };
            Arc::new(Variant {
                encoding,
                size,
                etag: text_value(&tag),
                contents: ArcSwapOption::empty(),
                used: AtomicBool::new(false),
            })
        };
        Self {
            sha256: entry.sha256.as_str().into(),
            content_type: content_type(&entry.content_type),
            immutable: entry.immutable,
            plain: variant(None, entry.size),
            encoded: entry
                .encodings
                .iter()
                .map(|(&encoding, &size)| variant(Some(encoding), size))
                .collect(),
        }
    }

    /// Which variant a client gets depends on what it accepts.
    pub(super) fn is_negotiated(&self) -> bool {
        !self.encoded.is_empty()
    }

    pub(super) fn variant(&self, encoding: Option<Encoding>) -> &Arc<Variant> {
        let known = self
            .encoded
            .iter()
            .find(|variant| variant.encoding == encoding && encoding.is_some());
        known.unwrap_or(&self.plain)
    }
}

impl Variant {
    pub(super) fn contents(&self) -> Guard<Option<Arc<Bytes>>> {
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        self.contents.load()
    }

    pub(super) fn keep(&self, contents: Bytes) {
        self.contents.store(Some(Arc::new(contents)));
    }
}

impl Evictable for Variant {
    fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    fn evict(&self) {
        self.contents.store(None);
    }
}

/// Adds the proper address of a file and the forms that lead there. A file whose own name is that form wins.
fn add_lookups(lookups: &mut HashMap<Box<str>, Lookup>, path: &str, index: usize, manifest: &Manifest) {
    let exists = |path: &str| manifest.files.contains_key(path);
    let mut put = |path: &str, lookup: Lookup| {
        lookups.insert(path.into(), lookup);
    };
    let redirect = |to: &str| Lookup::Redirect(index, location(to));
    let Some(stem) = path
        .strip_suffix(".html")
        .filter(|stem| !stem.ends_with('/') && !stem.is_empty())
    else {
        put(path, Lookup::File(index));
        return;
    };
    if let Some(folder) = stem
        .strip_suffix("index")
        .filter(|folder| folder.is_empty() || folder.ends_with('/'))
    {
        put(folder, Lookup::File(index));
        put(path, redirect(folder));
        if !exists(stem) {
            put(stem, redirect(folder));
        }
        let bare = folder.trim_end_matches('/');
        if !bare.is_empty() && !exists(bare) && !exists(&format!("{bare}.html")) {
            put(bare, redirect(folder));
        }
        return;
    }
    if exists(stem) {
        // `/a` is the file `a`, so `a.html` keeps its full name.
        put(path, Lookup::File(index));
        return;
    }
    put(stem, Lookup::File(index));
    put(path, redirect(stem));
    if !exists(&format!("{stem}/index.html")) {
        put(&format!("{stem}/"), redirect(stem));
    }
}

/// A path of the site as a `Location`; exactly one leading slash, so that it cannot name another host.
pub(super) fn location(path: &str) -> HeaderValue {
    let path = path.trim_start_matches(['/', '\\']);
    text_value(&format!("/{}", escaped_path(path)))
}

/// A decoded path as it may stand in a `Location`.
pub(super) fn escaped_path(path: &str) -> std::borrow::Cow<'_, str> {
    utf8_percent_encode(path, PATH_ESCAPES).into()
}

/// Known types are shared by all sites instead of being counted up and down by two threads.
fn content_type(text: &str) -> HeaderValue {
    const COMMON: [&str; 10] = [
        "text/html; charset=utf-8",
        "text/css; charset=utf-8",
        "text/javascript; charset=utf-8",
        "application/json",
        "application/octet-stream",
        "image/svg+xml",
        "image/png",
        "image/jpeg",
        "image/webp",
        "font/woff2",
    ];
    match COMMON.into_iter().find(|common| *common == text) {
        Some(common) => HeaderValue::from_static(common),
        None => text_value(text),
    }
}

fn text_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn site(paths: &[&str]) -> Site {
        let entry = |path: &str| FileEntry {
            sha256: format!("{:0>64}", path.len()),
            size: 1,
            content_type: "text/html; charset=utf-8".to_owned(),
            immutable: false,
            encodings: Default::default(),
        };
        let manifest = Manifest {
            version: 1,
            files: paths
                .iter()
                .map(|path| ((*path).to_owned(), entry(path)))
                .collect(),
            ..Manifest::default()
        };
        Site::new(Path::new("/x"), &manifest)
    }

    fn outcome(site: &Site, path: &str) -> String {
        match site.find(path) {
            None => "nothing".to_owned(),
            Some(Found::File(_)) => "file".to_owned(),
            Some(Found::Redirect(location)) => location.to_str().unwrap().to_owned(),
        }
    }

    #[test]
    fn clean_addresses_serve_and_other_forms_redirect() {
        let site = site(&[
            "index.html",
            "about.html",
            "docs/index.html",
            "a.css",
            "both.html",
            "both/index.html",
            "t",
            "t.html",
        ]);
        for (path, expected) in [
            ("", "file"),
            ("index.html", "/"),
            ("index", "/"),
            ("about", "file"),
            ("about.html", "/about"),
            ("about/", "/about"),
            ("docs/", "file"),
            ("docs", "/docs/"),
            ("docs/index.html", "/docs/"),
            ("docs/index", "/docs/"),
            ("a.css", "file"),
            ("a.css/", "nothing"),
            ("both", "file"),
            ("both/", "file"),
            ("t", "file"),
            ("t.html", "file"),
            ("About", "nothing"),
        ] {
            assert_eq!(outcome(&site, path), expected, "{path:?}");
        }
    }

    #[test]
    fn the_nearest_404_page_is_found_walking_up() {
        let site = site(&["404.html", "docs/404.html", "docs/a/b.html"]);
        let page = |path| site.not_found(path).map(|file| file.sha256.clone());
        let (root, docs) = (page("x"), page("docs/x"));
        assert_ne!(root, docs);
        assert_eq!(page("docs/a/x/y"), docs);
        assert_eq!(page("other/deep/x"), root);
    }

    #[test]
    fn a_redirect_names_no_other_host_and_no_line_break() {
        assert_eq!(location("//evil.example/ä b"), "/evil.example/%C3%A4%20b");
        assert_eq!(location("\\evil\r\nX: y"), "/evil%0D%0AX:%20y");
    }
}
