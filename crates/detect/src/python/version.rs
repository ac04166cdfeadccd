//! Which Python: `.python-version`, `runtime.txt`, version managers, Pipfile, `requires-python`; else the default.

use crate::app::App;
use crate::draft::Draft;
use crate::toolfiles::{version_file, wish};
use crate::versions::{self, Wish};

pub(crate) fn decide(app: &App<'_>, draft: &mut Draft) {
    let wanted = version_file(app, ".python-version")
        .map(|wish| Wish {
            version: plain(&wish.version),
            ..wish
        })
        .or_else(|| {
            let wish = version_file(app, "runtime.txt")?;
            Some(Wish {
                version: wish.version.strip_prefix("python-")?.to_owned(),
                ..wish
            })
        })
        .or_else(|| {
            wish(app, &["python"]).map(|wish| Wish {
                version: plain(&wish.version),
                ..wish
            })
        })
        .or_else(|| {
            from_manifest(
                app,
                "Pipfile",
                &["/requires/python_full_version", "/requires/python_version"],
            )
        })
        .or_else(|| {
            from_manifest(
                app,
                "pyproject.toml",
                &["/project/requires-python", "/tool/poetry/dependencies/python"],
            )
        });
    versions::decide(app, draft, "python", wanted.as_ref());
}

/// pyenv and mise also name other interpreters and builds (`cpython-3.12.1-linux`, `3.13t`).
fn plain(version: &str) -> String {
    let version = version
        .trim_start_matches("cpython-")
        .trim_start_matches("cpython@")
        .trim_start_matches("python-");
    let end = version.find(|c: char| !(c.is_ascii_digit() || "<>=~^!*., |".contains(c)));
    match end {
        Some(end) if version.starts_with(|c: char| c.is_ascii_digit()) => {
            version.get(..end).unwrap_or(version).to_owned()
        }
        _ => version.to_owned(),
    }
}

fn from_manifest(app: &App<'_>, file: &str, pointers: &[&str]) -> Option<Wish> {
    let value = app.folder.value(file)?;
    let version = pointers
        .iter()
        .find_map(|pointer| value.pointer(pointer)?.as_str())?;
    Some(Wish {
        file: app.folder.path(file),
        version: version.to_owned(),
    })
}
