//! Which image a language is built and run in: one table, each entry replaceable by the operator.

use std::collections::BTreeMap;

use aether_models::UserError;

use crate::runtime::Stack;

/// What the version stands for in an image name.
const VERSION: &str = "{version}";
/// Commands that need no language (a shell script, a copied folder).
const PLAIN: &str = "debian:bookworm-slim";
/// The longest version that is put into an image name.
const VERSION_MAX: usize = 32;

/// Language, image, version when the plan names none. Official images, Debian where they offer it: packages with
/// native parts publish binaries for glibc first.
const TABLE: &[(&str, &str, &str)] = &[
    ("bun", "oven/bun:{version}-debian", "1"),
    ("clojure", "clojure:temurin-{version}-tools-deps", "21"),
    ("cpp", "gcc:{version}-bookworm", "14"),
    ("crystal", "crystallang/crystal:{version}", "latest"),
    ("dart", "dart:{version}", "stable"),
    ("deno", "denoland/deno:debian-{version}", "2.5.6"),
    ("dotnet", "mcr.microsoft.com/dotnet/sdk:{version}", "10.0"),
    ("elixir", "elixir:{version}-slim", "1.18"),
    ("go", "golang:{version}-bookworm", "1.25"),
    ("haskell", "haskell:{version}-slim", "9"),
    ("java", "eclipse-temurin:{version}-jdk", "21"),
    ("node", "node:{version}-bookworm-slim", "22"),
    ("php", "php:{version}-cli-bookworm", "8.4"),
    ("python", "python:{version}-slim-bookworm", "3.13"),
    ("ruby", "ruby:{version}-bookworm", "3.4"),
    ("rust", "rust:{version}-bookworm", "1"),
    ("scala", "eclipse-temurin:{version}-jdk", "21"),
    ("shell", PLAIN, ""),
    ("static", PLAIN, ""),
    ("swift", "swift:{version}-bookworm", "6.2"),
];

/// The image for `stack`; replacements are looked up as `node:22`, then as `node`.
pub(super) fn image_for(
    stack: Option<&Stack>,
    replacements: &BTreeMap<String, String>,
) -> Result<String, UserError> {
    let Some(stack) = stack else {
        return Ok(PLAIN.to_owned());
    };
    let entry = TABLE.iter().find(|(language, _, _)| *language == stack.language);
    let version = match stack.version.as_deref() {
        Some(version) => checked(version, &stack.language)?,
        None => entry.map_or("latest", |(_, _, version)| *version),
    };
    let pattern = replacements
        .get(&format!("{}:{version}", stack.language))
        .or_else(|| replacements.get(&stack.language))
        .map(String::as_str)
        .or_else(|| entry.map(|(_, image, _)| *image))
        .ok_or_else(|| unknown(&stack.language))?;
    Ok(pattern.replace(VERSION, version))
}

/// A version comes from the repository and becomes part of an image's name.
fn checked<'v>(version: &'v str, language: &str) -> Result<&'v str, UserError> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_');
    if !version.is_empty() && version.len() <= VERSION_MAX && version.bytes().all(plain) {
        return Ok(version);
    }
    Err(UserError::new(
        "runtime_version_unusable",
        "The wanted version cannot be used",
        format!("{version:?} is not a version of {language} that an image could have."),
    )
    .hint("Name a plain version such as 22 or 3.13."))
}

fn unknown(language: &str) -> UserError {
    UserError::new(
        "no_stack_image",
        "There is no image for this language",
        format!("Aether does not know which image {language} is built in."),
    )
    .hint("Add a Dockerfile to the repository, or let the operator name an image in AETHER_STACK_IMAGES.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(language: &str, version: Option<&str>) -> Stack {
        Stack {
            language: language.to_owned(),
            version: version.map(str::to_owned),
        }
    }

    #[test]
    fn a_language_and_its_version_name_an_image() {
        let none = BTreeMap::new();
        let image = |language, version| image_for(Some(&stack(language, version)), &none).unwrap();
        assert_eq!(image("node", Some("22")), "node:22-bookworm-slim");
        assert_eq!(image("python", None), "python:3.13-slim-bookworm");
        assert_eq!(image("static", None), PLAIN);
        assert_eq!(image_for(None, &none).unwrap(), PLAIN);
    }

    #[test]
    fn the_operator_replaces_a_language_or_one_version_of_it() {
        let replacements = BTreeMap::from([
            ("node".to_owned(), "mirror.example/node:{version}".to_owned()),
            ("node:20".to_owned(), "legacy-node".to_owned()),
            ("cobol".to_owned(), "cobol:{version}".to_owned()),
        ]);
        let image = |language, version| image_for(Some(&stack(language, version)), &replacements).unwrap();
        assert_eq!(image("node", Some("22")), "mirror.example/node:22");
        assert_eq!(image("node", Some("20")), "legacy-node");
        assert_eq!(image("cobol", None), "cobol:latest");
    }

    #[test]
    fn input_55_a_version_that_is_none_never_reaches_an_image_name() {
        for version in [
            "",
            "22; rm -rf /",
            "../x",
            "a/b",
            "22@sha256:00",
            "é",
            &"1".repeat(33),
        ] {
            let error = image_for(Some(&stack("node", Some(version))), &BTreeMap::new()).unwrap_err();
            assert_eq!(error.code, "runtime_version_unusable", "{version}");
        }
    }

    #[test]
    fn a_language_without_an_image_says_what_to_do() {
        let error = image_for(Some(&stack("cobol", None)), &BTreeMap::new()).unwrap_err();
        assert_eq!(error.code, "no_stack_image");
        assert!(error.hint.unwrap().contains("Dockerfile"));
    }

    #[test]
    fn the_table_is_sorted_and_names_each_language_once() {
        assert!(TABLE.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
