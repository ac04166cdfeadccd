//! The files that a build left for visitors. The build is not trusted: a link is followed only when it ends inside the
//! output folder, and nothing but regular files is taken.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use aether_models::UserError;
use walkdir::WalkDir;

/// A site with more files is a mistake, most likely `node_modules`.
const FILES_MAX: usize = 100_000;
/// The one folder with a leading dot that visitors ask for (RFC 8615).
const WELL_KNOWN: &str = ".well-known";
/// Never part of a site, wherever it is served from.
const SKIPPED: &[&str] = &["node_modules", "__pycache__"];

/// One file to publish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OutputFile {
    /// Path visitors use, without a leading slash.
    pub path: String,
    /// The file on this machine, a regular one inside the output folder.
    pub source: PathBuf,
    /// Bytes, as found.
    pub size: u64,
}

/// What was found, and what was left out with the reason.
#[derive(Debug, Default)]
pub(crate) struct Output {
    /// Files by path.
    pub files: Vec<OutputFile>,
    /// For the log.
    pub warnings: Vec<String>,
}

/// Looks for the files of the output folder `directory` of the app in `root_dir`.
///
/// # Errors
/// A [`UserError`] when the folder cannot be published.
pub(crate) fn find_output(workspace: &Path, root_dir: &str, directory: &str) -> Result<Output, UserError> {
    let root = output_root(workspace, root_dir, directory)?;
    let unreadable = |error: &dyn std::fmt::Display| {
        UserError::new(
            "output_unreadable",
            "The output directory cannot be read",
            error.to_string(),
        )
    };
    let mut output = Output::default();
    let mut visited = HashSet::from([root.clone()]);
    collect(&root, &root, "", &mut visited, &mut output).map_err(|error| unreadable(&error))?;
    if output.files.len() > FILES_MAX {
        return Err(UserError::new(
            "output_too_many_files",
            "The site has too many files",
            format!("{directory} holds more than {FILES_MAX} files."),
        )
        .hint("Set the output directory to the folder that the build writes the finished site to."));
    }
    if output.files.is_empty() {
        return Err(UserError::new(
            "output_empty",
            "The output directory is empty",
            format!("{directory} holds no files that can be served."),
        )
        .hint("Check that the build command writes the site to this folder, or change the output directory in Settings > Build."));
    }
    output.files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    if !output.files.iter().any(|file| file.path == "index.html") {
        let pages = output
            .files
            .iter()
            .filter(|file| file.path.ends_with(".html"))
            .take(3);
        let pages: Vec<&str> = pages.map(|file| file.path.as_str()).collect();
        let found = if pages.is_empty() {
            "no HTML files".to_owned()
        } else {
            pages.join(", ")
        };
        output.warnings.push(format!(
            "There is no index.html at the top of {directory} (found: {found}); the site's first page will answer 404"
        ));
    }
    Ok(output)
}

fn output_root(workspace: &Path, root_dir: &str, directory: &str) -> Result<PathBuf, UserError> {
    let outside = || {
        UserError::new(
            "output_outside",
            "The output directory is outside the repository",
            format!("{directory:?} leads out of the project's folder."),
        )
        .hint("Set the output directory to a folder within the project, for example dist.")
    };
    let inside = |path: &str| aether_detect::normalize_path(path);
    let (Some(app), Some(relative)) = (inside(root_dir), inside(directory)) else {
        return Err(outside());
    };
    let wanted = workspace.join(&app).join(&relative);
    let resolved = wanted
        .canonicalize()
        .map_err(|_| missing(workspace, &app, directory))?;
    let workspace = workspace.canonicalize().map_err(|_| outside())?;
    if !resolved.starts_with(&workspace) {
        return Err(outside());
    }
    if !resolved.is_dir() {
        return Err(UserError::new(
            "output_not_a_directory",
            "The output directory is a file",
            format!("{directory} is not a folder."),
        )
        .hint("Set the output directory to the folder that holds the finished site."));
    }
    Ok(resolved)
}

fn missing(workspace: &Path, app: &str, directory: &str) -> UserError {
    let likely = [
        "dist",
        "build",
        "out",
        "public",
        "_site",
        "www",
        "docs",
        ".output/public",
    ];
    let found = likely
        .iter()
        .filter(|name| **name != directory && workspace.join(app).join(name).is_dir());
    let found: Vec<&str> = found.copied().collect();
    let hint = if found.is_empty() {
        "Check that the build command writes the site to this folder, or change the output directory in Settings > Build.".to_owned()
    } else {
        format!(
            "These folders exist: {}. If one of them holds the site, set it as the output directory in Settings > Build.",
            found.join(", ")
        )
    };
    UserError::new(
        "output_missing",
        "The output directory does not exist",
        format!("After the build there is no folder {directory}."),
    )
    .hint(hint)
}

/// Walks by hand, because a link to a folder is walked too when it ends inside; `visited` ends loops.
fn collect(
    root: &Path,
    folder: &Path,
    prefix: &str,
    visited: &mut HashSet<PathBuf>,
    output: &mut Output,
) -> io::Result<()> {
    for entry in WalkDir::new(folder).min_depth(1).max_depth(1).sort_by_file_name() {
        let entry = entry?;
        if output.files.len() > FILES_MAX {
            return Ok(());
        }
        let Some(name) = entry.file_name().to_str() else {
            output
                .warnings
                .push(format!("A file in /{prefix} was left out: its name is not UTF-8"));
            continue;
        };
        if (name.starts_with('.') && name != WELL_KNOWN) || SKIPPED.contains(&name) {
            continue;
        }
        let path = format!("{prefix}{name}");
        let source = match entry.file_type().is_symlink() {
            false => entry.path().to_owned(),
            true => match entry.path().canonicalize() {
                Ok(target) if target.starts_with(root) => target,
                _ => {
                    output.warnings.push(format!(
                        "/{path} was left out: it is a link that leads out of the site"
                    ));
                    continue;
                }
            },
        };
        let metadata = source.symlink_metadata()?;
        if metadata.is_dir() {
            if visited.insert(source.clone()) {
                collect(root, &source, &format!("{path}/"), visited, output)?;
            }
        } else if metadata.is_file() {
            output.files.push(OutputFile {
                path,
                source,
                size: metadata.len(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn paths(output: &Output) -> Vec<&str> {
        output.files.iter().map(|file| file.path.as_str()).collect()
    }

    #[test]
    fn input_48_links_out_of_the_site_are_left_out() {
        let root = tempfile::tempdir().unwrap();
        let site = root.path().join("dist");
        std::fs::create_dir_all(site.join("real/.git")).unwrap();
        std::fs::create_dir_all(site.join(".well-known")).unwrap();
        for file in [
            "index.html",
            "real/a.css",
            ".env",
            ".well-known/x",
            "real/.git/config",
        ] {
            std::fs::write(site.join(file), "x").unwrap();
        }
        std::fs::write(root.path().join("secret"), "x").unwrap();
        symlink("/etc/passwd", site.join("pw")).unwrap();
        symlink("../secret", site.join("up")).unwrap();
        symlink("real/a.css", site.join("alias.css")).unwrap();
        symlink(".", site.join("loop")).unwrap();
        let output = find_output(root.path(), ".", "dist").unwrap();
        assert_eq!(
            paths(&output),
            [".well-known/x", "alias.css", "index.html", "real/a.css"]
        );
        assert_eq!(output.warnings.len(), 2, "{:?}", output.warnings);
    }

    #[test]
    fn input_49_output_directories_outside_are_refused() {
        let root = tempfile::tempdir().unwrap();
        let workspace = root.path().join("work");
        std::fs::create_dir(&workspace).unwrap();
        symlink("/proc/self", workspace.join("proc")).unwrap();
        for directory in ["../../etc", "/", "dist/../..", "proc", "/etc"] {
            assert_eq!(
                find_output(&workspace, ".", directory).unwrap_err().code,
                "output_outside",
                "{directory}"
            );
        }
    }

    #[test]
    fn a_missing_folder_is_answered_with_those_that_exist() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir(root.path().join("build")).unwrap();
        let error = find_output(root.path(), ".", "dist").unwrap_err();
        insta::assert_json_snapshot!(error);
        assert_eq!(
            find_output(root.path(), ".", "build").unwrap_err().code,
            "output_empty"
        );
    }
}
