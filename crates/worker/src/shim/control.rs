//! The supervisor's control socket.

use std::io;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{mpsc, oneshot, watch};

use super::protocol::{Request, Response, Status};
use super::state::StateFolder;

/// Longest question; they are a few words.
const REQUEST_MAX: u64 = 4096;

/// An order to the supervisor.
pub(super) struct Stop {
    pub(super) grace: Duration,
    /// Told when the app is stopped.
    pub(super) done: Option<oneshot::Sender<()>>,
}

/// Listens in the state folder.
pub(super) fn listen(state: &StateFolder) -> io::Result<UnixListener> {
    let socket = state.socket()?;
    // Left by a supervisor that was killed; the lock says that it is gone.
    let _ = std::fs::remove_file(socket.path());
    UnixListener::bind(socket.path())
}

/// Answers for as long as the supervisor lives.
pub(super) async fn serve(listener: UnixListener, status: watch::Receiver<Status>, stop: mpsc::Sender<Stop>) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                tokio::spawn(answer(stream, status.clone(), stop.clone()));
            }
            // Out of file descriptors, for instance; the next try may go better.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn answer(
    stream: UnixStream,
    status: watch::Receiver<Status>,
    stop: mpsc::Sender<Stop>,
) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(REQUEST_MAX))
        .read_line(&mut line)
        .await?;
    let response = match serde_json::from_str(&line) {
        Ok(Request::Status) => Response::Status(status.borrow().clone()),
        Ok(Request::Stop { grace_ms }) => {
            let (done, stopped) = oneshot::channel();
            let order = Stop {
                grace: Duration::from_millis(grace_ms),
                done: Some(done),
            };
            // A supervisor that hears no more is already stopping.
            if stop.send(order).await.is_ok() {
                let _ = stopped.await;
            }
            Response::Stopped
        }
        Err(error) => Response::Refused {
            why: error.to_string(),
        },
    };
    let mut text = serde_json::to_vec(&response)?;
    text.push(b'\n');
    write.write_all(&text).await
}
