//! Publishing a static site: every file into the store, its variants beside it, links into the release, the manifest
//! last.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use aether_models::{
    DeploymentId, Encoding, FILES_DIRECTORY, FileEntry, MANIFEST_FILE, MANIFEST_VERSION, Manifest,
    parse_headers, parse_redirects,
};
use sha2::{Digest, Sha256};
use tokio_util::sync::CancellationToken;

use super::blobs::{BlobStore, sync_directory};
use super::compress::{COMPRESSED_MAX, COMPRESSED_MIN, Effort, compress};
use super::content_type::{content_type, is_compressible, is_fingerprinted};
use super::output::OutputFile;
use crate::folders::{Folders, remove_tree};

/// Files with rules for the proxy; they are obeyed, not served.
const REDIRECTS: &str = "_redirects";
const HEADERS: &str = "_headers";
/// Larger rule files are not read.
const RULES_MAX: u64 = 1 << 20;
/// Problems of one rule file that are told one by one; a file with more is wrong as a whole.
const PROBLEMS_TOLD: usize = 50;
/// Threads that write: more than there are cores, because they wait for the disk most of the time.
const WRITERS: usize = 8;

/// What was published.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct StaticReport {
    /// Files of the site.
    pub files: usize,
    /// Their bytes.
    pub bytes: u64,
    /// Different contents that were not in the store before.
    pub new_files: usize,
    /// For the log.
    pub warnings: Vec<String>,
}

/// What is wanted of a release besides its files.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Publication {
    /// Names the release.
    pub deployment: DeploymentId,
    /// Unknown paths are answered with `index.html`.
    pub spa: bool,
    /// Seconds since 1970.
    pub created: i64,
}

/// Publishes `files` as the release of a deployment, replacing what an earlier attempt left.
///
/// # Errors
/// What the file system says; `Interrupted` after a cancel.
pub(crate) fn publish(
    folders: &Folders,
    publication: Publication,
    files: &[OutputFile],
    cancel: &CancellationToken,
) -> io::Result<StaticReport> {
    let store = BlobStore::open(folders.blobs())?;
    let mut report = StaticReport::default();
    let (rules, files): (Vec<&OutputFile>, Vec<&OutputFile>) = files
        .iter()
        .partition(|file| file.path == REDIRECTS || file.path == HEADERS);
    let contents = store_contents(&store, &files, cancel)?;
    let mut manifest = Manifest {
        version: MANIFEST_VERSION,
        spa: publication.spa,
        created: publication.created,
        ..Manifest::default()
    };
    let mut new = std::collections::HashSet::new();
    for (file, stored) in files.iter().zip(contents) {
        report.files += 1;
        report.bytes += stored.entry.size;
        if stored.is_new {
            new.insert(stored.entry.sha256.clone());
        }
        manifest.files.insert(file.path.clone(), stored.entry);
    }
    report.new_files = new.len();
    read_rules(&rules, &mut manifest, &mut report)?;
    place(folders, publication.deployment, &store, &manifest)?;
    Ok(report)
}

#[derive(Clone)]
struct Stored {
    entry: FileEntry,
    is_new: bool,
}

/// Stores all files and variants with a few threads; the answers are in the order of `files`.
fn store_contents(
    store: &BlobStore,
    files: &[&OutputFile],
    cancel: &CancellationToken,
) -> io::Result<Vec<Stored>> {
    let total = files
        .iter()
        .filter(|file| is_compressible(&content_type(&file.path)))
        .map(|file| file.size)
        .sum();
    let (effort, next) = (Effort::for_total(total), AtomicUsize::new(0));
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(file) = files.get(index) else {
                return Ok(done);
            };
            if cancel.is_cancelled() {
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
            done.push((index, store_file(store, file, effort)?));
        }
    };
    let results: Vec<io::Result<Vec<(usize, Stored)>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..WRITERS.min(files.len())).map(|_| scope.spawn(work)).collect();
        let panicked = |_| Err(io::Error::other("a thread that stores files panicked"));
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap_or_else(panicked))
            .collect()
    });
    let mut stored = results.into_iter().collect::<io::Result<Vec<_>>>()?.concat();
    stored.sort_unstable_by_key(|(index, _)| *index);
    Ok(stored.into_iter().map(|(_, stored)| stored).collect())
}

fn store_file(store: &BlobStore, file: &OutputFile, effort: Effort) -> io::Result<Stored> {
    let content_type = content_type(&file.path);
    let mut source = open_regular(&file.source)?;
    let size = source.metadata()?.len();
    let wants_variants = is_compressible(&content_type) && (COMPRESSED_MIN..=COMPRESSED_MAX).contains(&size);
    let (sha256, size, contents) = if size <= COMPRESSED_MAX {
        let mut contents = Vec::with_capacity(usize::try_from(size).unwrap_or_default());
        source.read_to_end(&mut contents)?;
        (
            hex::encode(Sha256::digest(&contents)),
            contents.len() as u64,
            Some(contents),
        )
    } else {
        let (sha256, size) = digest_of(&mut source)?;
        (sha256, size, None)
    };
    let is_new = store.size(&sha256, "") != Some(size);
    if is_new {
        let mut blob = store.create()?;
        match &contents {
            Some(contents) => blob.write_all(contents)?,
            None => {
                io::copy(&mut open_regular(&file.source)?, &mut blob)?;
            }
        }
        blob.store(&sha256, "")?;
    }
    let mut encodings = BTreeMap::new();
    if let (Some(contents), true) = (&contents, wants_variants) {
        for encoding in Encoding::ALL {
            if let Some(size) = store_variant(store, &sha256, encoding, contents, effort)? {
                encodings.insert(encoding, size);
            }
        }
    }
    let immutable = is_fingerprinted(&file.path);
    Ok(Stored {
        entry: FileEntry {
            sha256,
            size,
            content_type,
            immutable,
            encodings,
        },
        is_new,
    })
}

fn store_variant(
    store: &BlobStore,
    sha256: &str,
    encoding: Encoding,
    contents: &[u8],
    effort: Effort,
) -> io::Result<Option<u64>> {
    if let Some(size) = store.size(sha256, encoding.suffix()) {
        return Ok(Some(size));
    }
    let Some(packed) = compress(encoding, contents, effort)? else {
        return Ok(None);
    };
    let mut blob = store.create()?;
    blob.write_all(&packed)?;
    blob.store(sha256, encoding.suffix())?;
    Ok(Some(packed.len() as u64))
}

/// Rules for the proxy out of the site's own files. A rule that cannot be used is told and left out.
fn read_rules(rules: &[&OutputFile], manifest: &mut Manifest, report: &mut StaticReport) -> io::Result<()> {
    for file in rules {
        let text = match read_text(&file.source)? {
            Ok(text) => text,
            Err(reason) => {
                report
                    .warnings
                    .push(format!("{} was left out: {reason}", file.path));
                continue;
            }
        };
        let problems = if file.path == REDIRECTS {
            let parsed = parse_redirects(&text);
            manifest.redirects = parsed.rules;
            parsed.problems
        } else {
            let parsed = parse_headers(&text);
            manifest.headers = parsed.rules;
            parsed.problems
        };
        let told = problems.iter().take(PROBLEMS_TOLD);
        report
            .warnings
            .extend(told.map(|problem| format!("{} line {}: {}", file.path, problem.line, problem.message)));
        if let Some(more) = problems.len().checked_sub(PROBLEMS_TOLD).filter(|more| *more > 0) {
            report
                .warnings
                .push(format!("{}: {more} more lines were left out", file.path));
        }
    }
    Ok(())
}

/// A rule file's text, or why it is none.
fn read_text(source: &Path) -> io::Result<Result<String, &'static str>> {
    let mut bytes = Vec::new();
    open_regular(source)?
        .take(RULES_MAX + 1)
        .read_to_end(&mut bytes)?;
    if bytes.len() as u64 > RULES_MAX {
        return Ok(Err("it is larger than 1 MiB"));
    }
    Ok(String::from_utf8(bytes).map_err(|_| "it is not UTF-8 text"))
}

/// Makes the release's folder beside its place and moves it there.
fn place(
    folders: &Folders,
    deployment: DeploymentId,
    store: &BlobStore,
    manifest: &Manifest,
) -> io::Result<()> {
    let release = folders.release(deployment);
    let incoming = release.with_extension("incoming");
    remove_tree(&incoming)?;
    let files = incoming.join(FILES_DIRECTORY);
    fs::create_dir_all(&files)?;
    let mut shards = std::collections::BTreeSet::new();
    for entry in manifest.files.values() {
        shards.insert(entry.sha256[..2].to_owned());
        store.link(&entry.sha256, "", &files.join(&entry.sha256))?;
        for encoding in entry.encodings.keys() {
            let name = format!("{}{}", entry.sha256, encoding.suffix());
            store.link(&entry.sha256, encoding.suffix(), &files.join(name))?;
        }
    }
    let mut file = File::create(incoming.join(MANIFEST_FILE))?;
    file.write_all(&serde_json::to_vec(manifest)?)?;
    file.sync_all()?;
    for shard in shards {
        sync_directory(&store.root().join(shard))?;
    }
    sync_directory(&files)?;
    sync_directory(&incoming)?;
    remove_tree(&release)?;
    fs::rename(&incoming, &release)?;
    sync_directory(folders.deployments())
}

/// The file itself: not what a link leads to, and no device or pipe.
fn open_regular(path: &Path) -> io::Result<File> {
    let file = fs::OpenOptions::new()
        .read(true)
        .custom_flags(nix::libc::O_NOFOLLOW | nix::libc::O_NONBLOCK)
        .open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("not a regular file"))
    }
}

fn digest_of(file: &mut File) -> io::Result<(String, u64)> {
    let (mut hash, mut size) = (Sha256::new(), 0);
    let mut buffer = vec![0; 1 << 16];
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            return Ok((hex::encode(hash.finalize()), size));
        }
        hash.update(&buffer[..read]);
        size += read as u64;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::artifacts::find_output;

    fn site(root: &Path) -> Vec<OutputFile> {
        let dist = root.join("work/dist");
        fs::create_dir_all(dist.join("assets")).unwrap();
        fs::write(dist.join("index.html"), "<h1>Hello</h1>\n".repeat(200)).unwrap();
        fs::write(dist.join("copy.html"), "<h1>Hello</h1>\n".repeat(200)).unwrap();
        fs::write(dist.join("assets/app-BX3dk2a9.js"), "1").unwrap();
        fs::write(dist.join("_redirects"), "/old /new 301\n").unwrap();
        find_output(&root.join("work"), ".", "dist").unwrap().files
    }

    fn publish_site(folders: &Folders, files: &[OutputFile]) -> (DeploymentId, StaticReport) {
        let deployment = DeploymentId::generate();
        let publication = Publication {
            deployment,
            spa: false,
            created: 1,
        };
        let report = publish(folders, publication, files, &CancellationToken::new()).unwrap();
        (deployment, report)
    }

    #[test]
    fn a_release_is_complete_and_shares_what_is_unchanged() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("data"), root.path().join("deployments"));
        let files = site(root.path());
        let (first, report) = publish_site(&folders, &files);
        assert_eq!(
            (report.files, report.new_files),
            (3, 2),
            "two files have the same contents"
        );
        let manifest: Manifest = serde_json::from_slice(&fs::read(folders.manifest(first)).unwrap()).unwrap();
        assert_eq!(manifest.redirects.len(), 1);
        assert!(!manifest.files.contains_key("_redirects"));
        assert!(manifest.files["assets/app-BX3dk2a9.js"].immutable);
        let page = &manifest.files["index.html"];
        assert_eq!(page.encodings.len(), 3);
        for (suffix, size) in page
            .encodings
            .iter()
            .map(|(encoding, size)| (encoding.suffix(), *size))
            .chain([("", page.size)])
        {
            let file = folders.files(first).join(format!("{}{suffix}", page.sha256));
            assert_eq!(file.metadata().unwrap().len(), size);
        }
        let (second, report) = publish_site(&folders, &files);
        assert_eq!(report.new_files, 0);
        use std::os::unix::fs::MetadataExt;
        assert_eq!(
            folders
                .files(second)
                .join(&page.sha256)
                .metadata()
                .unwrap()
                .nlink(),
            3
        );
    }

    #[test]
    fn input_95_rule_files_that_cannot_be_read_cost_only_themselves() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("data"), root.path().join("deployments"));
        let dist = root.path().join("work/dist");
        fs::create_dir_all(&dist).unwrap();
        fs::write(dist.join("index.html"), "x").unwrap();
        fs::write(dist.join("_headers"), [0xff, 0xfe, 0x00]).unwrap();
        fs::write(dist.join("_redirects"), "/bad\n".repeat(PROBLEMS_TOLD + 3)).unwrap();
        let files = find_output(&root.path().join("work"), ".", "dist").unwrap().files;
        let (_, report) = publish_site(&folders, &files);
        assert_eq!(report.warnings[0], "_headers was left out: it is not UTF-8 text");
        assert_eq!(report.warnings[1], "_redirects line 1: no target");
        assert_eq!(
            report.warnings.last().map(String::as_str),
            Some("_redirects: 3 more lines were left out")
        );
        fs::write(dist.join("_redirects"), "/a /b\n".repeat(1 << 18)).unwrap();
        let (_, report) = publish_site(&folders, &files);
        assert_eq!(
            report.warnings[1],
            "_redirects was left out: it is larger than 1 MiB"
        );
    }

    #[test]
    fn publishing_again_after_a_crash_replaces_what_was_left() {
        let root = tempfile::tempdir().unwrap();
        let folders = Folders::new(root.path().join("data"), root.path().join("deployments"));
        let files = site(root.path());
        let deployment = DeploymentId::generate();
        fs::create_dir_all(folders.release(deployment).join("files/leftover")).unwrap();
        let publication = Publication {
            deployment,
            spa: true,
            created: 1,
        };
        for _ in 0..2 {
            publish(&folders, publication, &files, &CancellationToken::new()).unwrap();
        }
        assert!(!folders.release(deployment).join("files/leftover").exists());
        assert!(folders.manifest(deployment).is_file());
    }
}
