//! The templates that come with Aether: the folders of `templates/`, built into the programs, so that a first site needs
//! no Git host and no network.
//!
//! A template is a folder of plain files with a `template.toml` that says what it is; that file is not part of what is
//! deployed.

use std::borrow::Cow;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::sync::LazyLock;

use rust_embed::RustEmbed;
use serde::Deserialize;

/// Describes a template; everything else in its folder is deployed.
const DESCRIPTION: &str = "template.toml";
/// In this order they are offered: what needs least first.
const ORDER: &[&str] = &[
    "static-page",
    "vite-react",
    "astro",
    "express",
    "fastapi",
    "dockerfile",
];

#[derive(RustEmbed)]
#[folder = "../../templates"]
#[exclude = "*/node_modules/*"]
#[exclude = "*/dist/*"]
#[exclude = "*/.astro/*"]
#[exclude = "*/.venv/*"]
#[exclude = "*/__pycache__/*"]
struct Files;

/// One template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    /// Name of its folder.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it is, in a sentence.
    pub description: String,
    /// What it is written in, as a build plan names it.
    pub language: String,
    /// Only a worker with a Docker engine can build it.
    pub needs_docker: bool,
}

/// The text of a `template.toml`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Description {
    title: String,
    description: String,
    language: String,
    #[serde(default)]
    needs_docker: bool,
}

static TEMPLATES: LazyLock<Vec<Template>> = LazyLock::new(read_all);

/// All templates, in the order they are offered.
#[must_use]
pub fn templates() -> &'static [Template] {
    &TEMPLATES
}

/// The template of this name.
#[must_use]
pub fn template(name: &str) -> Option<&'static Template> {
    TEMPLATES.iter().find(|template| template.name == name)
}

impl Template {
    /// Its files: path within the template, contents.
    pub fn files(&self) -> impl Iterator<Item = (String, Cow<'static, [u8]>)> {
        let prefix = format!("{}/", self.name);
        Files::iter().filter_map(move |path| {
            let inside = path
                .strip_prefix(&prefix)
                .filter(|inside| *inside != DESCRIPTION)?;
            Some((inside.to_owned(), Files::get(&path)?.data))
        })
    }

    /// Writes its files into the existing, empty folder `target`, and says how many there were.
    ///
    /// # Errors
    /// What the file system says.
    pub fn write_to(&self, target: &Path) -> io::Result<usize> {
        let mut count = 0;
        for (path, contents) in self.files() {
            let path = target.join(path);
            if let Some(folder) = path.parent() {
                DirBuilder::new().recursive(true).mode(0o755).create(folder)?;
            }
            let mut file = fs::OpenOptions::new()
                .write(true)
                .create_new(true)
                .mode(0o644)
                .open(&path)?;
            io::Write::write_all(&mut file, &contents)?;
            count += 1;
        }
        Ok(count)
    }
}

/// A folder without a readable description is no template; a test holds that all of ours have one.
fn read_all() -> Vec<Template> {
    let mut found: Vec<Template> = Files::iter().filter_map(|path| read(&path)).collect();
    let place = |template: &Template| ORDER.iter().position(|name| *name == template.name);
    found.sort_by_key(|template| place(template).unwrap_or(ORDER.len()));
    found
}

fn read(path: &str) -> Option<Template> {
    let name = path.strip_suffix(DESCRIPTION)?.strip_suffix('/')?;
    let file = Files::get(path)?;
    let text = std::str::from_utf8(&file.data).ok()?;
    let described: Description = toml::from_str(text).ok()?;
    Some(Template {
        name: name.to_owned(),
        title: described.title,
        description: described.description,
        language: described.language,
        needs_docker: described.needs_docker,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test may panic")]
mod tests {
    use super::*;

    #[test]
    fn every_folder_is_offered_and_nothing_else() {
        let names: Vec<&str> = templates()
            .iter()
            .map(|template| template.name.as_str())
            .collect();
        assert_eq!(names, ORDER);
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../templates");
        let folders = fs::read_dir(root).unwrap().filter(|entry| {
            let kind = entry.as_ref().unwrap().file_type().unwrap();
            kind.is_dir()
        });
        assert_eq!(folders.count(), names.len());
    }

    #[test]
    fn a_template_is_written_whole_and_without_its_description() {
        let target = tempfile::tempdir().unwrap();
        let astro = template("astro").unwrap();
        let count = astro.write_to(target.path()).unwrap();
        assert_eq!(count, astro.files().count());
        assert!(target.path().join("src/pages/index.astro").is_file());
        assert!(!target.path().join(DESCRIPTION).exists());
        assert!(template("../etc").is_none());
    }

    #[test]
    fn only_the_dockerfile_needs_docker() {
        let docker: Vec<&str> = templates()
            .iter()
            .filter(|template| template.needs_docker)
            .map(|template| template.name.as_str())
            .collect();
        assert_eq!(docker, ["dockerfile"]);
    }
}
