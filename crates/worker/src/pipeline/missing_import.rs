//! A bundler that cannot find a file of the repository itself: which file asks for which, and what may have been meant.
//!
//! Packages that are not installed are another matter: only paths that begin with `./` or `../` are looked at here.

use aether_detect::{EntryKind, Tree};

use crate::runtime::WORKSPACE;

/// How bundlers, compilers and Node.js begin to say it.
const MARKS: &[&str] = &[
    "Could not resolve",
    "Can't resolve",
    "Cannot find module",
    "Failed to resolve import",
    "failed to resolve import",
    "Unable to resolve",
];
/// Lines before and after the one with the mark in which the file that asks may be named.
const NEAR: usize = 3;
/// Edits between a name and the one that was meant.
const EDITS_MAX: usize = 2;

/// An import of a file that is not there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct MissingImport {
    /// The path as it stands in the code.
    pub(super) wanted: String,
    /// The file it stands in, when the output names it.
    pub(super) importer: Option<String>,
}

impl MissingImport {
    /// The first one that the output tells of; `lines` are without colours.
    pub(super) fn find(lines: &[String]) -> Option<Self> {
        lines.iter().enumerate().find_map(|(index, line)| {
            let (before, after) = MARKS.iter().find_map(|mark| line.split_once(mark))?;
            let (wanted, rest) = first_quoted(after)?;
            if !wanted.starts_with("./") && !wanted.starts_with("../") {
                return None;
            }
            let importer = file_in(rest)
                .or_else(|| file_in(before))
                .or_else(|| near(lines, index));
            Some(Self {
                wanted: wanted.to_owned(),
                importer,
            })
        })
    }

    /// What happened, in one line.
    pub(super) fn title(&self) -> String {
        let importer = self.importer.as_deref().unwrap_or("The code");
        format!(
            "{importer} imports {}, which is not in the repository",
            self.wanted
        )
    }

    /// The file is there after all, so that something else is wrong.
    pub(super) fn is_there(&self, tree: &dyn Tree, root_dir: &str) -> bool {
        let Some(importer) = &self.importer else {
            return false;
        };
        let beside = importer.rsplit_once('/').map_or("", |(folder, _)| folder);
        [root_dir, "."]
            .iter()
            .any(|base| tree.kind(&format!("{base}/{beside}/{}", self.wanted)) == Some(EntryKind::File))
    }

    /// What to do next. `tree` is the workspace, if it can be read, and `root_dir` the app's folder in it.
    pub(super) fn hint(&self, tree: Option<&dyn Tree>, root_dir: &str) -> String {
        match tree.and_then(|tree| self.meant(tree, root_dir)) {
            Some(meant) => format!(
                "Did you mean {meant}? The path has to be spelled exactly like the file, letter case included."
            ),
            None => "Check the spelling and the letter case of the path, and that the file was committed: .gitignore may \
                     leave it out."
                .to_owned(),
        }
    }

    /// The file with the most similar name in the same folder, as the import would have to say it.
    fn meant(&self, tree: &dyn Tree, root_dir: &str) -> Option<String> {
        let importer = self.importer.as_deref()?;
        let (folder, name) = self
            .wanted
            .rsplit_once('/')
            .filter(|(_, name)| !name.is_empty())?;
        let beside = importer.rsplit_once('/').map_or("", |(folder, _)| folder);
        // Some tools name files as the app's folder has them, some as the repository has them.
        let mut names = [root_dir, "."].into_iter().filter_map(|base| {
            tree.kind(&format!("{base}/{importer}"))?;
            let entries = tree.list(&format!("{base}/{beside}/{folder}"));
            similar(
                name,
                entries
                    .into_iter()
                    .filter(|entry| entry.kind == EntryKind::File)
                    .map(|entry| entry.name),
            )
        });
        names.next().map(|name| format!("{folder}/{name}"))
    }
}

/// The most similar of the names, with or without their endings as the wanted one has it.
fn similar(wanted: &str, names: impl Iterator<Item = String>) -> Option<String> {
    let lower = wanted.to_lowercase();
    let most = EDITS_MAX.min(wanted.chars().count() / 3);
    names
        .filter_map(|name| {
            let stem = name.rsplit_once('.').map_or(name.as_str(), |(stem, _)| stem);
            let spelling = if wanted.contains('.') { name.as_str() } else { stem };
            if spelling == wanted {
                return None;
            }
            let edits = strsim::osa_distance(&lower, &spelling.to_lowercase());
            (edits <= most).then(|| (edits, spelling.to_owned()))
        })
        .min()
        .map(|(_, name)| name)
}

/// The first text in quotes and what follows it.
fn first_quoted(text: &str) -> Option<(&str, &str)> {
    let start = text.find(['"', '\'', '`'])?;
    let quote = text.get(start..)?.chars().next()?;
    text.get(start + 1..)?.split_once(quote)
}

/// The file of this repository that a piece of a message names.
fn file_in(text: &str) -> Option<String> {
    text.split(|c: char| c.is_whitespace() || "\"'`()[]<>,".contains(c))
        .find_map(|word| as_file(word.trim_start_matches("file://")))
}

fn as_file(word: &str) -> Option<String> {
    let path = word
        .strip_prefix(WORKSPACE)
        .map_or(word, |rest| rest.trim_start_matches('/'));
    // `src/main.js:1:19:` names a place in the file.
    let path = path
        .split(':')
        .next()
        .unwrap_or_default()
        .trim_start_matches("./");
    let (_, ending) = path.rsplit_once('.')?;
    let is_ending = (1..=6).contains(&ending.len()) && ending.bytes().all(|b| b.is_ascii_alphanumeric());
    let is_ours =
        !path.starts_with(['/', '.', '@']) && !path.contains("node_modules") && !path.contains("//");
    let begins_a_name = path.starts_with(|c: char| c.is_alphanumeric() || c == '_');
    (is_ending && is_ours && begins_a_name && ending.bytes().any(|b| b.is_ascii_alphabetic()))
        .then(|| path.to_owned())
}

/// webpack and Next.js name the file in the line before, esbuild and Node.js in one of the lines after.
fn near(lines: &[String], index: usize) -> Option<String> {
    let begins_with_path = |line: &String| {
        let line = line
            .trim_start()
            .trim_start_matches("ERROR in ")
            .trim_start_matches("- ");
        line.split_whitespace().next().and_then(as_file)
    };
    let after = lines.iter().skip(index + 1).take(NEAR);
    let before = lines.iter().take(index).rev().take(NEAR);
    before
        .clone()
        .take(1)
        .chain(after)
        .chain(before.skip(1))
        .find_map(begins_with_path)
}

#[cfg(test)]
mod tests {
    use aether_detect::MemoryTree;

    use super::*;

    fn find(lines: &[&str]) -> Option<(String, Option<String>)> {
        let lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
        MissingImport::find(&lines).map(|missing| (missing.wanted, missing.importer))
    }

    #[test]
    fn every_tool_says_it_in_its_own_words() {
        let said: &[(&[&str], &str, &str)] = &[
            (
                &["Could not resolve \"./redner.js\" from \"src/main.js\""],
                "./redner.js",
                "src/main.js",
            ),
            (
                &[
                    "✘ [ERROR] Could not resolve \"./redner.js\"",
                    "",
                    "    src/main.js:1:23:",
                ],
                "./redner.js",
                "src/main.js",
            ),
            (
                &[
                    "ERROR in ./src/main.js 1:0-34",
                    "Module not found: Error: Can't resolve './redner.js' in '/workspace/src'",
                ],
                "./redner.js",
                "src/main.js",
            ),
            (
                &[
                    "./app/page.tsx:1:1",
                    "Module not found: Can't resolve '../lib/redner'",
                ],
                "../lib/redner",
                "app/page.tsx",
            ),
            (
                &[
                    "src/main.ts(1,24): error TS2307: Cannot find module './redner' or its corresponding type declarations.",
                ],
                "./redner",
                "src/main.ts",
            ),
            (
                &[
                    "src/main.ts:1:24 - error TS2307: Cannot find module './redner' or its corresponding type declarations.",
                ],
                "./redner",
                "src/main.ts",
            ),
            (
                &[
                    "Error: Cannot find module './redner'",
                    "Require stack:",
                    "- /workspace/src/main.js",
                ],
                "./redner",
                "src/main.js",
            ),
            (
                &["[vite]: Rollup failed to resolve import \"./redner.js\" from \"/workspace/src/main.js\"."],
                "./redner.js",
                "src/main.js",
            ),
        ];
        for (lines, wanted, importer) in said {
            let expected = Some(((*wanted).to_owned(), Some((*importer).to_owned())));
            assert_eq!(find(lines), expected, "{lines:?}");
        }
    }

    #[test]
    fn packages_and_other_output_are_another_matter() {
        assert_eq!(find(&["Could not resolve \"react\" from \"src/main.js\""]), None);
        assert_eq!(find(&["Error: Cannot find module 'express'"]), None);
        assert_eq!(find(&["Cannot find module"]), None);
        assert_eq!(find(&["built ./dist in 3 s"]), None);
    }

    #[test]
    fn a_similar_file_in_the_same_folder_is_named() {
        let tree = MemoryTree::new()
            .with("web/src/main.js", "")
            .with("web/src/render.js", "")
            .with("web/src/reader.css", "")
            .with("web/lib/Header.tsx", "");
        let hint = |wanted: &str, importer: Option<&str>, root_dir: &str| {
            let missing = MissingImport {
                wanted: wanted.to_owned(),
                importer: importer.map(str::to_owned),
            };
            missing.hint(Some(&tree), root_dir)
        };
        for (importer, root_dir) in [
            ("src/main.js", "web"),
            ("web/src/main.js", "."),
            ("web/src/main.js", "web"),
        ] {
            let hint = hint("./redner.js", Some(importer), root_dir);
            assert!(hint.starts_with("Did you mean ./render.js?"), "{hint}");
        }
        let letter_case = hint("../lib/header", Some("src/main.js"), "web");
        assert!(
            letter_case.starts_with("Did you mean ../lib/Header?"),
            "{letter_case}"
        );
        let there = MissingImport {
            wanted: "./render.js".to_owned(),
            importer: Some("src/main.js".to_owned()),
        };
        assert!(there.is_there(&tree, "web"));
        for (wanted, importer) in [
            ("./other.js", Some("src/main.js")),
            ("./redner.js", None),
            ("../../../../etc/passwe", Some("src/main.js")),
        ] {
            let hint = hint(wanted, importer, "web");
            assert!(hint.starts_with("Check the spelling"), "{hint}");
        }
    }
}
