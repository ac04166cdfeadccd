//! Binding, serving, draining.
//!
//! N threads, each with a current-thread runtime and listeners of its own on the shared port (`SO_REUSEPORT`): a
//! connection lives and dies on one thread, so nothing on the way of a request is locked or sent. The table is
//! replaced by [`crate::sync`], which runs on the caller's runtime together with the admin listener.

mod conn;
mod drive;
mod handover;
mod io;
mod listener;
mod slab;
mod thread;
mod turns;
mod worker;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use arc_swap::ArcSwap;
use http::HeaderValue;
use tokio::net::TcpListener;
use tokio::sync::{mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use crate::access_log::AccessLog;
use crate::admin;
use crate::error::ProxyError;
use crate::limits::ClientCounts;
use crate::metrics::Stats;
pub(crate) use crate::server::conn::{Conn, End};
use crate::server::handover::{Handover, take_bound_to, take_over};
pub(crate) use crate::server::io::GuardedIo;
use crate::server::listener::bind_group;
pub(crate) use crate::server::thread::{Deadline, Shared, Thread};
use crate::server::worker::{Control, Listeners, Worker};
use crate::settings::Settings;
use crate::static_site::HotFiles;
use crate::sync::{RouteSource, Sync};
use crate::table::Table;
use crate::tls::TlsFront;
use crate::traffic::{Projects, Traffic};

/// A proxy that holds its ports but does not serve yet.
pub struct Proxy {
    settings: Settings,
    addr: SocketAddr,
    tls_addr: Option<SocketAddr>,
    admin_addr: SocketAddr,
    admin: TcpListener,
    listeners: Vec<Listeners>,
    tls: Option<TlsFront>,
}

/// The serving threads, seen from outside.
#[derive(Default)]
pub(crate) struct Threads {
    controls: Vec<mpsc::UnboundedSender<Control>>,
    stats: Vec<Arc<Stats>>,
}

impl Proxy {
    /// Takes the ports and reads the certificate.
    ///
    /// # Errors
    /// [`ProxyError`] when a port cannot be had or the certificate cannot be used.
    pub async fn bind(settings: Settings) -> Result<Self, ProxyError> {
        let tls = match &settings.tls {
            Some(files) => Some(TlsFront::load(files)?),
            None => None,
        };
        let data_dir = settings.data_dir.clone();
        let inherited = tokio::task::spawn_blocking(move || take_over(&data_dir)).await;
        let mut inherited = inherited.unwrap_or_default();
        let mut listeners: Vec<Listeners> = Vec::new();
        listeners.resize_with(settings.threads, Listeners::default);
        let mine = take_bound_to(&mut inherited, settings.addr);
        let (addr, plain) = bind_group(settings.addr, settings.threads, mine)?;
        for (index, listener) in plain.into_iter().enumerate() {
            listeners[index % settings.threads].plain.push(listener);
        }
        let mut tls_addr = None;
        if let Some(files) = &settings.tls {
            let mine = take_bound_to(&mut inherited, files.addr);
            let (addr, encrypted) = bind_group(files.addr, settings.threads, mine)?;
            tls_addr = Some(addr);
            for (index, listener) in encrypted.into_iter().enumerate() {
                listeners[index % settings.threads].tls.push(listener);
            }
        }
        let admin_error = |source| ProxyError::Listen {
            addr: settings.admin_addr,
            source,
        };
        let admin = TcpListener::bind(settings.admin_addr)
            .await
            .map_err(admin_error)?;
        let admin_addr = admin.local_addr().map_err(admin_error)?;
        Ok(Self {
            addr,
            tls_addr,
            admin_addr,
            admin,
            listeners,
            tls,
            settings,
        })
    }

    /// The plain listener's address, with the port the system chose for port 0.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The HTTPS listener's address.
    #[must_use]
    pub fn tls_addr(&self) -> Option<SocketAddr> {
        self.tls_addr
    }

    /// The address of health, readiness and metrics.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin_addr
    }

    /// Serves until `shutdown`, then drains: requests in flight finish within the drain time.
    ///
    /// # Errors
    /// [`ProxyError`] when a thread cannot be started or ends by itself.
    pub async fn serve(
        self,
        source: impl RouteSource,
        shutdown: CancellationToken,
    ) -> Result<(), ProxyError> {
        let own = [Some(self.addr), self.tls_addr, Some(self.admin_addr)]
            .into_iter()
            .flatten()
            .collect();
        let proxy_id = uuid::Uuid::now_v7().simple().to_string();
        let shared = self.shared(&proxy_id);
        // Connections wait in the kernel until there is a table: beside an older process on the same port, a visitor
        // must not meet one that knows no sites yet.
        let mut sync = Sync::new(Arc::clone(&shared), source, proxy_id, own);
        sync.prepare().await;
        self.offer_handover(shared.draining.clone());
        let mut stats = Vec::new();
        let mut controls = Vec::new();
        let mut ends = Vec::new();
        for (index, listeners) in self.listeners.into_iter().enumerate() {
            let thread_stats = Arc::<Stats>::default();
            let (control, commands) = mpsc::unbounded_channel();
            let worker = Worker {
                shared: Arc::clone(&shared),
                stats: Arc::clone(&thread_stats),
                listeners,
                tls: self.tls.clone(),
                commands,
            };
            ends.push(worker.start(index)?);
            stats.push(thread_stats);
            controls.push(control);
        }
        let ready = sync.ready();
        // Both go on while the threads drain: the worker waits for reports, the operator for metrics.
        let drained = CancellationToken::new();
        let threads = Threads {
            controls,
            stats: stats.clone(),
        };
        let syncing = tokio::spawn(sync.run(threads, drained.clone()));
        let admin = tokio::spawn(admin::serve(
            self.admin,
            Arc::clone(&shared),
            stats,
            ready,
            drained.clone(),
        ));
        tokio::select! {
            () = shutdown.cancelled() => {}
            end = first_end(&mut ends) => end?,
        }
        shared.draining.cancel();
        for end in ends {
            end.await
                .map_err(|_| ProxyError::Thread("it ended without a word".to_owned()))??;
        }
        drained.cancel();
        let _ = tokio::join!(syncing, admin);
        Ok(())
    }

    /// Without a hand-over a restart may lose connections, but the proxy works.
    fn offer_handover(&self, stop: CancellationToken) {
        let all = self
            .listeners
            .iter()
            .flat_map(|listeners| listeners.plain.iter().chain(&listeners.tls));
        let clones: Result<Vec<_>, _> = all.map(std::net::TcpListener::try_clone).collect();
        match clones.and_then(|clones| Handover::offer(&self.settings.data_dir, clones)) {
            Ok(handover) => {
                tokio::spawn(handover.serve(stop));
            }
            Err(error) => tracing::warn!(%error, "a successor will not be able to take the listeners over"),
        }
    }

    fn shared(&self, proxy_id: &str) -> Arc<Shared> {
        // The pseudonym is unique per start, so that two proxies in a row are no loop.
        let via = HeaderValue::from_str(&format!("1.1 aether-{}", &proxy_id[proxy_id.len() - 12..]));
        Arc::new(Shared {
            settings: self.settings.clone(),
            table: ArcSwap::from_pointee(Table::empty()),
            hot: HotFiles::new(self.settings.limits.hot_bytes),
            clients: ClientCounts::new(),
            draining: CancellationToken::new(),
            via: via.unwrap_or(HeaderValue::from_static("1.1 aether")),
            access_log: AccessLog::new(self.settings.access_log, self.settings.access_log_file.clone()),
            projects: Projects::default(),
            started: Instant::now(),
        })
    }
}

/// Binds and serves until `shutdown`; returns when drained.
///
/// # Errors
/// As [`Proxy::bind`] and [`Proxy::serve`].
pub async fn run(
    settings: Settings,
    source: impl RouteSource,
    shutdown: CancellationToken,
) -> Result<(), ProxyError> {
    let proxy = Proxy::bind(settings).await?;
    tracing::info!(addr = %proxy.addr(), admin = %proxy.admin_addr(), "proxy listens");
    proxy.serve(source, shutdown).await
}

impl Threads {
    /// What each thread counted by project.
    pub(crate) fn traffic(&self) -> Vec<&Traffic> {
        self.stats.iter().map(|stats| &stats.traffic).collect()
    }

    /// Returns once every thread has run another task. A request picks its release and counts itself in flight within
    /// one run, so afterwards no request can still be about to count itself at a release of an older table.
    pub(crate) async fn barrier(&self) {
        let mut passed = Vec::with_capacity(self.controls.len());
        for control in &self.controls {
            let (done, wait) = oneshot::channel();
            if control.send(Control::Barrier(done)).is_ok() {
                passed.push(wait);
            }
        }
        for wait in passed {
            let _ = wait.await;
        }
    }
}

/// Waits for a thread that ends although nobody asked it to.
async fn first_end(ends: &mut [oneshot::Receiver<Result<(), ProxyError>>]) -> Result<(), ProxyError> {
    let (outcome, ..) = futures::future::select_all(ends.iter_mut()).await;
    match outcome {
        Ok(Err(error)) => Err(error),
        _ => Err(ProxyError::Thread("it stopped serving".to_owned())),
    }
}
