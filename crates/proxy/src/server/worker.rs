//! One serving thread: accept, sweep, answer commands, drain.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, LocalOptions};
use tokio::sync::{mpsc, oneshot};
use tokio::task::{JoinSet, spawn_local};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep};

use crate::error::ProxyError;
use crate::metrics::Stats;
use crate::server::drive::{serve_plain, serve_tls};
use crate::server::thread::{Shared, Thread};
use crate::tls::TlsFront;

/// Pause after the system refused a connection (usually out of file descriptors).
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// What a connection gets to say goodbye after the drain time.
const LAST_WORDS: Duration = Duration::from_millis(500);
/// Threads that wait for the disk, per serving thread.
const BLOCKING_THREADS: usize = 16;

/// What a thread starts with.
pub(super) struct Worker {
    pub(super) shared: Arc<Shared>,
    pub(super) stats: Arc<Stats>,
    pub(super) listeners: Listeners,
    pub(super) tls: Option<TlsFront>,
    pub(super) commands: mpsc::UnboundedReceiver<Control>,
}

/// The listeners of one thread; several when a predecessor had more threads.
#[derive(Default)]
pub(super) struct Listeners {
    pub(super) plain: Vec<std::net::TcpListener>,
    pub(super) tls: Vec<std::net::TcpListener>,
}

/// What a thread can be told.
pub(super) enum Control {
    /// Say that you are between two requests.
    Barrier(oneshot::Sender<()>),
}

impl Worker {
    /// Starts the thread; the receiver tells when and how it ended.
    pub(super) fn start(self, index: usize) -> Result<oneshot::Receiver<Result<(), ProxyError>>, ProxyError> {
        let (ended, end) = oneshot::channel();
        std::thread::Builder::new()
            .name(format!("proxy-{index}"))
            .spawn(move || {
                let outcome = self.run().map_err(|error| ProxyError::Thread(error.to_string()));
                let _ = ended.send(outcome);
            })
            .map_err(|error| ProxyError::Thread(error.to_string()))?;
        Ok(end)
    }

    fn run(self) -> std::io::Result<()> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .max_blocking_threads(BLOCKING_THREADS)
            .build_local(LocalOptions::default())?;
        runtime.block_on(self.serve())
    }

    async fn serve(mut self) -> std::io::Result<()> {
        let thread = Thread::new(self.shared, self.stats);
        let commands = spawn_local(async move {
            while let Some(Control::Barrier(passed)) = self.commands.recv().await {
                let _ = passed.send(());
            }
        });
        let sweeps = spawn_local(sweep(Rc::clone(&thread)));
        let mut accepting = JoinSet::new();
        for listener in self.listeners.plain {
            accepting.spawn_local(accept(Rc::clone(&thread), listener, serve_plain));
        }
        if let Some(front) = self.tls {
            for listener in self.listeners.tls {
                let front = front.clone();
                let serve = move |thread, stream| serve_tls(thread, front.clone(), stream);
                accepting.spawn_local(accept(Rc::clone(&thread), listener, serve));
            }
        }
        while let Some(accepted) = accepting.join_next().await {
            accepted.map_err(std::io::Error::other)??;
        }
        drain(&thread).await;
        commands.abort();
        sweeps.abort();
        Ok(())
    }
}

/// Accepts until the proxy stops, then what the kernel had already taken for us.
async fn accept<F>(
    thread: Rc<Thread>,
    listener: std::net::TcpListener,
    serve: impl Fn(Rc<Thread>, TcpStream) -> F,
) -> std::io::Result<()>
where
    F: Future<Output = ()> + 'static,
{
    let listener = TcpListener::from_std(listener)?;
    let stop = thread.shared.draining.clone();
    loop {
        let accepted = tokio::select! {
            biased;
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _)) => {
                spawn_local(serve(Rc::clone(&thread), stream));
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "cannot accept connections");
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    // The runtime may not have heard yet of connections that are already established; closing would reset them.
    let listener = listener.into_std()?;
    while let Ok((stream, _)) = listener.accept() {
        stream.set_nonblocking(true)?;
        spawn_local(serve(Rc::clone(&thread), TcpStream::from_std(stream)?));
    }
    Ok(())
}

/// The client was gone before we came; the next one may be there.
fn is_of_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, Interrupted};
    matches!(
        error.kind(),
        ConnectionAborted | ConnectionRefused | ConnectionReset | Interrupted
    )
}

async fn sweep(thread: Rc<Thread>) {
    let mut ticks = interval(thread.shared.settings.limits.sweep_interval());
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        thread.sweep();
    }
}

/// Waits until every connection has ended, at most for the drain time.
async fn drain(thread: &Rc<Thread>) {
    let deadline = Instant::now() + thread.shared.settings.drain;
    wait_for_connections(thread, deadline).await;
    if thread.has_connections() {
        thread.end_all();
        wait_for_connections(thread, Instant::now() + LAST_WORDS).await;
    }
}

async fn wait_for_connections(thread: &Rc<Thread>, deadline: Instant) {
    while thread.has_connections() && Instant::now() < deadline {
        sleep(Duration::from_millis(10)).await;
    }
}
