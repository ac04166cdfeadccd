//! Submodules, where a project wants them: fetched like the repository itself, under the same rules on addresses and sizes.
//!
//! `.gitmodules` is the repository's own word and nothing is run for it: an address must be one we would take for a
//! project, the commit is the one in the tree, and the place is the empty folder that the checkout has made. Names in
//! `.gitmodules`, which Git takes for folders (CVE-2018-11235, CVE-2025-48384), are not looked at.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use aether_models::{GitRef, RepoUrl, UserError};
use sha2::{Digest, Sha256};
use url::Url;
use uuid::Uuid;

use super::step::StepError;
use super::{BuildLog, Job};
use crate::git::{RemoteRepository, Submodule, same_server};

const MODULES_FILE: &str = ".gitmodules";
/// Longest file of submodules.
const MODULES_FILE_MAX: u64 = 64 * 1024;
/// Most submodules of a deployment, those of submodules included.
const MODULES_MAX: usize = 50;
/// Submodules of submodules of submodules end here.
const DEPTH_MAX: usize = 3;

/// Submodules of one tree.
struct Level {
    /// The tree's folder, relative to the workspace.
    folder: String,
    /// Where the tree came from.
    url: RepoUrl,
    modules: Vec<Submodule>,
    depth: usize,
}

/// Fetches the submodules of the repository, and theirs.
pub(super) async fn fetch_all(
    job: &Job,
    repo_url: &RepoUrl,
    log: &BuildLog,
    modules: Vec<Submodule>,
) -> Result<(), StepError> {
    let mut levels = vec![Level {
        folder: String::new(),
        url: repo_url.clone(),
        modules,
        depth: 1,
    }];
    let mut count = 0;
    while let Some(level) = levels.pop() {
        if level.modules.is_empty() {
            continue;
        }
        count += level.modules.len();
        if count > MODULES_MAX || level.depth > DEPTH_MAX {
            return Err(too_many().into());
        }
        let addresses = read_addresses(&job.workspace().join(&level.folder))?;
        for module in &level.modules {
            job.check_stop()?;
            let place = format!("{}{}", level.folder, module.path);
            let url = address(&level.url, addresses.get(&module.path), &place)?;
            let modules = fetch(job, log, &url, module, &place).await?;
            levels.push(Level {
                folder: format!("{place}/"),
                url,
                modules,
                depth: level.depth + 1,
            });
        }
    }
    Ok(())
}

/// Brings one commit into its folder; answers with its own submodules.
async fn fetch(
    job: &Job,
    log: &BuildLog,
    url: &RepoUrl,
    module: &Submodule,
    place: &str,
) -> Result<Vec<Submodule>, StepError> {
    let shown = url.as_str();
    log.say(format!("Fetching the submodule {place} from {shown}"));
    // What opens the repository opens its neighbours; nobody else is shown it.
    let is_neighbour = job
        .claimed
        .source
        .repo_url()
        .is_some_and(|repo_url| same_server(url, repo_url));
    let repository = RemoteRepository {
        url: url.clone(),
        credentials: job.credentials.clone().filter(|_| is_neighbour),
        ssh: job.deploy_key.clone().filter(|_| is_neighbour),
    };
    let commit: GitRef = module
        .commit
        .parse()
        .map_err(|_| unusable(place, "its commit has no valid id"))?;
    let (owner, git, stop) = (cache_of(job, url), &job.env.git, job.stop.token());
    let say = |line: String| log.say(line);
    git.fetch(owner, &repository, Some(&commit), &say, stop)
        .await
        .map_err(StepError::git(shown))?;
    let folder = job.workspace().join(place);
    let report = git
        .checkout(owner, &module.commit, &folder, stop)
        .await
        .map_err(StepError::git(shown))?;
    super::lfs::replace_pointers(job, &repository, owner, log, &format!("{place}/"), &report.lfs).await?;
    Ok(report.submodules)
}

/// The cache of a submodule's repository, apart from those of projects: the clean-up removes it when it is old.
fn cache_of(job: &Job, url: &RepoUrl) -> Uuid {
    let digest = Sha256::new()
        .chain_update(job.cache_owner().uuid().as_bytes())
        .chain_update(url.as_str())
        .finalize();
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&digest[..16]);
    Uuid::from_bytes(bytes)
}

/// Addresses by path. Git's own reader would follow `include` lines to other files.
fn read_addresses(folder: &Path) -> Result<BTreeMap<String, String>, StepError> {
    let path = folder.join(MODULES_FILE);
    let Ok(metadata) = fs::symlink_metadata(&path) else {
        return Ok(BTreeMap::new());
    };
    if !metadata.is_file() || metadata.len() > MODULES_FILE_MAX {
        return Err(unusable(MODULES_FILE, "it is a link or too large").into());
    }
    let text = fs::read_to_string(&path).map_err(StepError::machine("reading .gitmodules"))?;
    Ok(parse(&text))
}

fn parse(text: &str) -> BTreeMap<String, String> {
    let mut addresses = BTreeMap::new();
    let (mut path, mut url) = (None, None);
    // A section more, so that the last one is taken too.
    for line in text.split('\n').chain(["["]) {
        let line = line.trim_matches([' ', '\t']);
        if line.starts_with('[') {
            if let (Some(path), Some(url)) = (path.take(), url.take()) {
                addresses.insert(path, url);
            }
        } else if let Some((key, value)) = line.split_once('=') {
            let value = value.trim_matches([' ', '\t']);
            // Quotes, escapes and carriage returns mean something else to every reader.
            let plain = !value.contains(|c: char| c.is_control() || matches!(c, '"' | '\\'));
            match key.trim_matches([' ', '\t']) {
                "path" if plain => path = Some(value.to_owned()),
                "url" if plain => url = Some(value.to_owned()),
                _ => {}
            }
        }
    }
    addresses
}

/// The address of a submodule; one that begins with `./` or `../` is relative to its repository's own.
fn address(parent: &RepoUrl, text: Option<&String>, place: &str) -> Result<RepoUrl, UserError> {
    let text = text.ok_or_else(|| unusable(place, "no address stands for it in .gitmodules"))?;
    let whole = if text.starts_with("./") || text.starts_with("../") {
        relative(parent.url(), text).ok_or_else(|| unusable(place, "its address leads out of the server"))?
    } else {
        text.clone()
    };
    whole
        .parse()
        .map_err(|error: aether_models::InvalidRepoUrl| unusable(place, &error.to_string()))
}

fn relative(parent: &Url, text: &str) -> Option<String> {
    let mut parts: Vec<&str> = parent.path().split('/').filter(|part| !part.is_empty()).collect();
    for part in text.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    let mut url = parent.clone();
    url.set_path(&parts.join("/"));
    Some(url.into())
}

fn too_many() -> UserError {
    UserError::new(
        "too_many_submodules",
        "The repository has too many submodules",
        format!("At most {MODULES_MAX} submodules, {DEPTH_MAX} deep, are fetched."),
    )
    .hint("Switch submodules off in the project's settings, or bring the files into the repository.")
}

fn unusable(place: &str, why: &str) -> UserError {
    let place: String = place.chars().take(200).collect();
    UserError::new(
        "submodule_unusable",
        "A submodule cannot be fetched",
        format!("{place}: {why}."),
    )
    .hint("Correct .gitmodules, or switch submodules off in the project's settings.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read_by_path() {
        let text = "[submodule \"a\"]\n\tpath = lib/a\n\turl = https://git.example.com/a\n[submodule \"b\"]\npath=b\nurl=../b.git";
        let read = parse(text);
        assert_eq!(read["lib/a"], "https://git.example.com/a");
        assert_eq!(read["b"], "../b.git");
    }

    #[test]
    fn input_50_hostile_submodules_have_no_address() {
        let parent: RepoUrl = "https://git.example.com/group/site.git".parse().unwrap();
        for text in [
            "ext::sh -c touch% /tmp/p",
            "file:///etc",
            "-u",
            "--upload-pack=touch /tmp/p",
            "/etc/passwd",
            "../../../x",
            "https://user:token@git.example.com/x",
            "",
        ] {
            assert!(
                address(&parent, Some(&text.to_owned()), "lib").is_err(),
                "{text:?} was taken"
            );
        }
        let of = |text: &str| address(&parent, Some(&text.to_owned()), "lib").unwrap();
        assert_eq!(
            of("../other.git").as_str(),
            "https://git.example.com/group/other.git"
        );
        assert_eq!(of("../../x/y").as_str(), "https://git.example.com/x/y");
        // A path or address with a carriage return at its end, and one in quotes.
        let text = "[submodule \"a\"]\npath = lib\r\nurl = https://git.example.com/a\n[submodule \"b\"]\npath = \"b\"\nurl = https://x.example.com/b\n";
        assert!(parse(text).is_empty());
    }
}
