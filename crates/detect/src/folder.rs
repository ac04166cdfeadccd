//! One folder of the repository, with everything read from it kept.
//!
//! Only the folder itself is looked at, never what happens to lie below it: a `package.json` in `examples/` says
//! nothing about the app above. A file that is there but cannot be used (not JSON, too large) is a [`Problem`]:
//! it is reported beside the plans, and never ends detection.

use std::cell::{OnceCell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use serde_json::Value;

use crate::explain::Problem;
use crate::tree::{Entry, EntryKind, Tree, join};

/// Manifests and sources above this are not read: real ones are a few kilobytes, parsing costs memory and time.
const MAX_FILE_BYTES: usize = 1024 * 1024;

/// A folder and what was read from it so far.
pub(crate) struct Folder<'t> {
    tree: &'t dyn Tree,
    dir: String,
    entries: OnceCell<Vec<Entry>>,
    texts: RefCell<HashMap<String, Option<Rc<str>>>>,
    values: RefCell<HashMap<String, Option<Rc<Value>>>>,
    problems: RefCell<BTreeMap<String, Problem>>,
}

/// The formats manifests are written in; all are read into the same kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    Json,
    Toml,
    Yaml,
}

impl<'t> Folder<'t> {
    pub(crate) fn new(tree: &'t dyn Tree, dir: impl Into<String>) -> Self {
        Self {
            tree,
            dir: dir.into(),
            entries: OnceCell::new(),
            texts: RefCell::default(),
            values: RefCell::default(),
            problems: RefCell::default(),
        }
    }

    pub(crate) fn tree(&self) -> &'t dyn Tree {
        self.tree
    }

    /// Path of this folder in the repository, `""` for its root.
    pub(crate) fn dir(&self) -> &str {
        &self.dir
    }

    /// Path of `name` in the repository.
    pub(crate) fn path(&self, name: &str) -> String {
        join(&self.dir, name)
    }

    pub(crate) fn entries(&self) -> &[Entry] {
        self.entries.get_or_init(|| self.tree.list(&self.dir))
    }

    /// Names of the files in this folder.
    pub(crate) fn files(&self) -> impl Iterator<Item = &str> {
        self.entries()
            .iter()
            .filter(|entry| entry.kind == EntryKind::File)
            .map(|entry| entry.name.as_str())
    }

    /// Names of the folders in this folder.
    pub(crate) fn folders(&self) -> impl Iterator<Item = &str> {
        self.entries()
            .iter()
            .filter(|entry| entry.kind == EntryKind::Directory)
            .map(|entry| entry.name.as_str())
    }

    pub(crate) fn has_file(&self, path: &str) -> bool {
        self.kind(path) == Some(EntryKind::File)
    }

    pub(crate) fn has_folder(&self, path: &str) -> bool {
        self.kind(path) == Some(EntryKind::Directory)
    }

    fn kind(&self, path: &str) -> Option<EntryKind> {
        if path.contains('/') {
            return self.tree.kind(&self.path(path));
        }
        let entries = self.entries();
        let found = entries
            .binary_search_by(|entry| entry.name.as_str().cmp(path))
            .ok()?;
        entries.get(found).map(|entry| entry.kind)
    }

    /// The files that match `pattern`, whose last part may hold one `*` (`next.config.*`, `src/*.rb`).
    pub(crate) fn matching(&self, pattern: &str) -> Vec<String> {
        let (parent, last) = pattern.rsplit_once('/').unwrap_or(("", pattern));
        let Some((start, end)) = last.split_once('*') else {
            return if self.has_file(pattern) {
                vec![pattern.to_owned()]
            } else {
                Vec::new()
            };
        };
        let fits = |name: &str| {
            name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end)
        };
        if parent.is_empty() {
            return self
                .files()
                .filter(|name| fits(name))
                .map(str::to_owned)
                .collect();
        }
        let entries = self.tree.list(&self.path(parent));
        let files = entries
            .into_iter()
            .filter(|entry| entry.kind == EntryKind::File && fits(&entry.name));
        files.map(|entry| join(parent, &entry.name)).collect()
    }

    /// The first of `patterns` that is there.
    pub(crate) fn first(&self, patterns: &[&str]) -> Option<String> {
        patterns
            .iter()
            .find_map(|pattern| self.matching(pattern).into_iter().next())
    }

    /// The text of a file; a byte order mark is dropped and UTF-16 (PowerShell's `>`) is understood.
    pub(crate) fn text(&self, path: &str) -> Option<Rc<str>> {
        if let Some(known) = self.texts.borrow().get(path) {
            return known.clone();
        }
        let text = self.read_text(path);
        self.texts.borrow_mut().insert(path.to_owned(), text.clone());
        text
    }

    fn read_text(&self, path: &str) -> Option<Rc<str>> {
        let head = self
            .has_file(path)
            .then(|| self.tree.read(&self.path(path), MAX_FILE_BYTES))
            .flatten()?;
        if head.truncated {
            let says = "is larger than 1 MiB and was not read".to_owned();
            self.report(path, says, "Keep generated data out of this file.");
            return None;
        }
        Some(decode(&head.bytes).into())
    }

    /// The first `limit` bytes of a file of any size (lock files say what wrote them at the top).
    pub(crate) fn head(&self, path: &str, limit: usize) -> Option<String> {
        Some(decode(&self.tree.read(&self.path(path), limit)?.bytes))
    }

    /// The contents of a JSON (with comments), TOML or YAML file, by the ending of its name.
    pub(crate) fn value(&self, path: &str) -> Option<Rc<Value>> {
        let format = match path.rsplit_once('.').map(|(_, ending)| ending) {
            Some("toml") | Some("lock") => Format::Toml,
            Some("yml" | "yaml") => Format::Yaml,
            _ if path == "Pipfile" => Format::Toml,
            _ => Format::Json,
        };
        self.value_as(path, format)
    }

    fn value_as(&self, path: &str, format: Format) -> Option<Rc<Value>> {
        if let Some(known) = self.values.borrow().get(path) {
            return known.clone();
        }
        let value = self.text(path).and_then(|text| match parse(&text, format) {
            Ok(value) => Some(Rc::new(value)),
            Err(reason) => {
                let name = format!("{format:?}").to_uppercase();
                self.report(
                    path,
                    format!("is not valid {name}: {reason}"),
                    "Correct the file and try again.",
                );
                None
            }
        });
        self.values.borrow_mut().insert(path.to_owned(), value.clone());
        value
    }

    /// Remembers that `path` is there but cannot be used.
    pub(crate) fn report(&self, path: &str, says: String, fix: &str) {
        let problem = Problem {
            file: self.path(path),
            says,
            fix: fix.to_owned(),
        };
        self.problems
            .borrow_mut()
            .entry(problem.file.clone())
            .or_insert(problem);
    }

    pub(crate) fn problems(&self) -> Vec<Problem> {
        self.problems.borrow().values().cloned().collect()
    }

    /// Whether `path` was read and found unusable.
    pub(crate) fn is_broken(&self, path: &str) -> bool {
        self.problems.borrow().contains_key(&self.path(path))
    }
}

fn decode(bytes: &[u8]) -> String {
    let wide = |pairs: &[u8], unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = pairs
            .chunks_exact(2)
            .map(|pair| unit([pair[0], pair[1]]))
            .collect();
        String::from_utf16_lossy(&units)
    };
    match bytes {
        [0xFF, 0xFE, rest @ ..] => wide(rest, u16::from_le_bytes),
        [0xFE, 0xFF, rest @ ..] => wide(rest, u16::from_be_bytes),
        [0xEF, 0xBB, 0xBF, rest @ ..] => String::from_utf8_lossy(rest).into_owned(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

/// Parsers have their own depth limits (128 levels), so hostile nesting is an error, not a stack overflow.
fn parse(text: &str, format: Format) -> Result<Value, String> {
    let first_line = |text: String| text.lines().next().unwrap_or_default().trim().to_owned();
    match format {
        Format::Json => serde_json::from_str(text)
            .or_else(|error| {
                serde_json::from_str(&crate::source::js::without_comments(text)).map_err(|_| error)
            })
            .map_err(|error| error.to_string()),
        Format::Toml => toml::from_str(text).map_err(|error| error.message().to_owned()),
        Format::Yaml => serde_yaml_ng::from_str(text).map_err(|error| first_line(error.to_string())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    #[test]
    fn input_55_a_byte_order_mark_does_not_hide_the_manifest() {
        let tree = MemoryTree::new()
            .with("package.json", b"\xEF\xBB\xBF{\"name\":\"a\"}")
            .with("requirements.txt", b"\xFF\xFEf\0l\0a\0s\0k\0");
        let folder = Folder::new(&tree, "");
        assert_eq!(folder.value("package.json").unwrap()["name"], "a");
        assert_eq!(&*folder.text("requirements.txt").unwrap(), "flask");
    }

    #[test]
    fn input_55_what_cannot_be_read_is_a_problem_with_a_reason() {
        let deep = "[".repeat(100_000);
        let tree = MemoryTree::new()
            .with("a/package.json", "{")
            .with("b/package.json", vec![b' '; 2 * MAX_FILE_BYTES])
            .with("c/package.json", deep);
        for (dir, words) in [
            ("a", "is not valid JSON"),
            ("b", "larger than 1 MiB"),
            ("c", "recursion limit"),
        ] {
            let folder = Folder::new(&tree, dir);
            assert!(folder.value("package.json").is_none());
            assert!(
                folder.problems()[0].says.contains(words),
                "{:?}",
                folder.problems()
            );
        }
    }

    #[test]
    fn patterns_look_into_one_folder_only() {
        let tree = MemoryTree::new()
            .with("next.config.mjs", "")
            .with("x/next.config.js", "")
            .with("src/a.rb", "");
        let folder = Folder::new(&tree, "");
        assert_eq!(folder.matching("next.config.*"), ["next.config.mjs"]);
        assert_eq!(folder.matching("src/*.rb"), ["src/a.rb"]);
        assert_eq!(folder.first(&["none", "src/*.rb"]).as_deref(), Some("src/a.rb"));
    }
}
