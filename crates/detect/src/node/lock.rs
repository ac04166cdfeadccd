//! Whether package-lock.json still belongs to package.json: `npm ci` refuses one that does not.
//!
//! The lock repeats the manifest's dependencies in its first entry. A dependency missing there was added without
//! running npm; other differences npm may still accept, so they prove nothing.

use serde_json::Value;

use super::package::PackageJson;
use crate::folder::Folder;

/// The first entry stands at the top of the file; longer ones are not judged.
const HEAD_BYTES: usize = 128 * 1024;

/// The first dependency of package.json that the lock does not know, if the lock proves to be out of date.
pub(crate) fn missing_dependency(
    folder: &Folder<'_>,
    lock_file: &str,
    package: &PackageJson,
) -> Option<String> {
    let head = folder.head(lock_file, HEAD_BYTES)?;
    let (_, packages) = head.split_once("\"packages\"")?;
    let root = first_object(packages.split_once("\"\":")?.1)?;
    let root: Value = serde_json::from_str(root).ok()?;
    let known = |name: &str| {
        let fields = ["dependencies", "devDependencies", "optionalDependencies"];
        fields
            .iter()
            .any(|field| root.get(*field).is_some_and(|names| names.get(name).is_some()))
    };
    package.dependencies.keys().find(|name| !known(name)).cloned()
}

/// The JSON object `text` begins with.
fn first_object(text: &str) -> Option<&str> {
    let start = text.find('{')?;
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    for (at, character) in text.char_indices().skip_while(|(at, _)| *at < start) {
        match character {
            _ if escaped => escaped = false,
            '\\' if in_text => escaped = true,
            '"' => in_text = !in_text,
            '{' if !in_text => depth += 1,
            '}' if !in_text => {
                depth -= 1;
                if depth == 0 {
                    return text.get(start..=at);
                }
            }
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::MemoryTree;

    fn missing(lock: &str) -> Option<String> {
        let tree = MemoryTree::new()
            .with(
                "package.json",
                r#"{"dependencies": {"a": "1"}, "devDependencies": {"b": "2"}}"#,
            )
            .with("package-lock.json", lock);
        let folder = Folder::new(&tree, "");
        missing_dependency(&folder, "package-lock.json", &PackageJson::read(&folder).unwrap())
    }

    #[test]
    fn input_56_a_lock_that_lacks_a_dependency_is_out_of_date() {
        let lock = r#"{"lockfileVersion": 3, "packages": {"": {"name": "}", "dependencies": {"a": "1"}}, "node_modules/a": {}}}"#;
        assert_eq!(missing(lock).as_deref(), Some("b"));
    }

    #[test]
    fn a_lock_that_agrees_or_cannot_be_judged_is_kept() {
        let agrees = r#"{"packages": {"": {"dependencies": {"a": "9"}, "devDependencies": {"b": "2"}}}}"#;
        assert_eq!(missing(agrees), None);
        for unknown in [
            r#"{"lockfileVersion": 1, "dependencies": {}}"#,
            r#"{"packages": {}}"#,
            "{",
            r#"{"packages": {"": {"a"#,
        ] {
            assert_eq!(missing(unknown), None, "{unknown}");
        }
    }
}
