//! Copies bytes both ways between a client and an app that switched protocols.
//!
//! An idle tunnel holds no buffer: bytes are read into the thread's scratch buffer and written at once; only what the
//! other side does not take is kept, and then reading stops.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

use crate::release::{InFlightGuard, OutstandingGuard};
use crate::server::{Conn, Deadline, GuardedIo, Thread};

/// Bytes moved at once; several tunnels share a thread fairly.
const PIECE: usize = 16 * 1024;

/// The app's side of a tunnel, waiting for the client's.
pub(crate) struct Tunnel {
    pub(super) stream: TcpStream,
    /// What the app sent right behind its answer.
    pub(super) early: Bytes,
    pub(super) guards: (InFlightGuard, OutstandingGuard),
}

/// A tunnel at work; ready when both directions have ended.
pub(crate) struct Relay {
    thread: Rc<Thread>,
    conn: Rc<Conn>,
    client: GuardedIo,
    app: TcpStream,
    upload: Direction,
    download: Direction,
    idle: Deadline,
    _guards: (InFlightGuard, OutstandingGuard),
}

/// One direction.
struct Direction {
    pending: Bytes,
    state: DirectionState,
}

#[derive(PartialEq, Eq)]
enum DirectionState {
    Open,
    Closing,
    Closed,
}

impl Relay {
    /// `early` is what the client sent before it saw the answer.
    pub(crate) fn new(
        thread: &Rc<Thread>,
        conn: &Rc<Conn>,
        client: GuardedIo,
        early: Bytes,
        tunnel: Tunnel,
    ) -> Self {
        Self {
            thread: Rc::clone(thread),
            conn: Rc::clone(conn),
            client,
            app: tunnel.stream,
            upload: Direction::new(early),
            download: Direction::new(tunnel.early),
            idle: thread.deadline(thread.shared.settings.limits.tunnel_idle),
            _guards: tunnel.guards,
        }
    }
}

impl Future for Relay {
    type Output = io::Result<()>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = &mut *self;
        if this.conn.end_asked().is_some() {
            return Poll::Ready(Ok(()));
        }
        this.conn.set_waker(cx.waker());
        let mut scratch = this.thread.scratch.borrow_mut();
        let mut moved = false;
        let up = this.upload.poll(
            cx,
            &mut this.client,
            &mut this.app,
            &mut scratch[..PIECE],
            &mut moved,
        );
        let down = this.download.poll(
            cx,
            &mut this.app,
            &mut this.client,
            &mut scratch[..PIECE],
            &mut moved,
        );
        drop(scratch);
        match (up, down) {
            (Poll::Ready(Err(error)), _) | (_, Poll::Ready(Err(error))) => return Poll::Ready(Err(error)),
            (Poll::Ready(Ok(())), Poll::Ready(Ok(()))) => return Poll::Ready(Ok(())),
            _ => {}
        }
        if moved {
            this.idle.restart(this.thread.shared.settings.limits.tunnel_idle);
        }
        if this.idle.is_over(cx) {
            Poll::Ready(Ok(()))
        } else {
            Poll::Pending
        }
    }
}

impl Direction {
    fn new(early: Bytes) -> Self {
        Self {
            pending: early,
            state: DirectionState::Open,
        }
    }

    /// Copies until a side has to be waited for; an end of the stream is passed on as such.
    fn poll(
        &mut self,
        cx: &mut Context<'_>,
        from: &mut (impl AsyncRead + Unpin),
        to: &mut (impl AsyncWrite + Unpin),
        scratch: &mut [u8],
        moved: &mut bool,
    ) -> Poll<io::Result<()>> {
        loop {
            while !self.pending.is_empty() {
                let count = ready!(Pin::new(&mut *to).poll_write(cx, &self.pending))?;
                if count == 0 {
                    return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
                }
                *moved = true;
                let _ = self.pending.split_to(count);
            }
            match self.state {
                DirectionState::Closed => return Poll::Ready(Ok(())),
                DirectionState::Closing => {
                    ready!(Pin::new(&mut *to).poll_shutdown(cx))?;
                    self.state = DirectionState::Closed;
                    continue;
                }
                DirectionState::Open => {}
            }
            let mut buffer = ReadBuf::new(scratch);
            if Pin::new(&mut *from).poll_read(cx, &mut buffer)?.is_pending() {
                // A flush that is done is not the end of the direction.
                return match Pin::new(&mut *to).poll_flush(cx) {
                    Poll::Ready(Err(error)) => Poll::Ready(Err(error)),
                    _ => Poll::Pending,
                };
            }
            if buffer.filled().is_empty() {
                self.state = DirectionState::Closing;
                continue;
            }
            *moved = true;
            let count = match Pin::new(&mut *to).poll_write(cx, buffer.filled())? {
                Poll::Ready(count) => count,
                Poll::Pending => 0,
            };
            self.pending = Bytes::copy_from_slice(&buffer.filled()[count..]);
        }
    }
}
