//! Paths below a folder that a build could write to. Its processes have ended, but they may have left links: following
//! one as root would move or read anything on this machine.

use std::io;
use std::path::{Component, Path, PathBuf};

/// `root/relative`, when every part of it below `root` is a real folder and not a link.
#[must_use]
pub(crate) fn real_directory(root: &Path, relative: &str) -> Option<PathBuf> {
    let mut path = root.to_owned();
    for part in plain_parts(relative)? {
        path.push(part);
        if !path.symlink_metadata().ok()?.is_dir() {
            return None;
        }
    }
    Some(path)
}

/// `root/relative` with the folders above it made as needed; fails when one of them is a link or a file, or when the
/// path itself exists.
///
/// # Errors
/// What the file system says, or that the path cannot be used.
pub(crate) fn make_parents_inside(root: &Path, relative: &str) -> io::Result<PathBuf> {
    let refused = || io::Error::new(io::ErrorKind::InvalidInput, format!("{relative} cannot be used"));
    let parts = plain_parts(relative)
        .filter(|parts| !parts.is_empty())
        .ok_or_else(refused)?;
    let mut path = root.to_owned();
    let (name, parents) = parts.split_last().ok_or_else(refused)?;
    for part in parents {
        path.push(part);
        match path.symlink_metadata() {
            Ok(found) if found.is_dir() => {}
            Ok(_) => return Err(refused()),
            Err(_) => make_directory_like_its_parent(&path)?,
        }
    }
    path.push(name);
    if path.symlink_metadata().is_ok() {
        Err(refused())
    } else {
        Ok(path)
    }
}

/// As root, a new folder would belong to root, and the build could not write in it.
fn make_directory_like_its_parent(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    std::fs::create_dir(path)?;
    match path.parent().map(Path::symlink_metadata).transpose()? {
        Some(parent) if nix::unistd::geteuid().is_root() => {
            std::os::unix::fs::lchown(path, Some(parent.uid()), Some(parent.gid()))
        }
        _ => Ok(()),
    }
}

fn plain_parts(relative: &str) -> Option<Vec<&std::ffi::OsStr>> {
    let mut parts = Vec::new();
    for component in Path::new(relative).components() {
        match component {
            Component::Normal(part) => parts.push(part),
            Component::CurDir => {}
            _ => return None,
        }
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn input_49_links_and_climbing_paths_are_not_followed() {
        let root = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(root.path().join("work/real/inner")).unwrap();
        std::fs::create_dir(root.path().join("outside")).unwrap();
        let work = root.path().join("work");
        symlink(root.path().join("outside"), work.join("link")).unwrap();
        assert!(real_directory(&work, "real/inner").is_some());
        assert!(real_directory(&work, "./real/./inner").is_some());
        for path in [
            "link",
            "link/x",
            "../outside",
            "/etc",
            "real/../../outside",
            "missing",
        ] {
            assert!(real_directory(&work, path).is_none(), "{path}");
        }
        assert!(make_parents_inside(&work, "new/deep/leaf").is_ok());
        for path in ["link/x", "../x", "real/inner", "", "."] {
            assert!(make_parents_inside(&work, path).is_err(), "{path}");
        }
    }
}
