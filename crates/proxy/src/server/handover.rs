//! Handing the listening sockets to a successor.
//!
//! `SO_REUSEPORT` alone loses connections at a restart: whatever the kernel has queued at a socket that is closed is
//! reset. So a starting proxy first asks the running one, over a Unix socket in the data directory, for its listeners.
//! Both then accept from the same queues until the old one is told to stop, and no queue is ever closed.

use std::io::{self, IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer, SendAncillaryMessage,
    SendFlags, recvmsg, sendmsg,
};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

/// Where the running proxy is asked, within the data directory.
const SOCKET: &str = "proxy/handover.sock";
/// Listeners in one message; the kernel takes at most 253.
const LISTENERS_MAX: usize = 128;
/// How long the other side may take; a proxy that hangs must not keep its successor from starting.
const PATIENCE: Duration = Duration::from_secs(2);

/// The side that gives.
pub(super) struct Handover {
    listener: UnixListener,
    path: PathBuf,
    offered: Vec<TcpListener>,
}

/// The listeners of the proxy that runs now, if there is one.
pub(super) fn take_over(data_dir: &Path) -> Vec<TcpListener> {
    match receive(&data_dir.join(SOCKET)) {
        Ok(listeners) => listeners,
        Err(error) => {
            // The usual case: nobody runs yet.
            tracing::debug!(%error, "no listeners to take over");
            Vec::new()
        }
    }
}

impl Handover {
    /// Offers `listeners` from now on, in place of whoever did before.
    pub(super) fn offer(data_dir: &Path, listeners: Vec<TcpListener>) -> io::Result<Self> {
        let path = data_dir.join(SOCKET);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        match std::fs::remove_file(&path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let listener = UnixListener::bind(&path)?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
        Ok(Self {
            listener,
            path,
            offered: listeners,
        })
    }

    /// Answers successors until `stop`; then lets go of the listeners, which would otherwise stay open unserved.
    pub(super) async fn serve(self, stop: CancellationToken) {
        loop {
            let accepted = tokio::select! {
                accepted = self.listener.accept() => accepted,
                () = stop.cancelled() => return,
            };
            let sent = accepted.and_then(|(stream, _)| {
                // Whoever gets the listeners can answer for every site, so only the same user does.
                if stream.peer_cred()?.uid() != rustix::process::geteuid().as_raw() {
                    return Err(io::ErrorKind::PermissionDenied.into());
                }
                send(&stream.into_std()?, &self.offered)
            });
            match sent {
                Ok(()) => tracing::info!("listeners handed to a successor"),
                Err(error) => {
                    tracing::warn!(%error, path = %self.path.display(), "cannot hand the listeners over");
                }
            }
        }
    }
}

/// Those of `listeners` that are bound to `addr`; the others stay.
pub(super) fn take_bound_to(listeners: &mut Vec<TcpListener>, addr: SocketAddr) -> Vec<TcpListener> {
    let is_bound = |listener: &mut TcpListener| listener.local_addr().is_ok_and(|bound| bound == addr);
    listeners.extract_if(.., is_bound).collect()
}

fn send(stream: &UnixStream, listeners: &[TcpListener]) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let descriptors: Vec<BorrowedFd<'_>> = listeners.iter().take(LISTENERS_MAX).map(AsFd::as_fd).collect();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LISTENERS_MAX))];
    let mut control = SendAncillaryBuffer::new(&mut space);
    if !control.push(SendAncillaryMessage::ScmRights(&descriptors)) {
        return Err(io::Error::other("too many listeners"));
    }
    // Descriptors travel only beside at least one byte.
    sendmsg(stream, &[IoSlice::new(b"1")], &mut control, SendFlags::empty())?;
    Ok(())
}

fn receive(path: &Path) -> io::Result<Vec<TcpListener>> {
    let stream = UnixStream::connect(path)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(LISTENERS_MAX))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let mut byte = [0];
    recvmsg(
        &stream,
        &mut [IoSliceMut::new(&mut byte)],
        &mut control,
        RecvFlags::CMSG_CLOEXEC,
    )?;
    let mut descriptors: Vec<OwnedFd> = Vec::new();
    for message in control.drain() {
        if let RecvAncillaryMessage::ScmRights(received) = message {
            descriptors.extend(received);
        }
    }
    Ok(descriptors.into_iter().map(TcpListener::from).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_successor_gets_the_very_sockets() {
        let folder = tempfile::tempdir().unwrap();
        assert!(take_over(folder.path()).is_empty());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let handover = Handover::offer(folder.path(), vec![listener.try_clone().unwrap()]).unwrap();
        let stop = CancellationToken::new();
        let serving = tokio::spawn(handover.serve(stop.clone()));
        let path = folder.path().to_owned();
        let mut taken = tokio::task::spawn_blocking(move || take_over(&path))
            .await
            .unwrap();
        let mine = take_bound_to(&mut taken, addr);
        assert_eq!((mine.len(), taken.len()), (1, 0));
        stop.cancel();
        serving.await.unwrap();
        drop(listener);
        // Connected before, during, and after the first owner has gone: still one queue.
        let _client = std::net::TcpStream::connect(addr).unwrap();
        assert!(mine[0].accept().is_ok());
    }
}
