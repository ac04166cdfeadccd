//! A thread that starts processes and never ends before the worker does.
//!
//! `--die-with-parent` is the kernel's PR_SET_PDEATHSIG, and its parent is the *thread* that forked (prctl(2)). tokio
//! ends threads that were idle, which would kill a build for no reason; this thread stays.

use std::io;
use std::sync::mpsc;

use tokio::process::{Child, Command};
use tokio::runtime::Handle;
use tokio::sync::oneshot;

/// A command to start, where its pipes belong to, and who waits.
struct Order {
    command: Command,
    runtime: Handle,
    reply: oneshot::Sender<io::Result<Child>>,
}

/// Starts processes on its own thread, which ends when the last clone is dropped.
#[derive(Debug, Clone)]
pub(crate) struct Spawner {
    orders: mpsc::Sender<Order>,
}

impl Spawner {
    pub(crate) fn start() -> io::Result<Self> {
        let (orders, queue) = mpsc::channel::<Order>();
        std::thread::Builder::new()
            .name("spawner".to_owned())
            .spawn(move || {
                for mut order in queue {
                    let _entered = order.runtime.enter();
                    // A waiter that is gone drops the child, and with it the process.
                    let _ = order.reply.send(order.command.spawn());
                }
            })?;
        Ok(Self { orders })
    }

    pub(crate) async fn spawn(&self, command: Command) -> io::Result<Child> {
        let gone = || io::Error::other("the spawner thread ended");
        let (reply, child) = oneshot::channel();
        let order = Order {
            command,
            runtime: Handle::current(),
            reply,
        };
        self.orders.send(order).map_err(|_| gone())?;
        child.await.map_err(|_| gone())?
    }
}
