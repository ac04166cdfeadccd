//! A proxy on real sockets for the tests: routes from memory, releases in a private folder, clients that speak raw
//! bytes, and small apps.

pub(crate) mod app;
pub(crate) mod client;
pub(crate) mod frames;
pub(crate) mod secure;
pub(crate) mod source;

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;

use aether_models::{
    DeploymentId, Encoding, FILES_DIRECTORY, FileEntry, MANIFEST_FILE, MANIFEST_VERSION, Manifest,
    PlatformPage, ProjectId, Route, RouteKind, RouteTarget, parse_headers, parse_redirects,
};
use aether_proxy::{Proxy, ProxyError, Settings};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::source::MemorySource;

/// A proxy that serves, and what it serves from.
pub(crate) struct TestProxy {
    pub(crate) addr: SocketAddr,
    pub(crate) tls_addr: Option<SocketAddr>,
    pub(crate) admin_addr: SocketAddr,
    pub(crate) source: MemorySource,
    pub(crate) folder: tempfile::TempDir,
    stop: CancellationToken,
    serving: JoinHandle<Result<(), ProxyError>>,
}

/// A static release in the making.
#[derive(Default)]
pub(crate) struct TestSite {
    manifest: Manifest,
    contents: BTreeMap<String, Vec<u8>>,
}

impl TestProxy {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = MemorySource::default();
        Self::start_in(folder, source, change).await
    }

    pub(crate) async fn start_in(
        folder: tempfile::TempDir,
        source: MemorySource,
        change: impl FnOnce(&mut Settings),
    ) -> Self {
        let mut settings = Settings::new(
            "apps.example".parse().unwrap(),
            folder.path().join("deployments"),
            folder.path().join("data"),
        );
        settings.addr = SocketAddr::from(([127, 0, 0, 1], 0));
        settings.admin_addr = settings.addr;
        settings.threads = 2;
        change(&mut settings);
        let proxy = Proxy::bind(settings).await.unwrap();
        let stop = CancellationToken::new();
        Self {
            addr: proxy.addr(),
            tls_addr: proxy.tls_addr(),
            admin_addr: proxy.admin_addr(),
            source: source.clone(),
            folder,
            stop: stop.clone(),
            serving: tokio::spawn(proxy.serve(source, stop)),
        }
    }

    /// Puts a static release on the disk and routes `host` to it, visible when this returns.
    pub(crate) async fn site(&self, host: &str, site: &TestSite) -> DeploymentId {
        let id = DeploymentId::generate();
        site.write(&self.folder.path().join("deployments"), id);
        self.route(host, RouteTarget::Static { deployment_id: id }).await;
        id
    }

    /// Routes `host` to an app, visible when this returns.
    pub(crate) async fn app(&self, host: &str, upstreams: &[SocketAddr]) -> DeploymentId {
        let id = DeploymentId::generate();
        let upstreams = upstreams.to_vec();
        self.route(
            host,
            RouteTarget::App {
                deployment_id: id,
                upstreams,
            },
        )
        .await;
        id
    }

    pub(crate) async fn page(&self, host: &str, page: PlatformPage) {
        self.route(host, RouteTarget::Page { page }).await;
    }

    pub(crate) async fn route(&self, host: &str, target: RouteTarget) {
        let version = self.source.put(route(host, target));
        self.source.served(version).await;
    }

    /// Asks the proxy to stop, without waiting.
    pub(crate) fn ask_stop(&self) {
        self.stop.cancel();
    }

    /// Stops and gives what a successor needs.
    pub(crate) async fn stop(self) -> (tempfile::TempDir, MemorySource) {
        self.stop.cancel();
        self.serving.await.unwrap().unwrap();
        (self.folder, self.source)
    }
}

impl TestSite {
    pub(crate) fn new() -> Self {
        Self {
            manifest: Manifest {
                version: MANIFEST_VERSION,
                created: 1_700_000_000,
                ..Manifest::default()
            },
            contents: BTreeMap::new(),
        }
    }

    pub(crate) fn spa(mut self) -> Self {
        self.manifest.spa = true;
        self
    }

    pub(crate) fn rules(mut self, redirects: &str, headers: &str) -> Self {
        self.manifest.redirects = parse_redirects(redirects).rules;
        self.manifest.headers = parse_headers(headers).rules;
        self
    }

    pub(crate) fn file(self, path: &str, content_type: &str, contents: impl Into<Vec<u8>>) -> Self {
        self.full_file(path, content_type, contents, false, &[])
    }

    pub(crate) fn html(self, path: &str, contents: &str) -> Self {
        self.file(path, "text/html; charset=utf-8", contents)
    }

    /// The variants are made up: a real encoder is not what is tested here.
    pub(crate) fn full_file(
        mut self,
        path: &str,
        content_type: &str,
        contents: impl Into<Vec<u8>>,
        immutable: bool,
        encodings: &[Encoding],
    ) -> Self {
        let contents = contents.into();
        // Not a hash, but as good as one here: it depends on the path.
        let name: String = path
            .bytes()
            .chain(std::iter::repeat(b'-'))
            .take(32)
            .map(|b| format!("{b:02x}"))
            .collect();
        let mut sizes = BTreeMap::new();
        for encoding in encodings {
            let encoded = format!("{}:{path}", encoding.token()).into_bytes();
            sizes.insert(*encoding, encoded.len() as u64);
            self.contents
                .insert(format!("{name}{}", encoding.suffix()), encoded);
        }
        let entry = FileEntry {
            sha256: name.clone(),
            size: contents.len() as u64,
            content_type: content_type.to_owned(),
            immutable,
            encodings: sizes,
        };
        self.contents.insert(name, contents);
        self.manifest.files.insert(path.to_owned(), entry);
        self
    }

    pub(crate) fn write(&self, deployments: &Path, id: DeploymentId) {
        let folder = deployments.join(id.uuid().hyphenated().to_string());
        let files = folder.join(FILES_DIRECTORY);
        std::fs::create_dir_all(&files).unwrap();
        for (name, contents) in &self.contents {
            std::fs::write(files.join(name), contents).unwrap();
        }
        let manifest = serde_json::to_vec(&self.manifest).unwrap();
        std::fs::write(folder.join(MANIFEST_FILE), manifest).unwrap();
    }
}

pub(crate) fn route(host: &str, target: RouteTarget) -> Route {
    Route {
        host: host.parse().unwrap(),
        project_id: ProjectId::generate(),
        kind: RouteKind::Production,
        target,
        access_log_percent: 0,
        version: 0,
    }
}
