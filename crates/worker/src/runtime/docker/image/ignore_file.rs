//! `.dockerignore`: what of a folder is no part of the build's context.
//!
//! Patterns are matched from the context's root; one that matches a folder takes all that is in it; the last that
//! matches decides; `!` takes back in.
//! Source: <https://docs.docker.com/build/concepts/context/#dockerignore-files>.

use globset::{GlobBuilder, GlobMatcher};

/// More patterns than this are not a file that somebody wrote.
const PATTERNS_MAX: usize = 10_000;

/// The patterns of one file.
#[derive(Debug, Default)]
pub(super) struct IgnoreFile {
    patterns: Vec<Pattern>,
}

#[derive(Debug)]
struct Pattern {
    matcher: GlobMatcher,
    takes_back: bool,
}

impl IgnoreFile {
    /// Reads the patterns; one that cannot be read matches nothing.
    pub(super) fn parse(text: &str) -> Self {
        let lines = text.trim_start_matches('\u{feff}').lines().map(str::trim);
        let patterns = lines
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .take(PATTERNS_MAX);
        Self {
            patterns: patterns.filter_map(pattern).collect(),
        }
    }

    /// Whether a path, relative to the context, is left out.
    pub(super) fn leaves_out(&self, path: &str) -> bool {
        let mut out = false;
        for pattern in &self.patterns {
            if out == pattern.takes_back && matches_path_or_parent(&pattern.matcher, path) {
                out = !pattern.takes_back;
            }
        }
        out
    }

    /// Whether something below a folder that is left out may be taken back in.
    pub(super) fn takes_back(&self) -> bool {
        self.patterns.iter().any(|pattern| pattern.takes_back)
    }
}

fn pattern(line: &str) -> Option<Pattern> {
    let (takes_back, text) = line
        .strip_prefix('!')
        .map_or((false, line), |rest| (true, rest.trim()));
    let mut steps: Vec<&str> = Vec::new();
    for step in text.split('/') {
        match step {
            "" | "." => {}
            ".." => {
                steps.pop();
            }
            step => steps.push(step),
        }
    }
    if steps.is_empty() {
        return None;
    }
    let glob = GlobBuilder::new(&steps.join("/"))
        .literal_separator(true)
        .backslash_escape(true)
        .build()
        .ok()?;
    Some(Pattern {
        matcher: glob.compile_matcher(),
        takes_back,
    })
}

fn matches_path_or_parent(matcher: &GlobMatcher, path: &str) -> bool {
    let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
    ends.into_iter().any(|end| matcher.is_match(&path[..end]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn left_out(patterns: &str, path: &str) -> bool {
        IgnoreFile::parse(patterns).leaves_out(path)
    }

    #[test]
    fn a_pattern_matches_from_the_root_and_takes_folders_whole() {
        assert!(left_out("node_modules", "node_modules/a/b.js"));
        assert!(!left_out("node_modules", "app/node_modules/a.js"));
        assert!(left_out("**/node_modules", "app/node_modules/a.js"));
        assert!(left_out("*/temp*", "a/temporary.txt"));
        assert!(!left_out("*/temp*", "a/b/temporary.txt"));
        assert!(left_out("/dist/", "dist/x"));
        assert!(left_out("./a/../b", "b"));
        assert!(left_out("temp?", "temp1"));
    }

    #[test]
    fn the_last_pattern_that_matches_decides() {
        let patterns = "*.md\n# a comment\n!README*.md\nREADME-secret.md\n";
        assert!(left_out(patterns, "notes.md"));
        assert!(!left_out(patterns, "README.md"));
        assert!(left_out(patterns, "README-secret.md"));
        assert!(!left_out("*\n!src", "src/main.rs"));
        assert!(left_out("*\n!src", "other"));
    }

    #[test]
    fn a_pattern_that_cannot_be_read_matches_nothing() {
        assert!(!left_out("[", "["));
        assert!(!left_out("/\n..\n", "a"));
    }
}
