//! Frameworks' own caches (`.next/cache`, `node_modules/.vite`): moved into the working tree before the build and out
//! again after it.

use std::path::{Path, PathBuf};

use aether_models::{BuildPlan, ProjectId};

use super::{make_parents_inside, real_directory};
use crate::folders::{Folders, move_tree, remove_tree};

/// The framework caches of one app of a project.
#[derive(Debug, Clone)]
pub(crate) struct FrameworkCache {
    folder: PathBuf,
    /// Paths within the working tree.
    directories: Vec<String>,
}

impl FrameworkCache {
    /// The caches that `plan` names.
    #[must_use]
    pub(crate) fn new(folders: &Folders, project: ProjectId, plan: &BuildPlan) -> Self {
        let within = |path: &String| match plan.root_dir.as_str() {
            "." | "" => path.clone(),
            root => format!("{root}/{path}"),
        };
        // A cache that is the output cannot be moved away.
        let output = plan.output_directory.as_deref().unwrap_or_default();
        let kept = plan
            .cache_directories
            .iter()
            .filter(|path| !Path::new(output).starts_with(path.as_str()));
        Self {
            folder: folders.project_cache(project).join("framework"),
            directories: kept.map(within).collect(),
        }
    }

    /// Moves what there is into the working tree; answers with the paths.
    pub(crate) async fn restore(&self, workspace: &Path) -> Vec<String> {
        let (this, workspace) = (self.clone(), workspace.to_owned());
        let restored = tokio::task::spawn_blocking(move || {
            let mut restored = Vec::new();
            for directory in &this.directories {
                let kept = this.kept(directory);
                let moved = kept.is_dir()
                    && make_parents_inside(&workspace, directory)
                        .and_then(|to| move_tree(&kept, &to))
                        .is_ok();
                if moved {
                    restored.push(directory.clone());
                }
            }
            restored
        });
        restored.await.unwrap_or_default()
    }

    /// Moves the caches out of the working tree; what goes wrong only costs time in the next build.
    pub(crate) async fn save(&self, workspace: &Path) {
        let (this, workspace) = (self.clone(), workspace.to_owned());
        let saved = tokio::task::spawn_blocking(move || {
            std::fs::create_dir_all(&this.folder)?;
            for directory in &this.directories {
                let Some(from) = real_directory(&workspace, directory) else {
                    continue;
                };
                let kept = this.kept(directory);
                remove_tree(&kept)?;
                move_tree(&from, &kept)?;
            }
            Ok::<(), std::io::Error>(())
        });
        if let Ok(Err(error)) = saved.await {
            tracing::warn!(%error, "a framework's cache was not kept");
        }
    }

    /// One flat folder per cache, so that no path of a repository is used as a path here.
    fn kept(&self, directory: &str) -> PathBuf {
        use sha2::{Digest, Sha256};
        self.folder
            .join(hex::encode(Sha256::digest(directory.as_bytes())))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_cache_comes_back_in_the_next_working_tree() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("data"), root.path().join("deployments"));
        let mut plan = BuildPlan::static_files("web");
        plan.output_directory = Some("dist".to_owned());
        plan.cache_directories = vec!["node_modules/.vite".to_owned(), "dist".to_owned()];
        let cache = FrameworkCache::new(&folders, ProjectId::generate(), &plan);
        let (first, second) = (root.path().join("first"), root.path().join("second"));
        std::fs::create_dir_all(first.join("web/node_modules/.vite")).unwrap();
        std::fs::create_dir_all(first.join("web/dist")).unwrap();
        std::fs::write(first.join("web/node_modules/.vite/x"), "1").unwrap();
        std::fs::create_dir(&second).unwrap();
        cache.save(&first).await;
        assert!(first.join("web/dist").is_dir(), "the output stays");
        assert_eq!(cache.restore(&second).await, ["web/node_modules/.vite"]);
        assert!(second.join("web/node_modules/.vite/x").is_file());
    }
}
