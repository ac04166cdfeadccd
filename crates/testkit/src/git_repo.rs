//! Repositories for tests, written straight into the object database of a bare repository.

use std::path::{Path, PathBuf};

use git2::build::TreeUpdateBuilder;
use git2::{FileMode, Oid, Repository, RepositoryInitOptions, Signature};

/// Branch of [`GitRepo::commit`], and the repository's default.
const MAIN: &str = "main";

/// A bare repository.
#[derive(Debug, Clone)]
pub struct GitRepo {
    path: PathBuf,
}

impl GitRepo {
    /// Makes an empty repository at `path`, served with everything a deployment may ask for.
    pub fn create(path: impl Into<PathBuf>) -> anyhow::Result<Self> {
        let path = path.into();
        let mut options = RepositoryInitOptions::new();
        options
            .bare(true)
            .mkpath(true)
            .initial_head(MAIN)
            .external_template(false);
        let repository = Repository::init_opts(&path, &options)?;
        let mut config = repository.config()?;
        // A commit that is no longer the tip of its branch can still be deployed, as with the large Git hosts.
        config.set_bool("uploadpack.allowReachableSHA1InWant", true)?;
        config.set_bool("uploadpack.allowTipSHA1InWant", true)?;
        config.set_bool("http.receivepack", true)?;
        Ok(Self { path })
    }

    /// Where it is on disk.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Begins a commit on the default branch.
    pub fn commit(&self, message: &str) -> Commit<'_> {
        self.commit_on(MAIN, message)
    }

    /// Begins a commit on `branch`, which is made from the default branch when it does not exist.
    pub fn commit_on(&self, branch: &str, message: &str) -> Commit<'_> {
        Commit {
            repo: self,
            branch: branch.to_owned(),
            message: message.to_owned(),
            changes: Vec::new(),
        }
    }

    /// One commit with these text files on the default branch; answers with its id.
    pub fn commit_files(&self, files: &[(&str, &str)]) -> anyhow::Result<String> {
        files
            .iter()
            .fold(self.commit("Change files"), |commit, (path, text)| {
                commit.file(path, text)
            })
            .write()
    }

    /// The commit a branch points at.
    pub fn head(&self, branch: &str) -> anyhow::Result<String> {
        Ok(self
            .open()?
            .refname_to_id(&format!("refs/heads/{branch}"))?
            .to_string())
    }

    /// Makes or moves a reference such as `refs/tags/v1` or `refs/heads/main` (a force push).
    pub fn set_ref(&self, name: &str, commit: &str) -> anyhow::Result<()> {
        self.open()?
            .reference(name, Oid::from_str(commit)?, true, "set by a test")?;
        Ok(())
    }

    /// Removes a reference.
    pub fn delete_ref(&self, name: &str) -> anyhow::Result<()> {
        Ok(self.open()?.find_reference(name)?.delete()?)
    }

    fn open(&self) -> anyhow::Result<Repository> {
        Ok(Repository::open_bare(&self.path)?)
    }
}

/// A commit in the making.
#[derive(Debug)]
pub struct Commit<'a> {
    repo: &'a GitRepo,
    branch: String,
    message: String,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Write {
        path: String,
        content: Vec<u8>,
        mode: FileMode,
    },
    Submodule {
        path: String,
        commit: String,
    },
    Remove {
        path: String,
    },
}

impl Commit<'_> {
    /// Adds or replaces a file.
    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write_as(path, content.as_ref(), FileMode::Blob)
    }

    /// Adds or replaces a program.
    pub fn executable(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        self.write_as(path, content.as_ref(), FileMode::BlobExecutable)
    }

    /// Adds or replaces a symbolic link, to wherever.
    pub fn symlink(self, path: &str, target: &str) -> Self {
        self.write_as(path, target.as_bytes(), FileMode::Link)
    }

    /// Adds or moves a submodule; `.gitmodules` is a file like others.
    pub fn submodule(mut self, path: &str, commit: &str) -> Self {
        self.changes.push(Change::Submodule {
            path: path.to_owned(),
            commit: commit.to_owned(),
        });
        self
    }

    /// Removes a file.
    pub fn remove(mut self, path: &str) -> Self {
        self.changes.push(Change::Remove {
            path: path.to_owned(),
        });
        self
    }

    /// Adds every file below a directory of this machine.
    pub fn directory(mut self, from: &Path) -> anyhow::Result<Self> {
        let mut pending = vec![from.to_owned()];
        while let Some(directory) = pending.pop() {
            for entry in std::fs::read_dir(directory)? {
                let path = entry?.path();
                if path.is_dir() {
                    pending.push(path);
                } else {
                    let name = path.strip_prefix(from)?.to_string_lossy().into_owned();
                    self = self.file(&name, std::fs::read(&path)?);
                }
            }
        }
        Ok(self)
    }

    /// Writes the commit and moves the branch; answers with the commit's id.
    pub fn write(self) -> anyhow::Result<String> {
        let repository = self.repo.open()?;
        let branch = format!("refs/heads/{}", self.branch);
        let parent = repository
            .refname_to_id(&branch)
            .or_else(|_| repository.refname_to_id(&format!("refs/heads/{MAIN}")))
            .and_then(|id| repository.find_commit(id))
            .ok();
        let base = match &parent {
            Some(parent) => parent.tree()?,
            None => repository.find_tree(repository.treebuilder(None)?.write()?)?,
        };
        let mut update = TreeUpdateBuilder::new();
        for change in self.changes {
            match change {
                Change::Write { path, content, mode } => {
                    update.upsert(path, repository.blob(&content)?, mode)
                }
                Change::Submodule { path, commit } => {
                    update.upsert(path, Oid::from_str(&commit)?, FileMode::Commit)
                }
                Change::Remove { path } => update.remove(path),
            };
        }
        let tree = repository.find_tree(update.create_updated(&repository, &base)?)?;
        let author = Signature::now("Test Author", "author@example.com")?;
        let parents: Vec<_> = parent.iter().collect();
        let id = repository.commit(None, &author, &author, &self.message, &tree, &parents)?;
        repository.reference(&branch, id, true, "commit")?;
        Ok(id.to_string())
    }

    fn write_as(mut self, path: &str, content: &[u8], mode: FileMode) -> Self {
        self.changes.push(Change::Write {
            path: path.to_owned(),
            content: content.to_owned(),
            mode,
        });
        self
    }
}
