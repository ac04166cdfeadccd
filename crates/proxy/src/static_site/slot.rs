//! The place of a static release in the table: its manifest is loaded at the first request and may be let go again.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use aether_models::{DeploymentId, MANIFEST_FILE, MANIFEST_VERSION, Manifest};
use arc_swap::{ArcSwapOption, Guard};

use crate::server::Shared;
use crate::static_site::cache::Evictable;
use crate::static_site::site::Site;

/// A static release.
pub(crate) struct SiteSlot {
    pub(crate) deployment_id: DeploymentId,
    site: ArcSwapOption<Site>,
    used: AtomicBool,
}

/// Why a release cannot be served.
#[derive(Debug, thiserror::Error)]
pub(super) enum LoadError {
    #[error("cannot read the manifest: {0}")]
    Read(#[from] std::io::Error),
    #[error("the manifest is malformed: {0}")]
    Malformed(#[from] serde_json::Error),
    #[error("the manifest has version {0}, which this program does not know")]
    Version(u32),
    #[error("loading was interrupted")]
    Interrupted,
}

impl SiteSlot {
    pub(crate) fn new(deployment_id: DeploymentId) -> Self {
        Self {
            deployment_id,
            site: ArcSwapOption::empty(),
            used: AtomicBool::new(false),
        }
    }

    /// The site, if it is in memory.
    pub(super) fn loaded(&self) -> Guard<Option<Arc<Site>>> {
        // Reading first keeps the cache line shared between the threads.
        if !self.used.load(Ordering::Relaxed) {
            self.used.store(true, Ordering::Relaxed);
        }
        self.site.load()
    }

    /// Reads the manifest, once for all who wait.
    pub(super) async fn load(self: &Arc<Self>, shared: &Shared) -> Result<Arc<Site>, LoadError> {
        let key = self.deployment_id.uuid().as_u128() as usize;
        let _turn = shared.hot.loading(key).await;
        if let Some(site) = &*self.loaded() {
            return Ok(Arc::clone(site));
        }
        let directory = shared
            .settings
            .deployments_dir
            .join(self.deployment_id.uuid().hyphenated().to_string());
        let read = tokio::task::spawn_blocking(move || read_site(&directory));
        let site = Arc::new(read.await.map_err(|_| LoadError::Interrupted)??);
        if shared.hot.sites.accepts(site.weight()) {
            self.site.store(Some(Arc::clone(&site)));
            shared.hot.sites.insert(self, site.weight());
        }
        Ok(site)
    }
}

impl Evictable for SiteSlot {
    fn take_used(&self) -> bool {
        self.used.swap(false, Ordering::Relaxed)
    }

    fn evict(&self) {
        self.site.store(None);
    }
}

fn read_site(directory: &Path) -> Result<Site, LoadError> {
    let manifest: Manifest = serde_json::from_slice(&std::fs::read(directory.join(MANIFEST_FILE))?)?;
    if manifest.version != MANIFEST_VERSION {
        return Err(LoadError::Version(manifest.version));
    }
    Ok(Site::new(directory, &manifest))
}
