//! The client's side of a connection as hyper sees it: every byte passes [`Framing`] first, every wait is metered.

use std::cell::Ref;
use std::io;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::rt::ReadBufCursor;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::framing::Framing;
use crate::respond::Refusal;
use crate::server::conn::Conn;
use crate::server::thread::Thread;

/// Plain or TLS.
pub(crate) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A metered connection with strict framing.
pub(crate) struct GuardedIo {
    transport: Transport,
    thread: Rc<Thread>,
    conn: Rc<Conn>,
    /// None once the bytes are no HTTP/1: HTTP/2, or a tunnel.
    framing: Option<Framing>,
    /// Sound bytes that did not fit into hyper's buffer.
    ready: Bytes,
    refused: Option<Refusal>,
    eof: bool,
    /// hyper may be told of the end of the stream.
    eof_told: bool,
}

impl GuardedIo {
    /// For HTTP/1.
    pub(crate) fn strict(transport: Transport, thread: Rc<Thread>, conn: Rc<Conn>) -> Self {
        Self {
            framing: Some(Framing::new()),
            ..Self::open(transport, thread, conn)
        }
    }

    /// For HTTP/2, whose framing h2 checks itself.
    pub(crate) fn open(transport: Transport, thread: Rc<Thread>, conn: Rc<Conn>) -> Self {
        Self {
            transport,
            thread,
            conn,
            framing: None,
            ready: Bytes::new(),
            refused: None,
            eof: false,
            eof_told: false,
        }
    }

    /// Why reading stopped.
    pub(crate) fn refused(&self) -> Option<Refusal> {
        self.refused
    }

    /// The client has closed its side.
    pub(crate) fn is_eof(&self) -> bool {
        self.eof
    }

    /// From here on the bytes are a tunnel's; gives those that came early.
    pub(crate) fn become_tunnel(&mut self) -> Vec<u8> {
        self.framing
            .take()
            .map_or_else(Vec::new, |mut framing| framing.take_early_bytes())
    }

    /// Reads once from the transport into the thread's scratch buffer.
    fn read_scratch(&mut self, cx: &mut Context<'_>, room: usize) -> Poll<io::Result<usize>> {
        let mut scratch = self.thread.scratch.borrow_mut();
        let room = room.min(scratch.len());
        let mut buffer = ReadBuf::new(&mut scratch[..room]);
        let outcome = Pin::new(&mut self.transport).poll_read(cx, &mut buffer);
        self.conn.read.set_blocked(outcome.is_pending());
        ready!(outcome)?;
        let count = buffer.filled().len();
        self.conn.read.add(count);
        self.eof |= count == 0;
        Poll::Ready(Ok(count))
    }

    /// Hands on what is sound of the first `count` bytes of the scratch buffer.
    fn pass_on(&mut self, count: usize, cursor: &mut ReadBufCursor<'_>) {
        let scratch = Rc::clone(&self.thread);
        let scratch = Ref::map(scratch.scratch.borrow(), |bytes| &bytes[..count]);
        let mut overflow = Vec::new();
        let outcome = match &mut self.framing {
            None => {
                cursor.put_slice(&scratch);
                return;
            }
            Some(framing) => framing.accept(&scratch, |bytes| put(bytes, cursor, &mut overflow)),
        };
        self.after_framing(outcome, overflow);
    }

    /// hyper drops everything at the end of the stream, so it hears of it only when that is right: a fault in a head
    /// waits for the answers to the requests before it; a client that closes its side gets one more round, in which an
    /// answer that is already there goes out.
    fn poll_end(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let is_between_requests = self.framing.as_ref().is_some_and(Framing::is_at_head);
        if self.refused.is_some() && is_between_requests && self.conn.await_idle() {
            return Poll::Pending;
        }
        if self.eof && !self.eof_told && !self.conn.is_idle() {
            self.eof_told = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn resume(&mut self, cursor: &mut ReadBufCursor<'_>) {
        let mut overflow = Vec::new();
        let outcome = match &mut self.framing {
            Some(framing) => framing.resume(|bytes| put(bytes, cursor, &mut overflow)),
            None => Ok(()),
        };
        self.after_framing(outcome, overflow);
    }

    fn after_framing(&mut self, outcome: Result<(), Refusal>, overflow: Vec<u8>) {
        self.ready = Bytes::from(overflow);
        self.refused = outcome.err();
        let is_mid_head = self.framing.as_ref().is_some_and(Framing::is_mid_head);
        self.conn.set_mid_head(is_mid_head, self.thread.now_ms());
    }
}

impl hyper::rt::Read for GuardedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        mut cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let room = cursor.remaining();
        loop {
            if !self.ready.is_empty() {
                let count = self.ready.len().min(room);
                cursor.put_slice(&self.ready.split_to(count));
                return Poll::Ready(Ok(()));
            }
            if self.refused.is_some() || self.eof {
                return self.poll_end(cx);
            }
            if self.framing.as_ref().is_some_and(Framing::is_paused) {
                if !self.conn.take_resume() {
                    return Poll::Pending;
                }
                self.resume(&mut cursor);
            } else {
                let count = ready!(self.read_scratch(cx, room))?;
                self.pass_on(count, &mut cursor);
            }
            if cursor.remaining() < room {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl hyper::rt::Write for GuardedIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        AsyncWrite::poll_write(self.as_mut(), cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.transport).poll_write_vectored(cx, slices);
        self.metered(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}

/// Raw, for tunnels and for the last words of a connection.
impl AsyncRead for GuardedIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut self.transport).poll_read(cx, buffer);
        self.conn.read.set_blocked(outcome.is_pending());
        let count = buffer.filled().len() - before;
        self.conn.read.add(count);
        self.eof |= outcome.is_ready() && count == 0;
        outcome
    }
}

impl AsyncWrite for GuardedIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let outcome = Pin::new(&mut self.transport).poll_write(cx, bytes);
        self.metered(outcome)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.transport).poll_shutdown(cx)
    }
}

impl GuardedIo {
    fn metered(&self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        self.conn.write.set_blocked(outcome.is_pending());
        if let Poll::Ready(Ok(count)) = &outcome {
            self.conn.write.add(*count);
            self.thread.stats.add_sent(*count);
        }
        outcome
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Self::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Self::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
            Self::Tls(stream) => Pin::new(stream).poll_write_vectored(cx, slices),
        }
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Plain(stream) => stream.is_write_vectored(),
            Self::Tls(stream) => stream.is_write_vectored(),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Self::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Self::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

/// Into hyper's buffer as far as there is room, the rest aside.
fn put(bytes: &[u8], cursor: &mut ReadBufCursor<'_>, overflow: &mut Vec<u8>) {
    let room = if overflow.is_empty() {
        cursor.remaining().min(bytes.len())
    } else {
        0
    };
    cursor.put_slice(&bytes[..room]);
    overflow.extend_from_slice(&bytes[room..]);
}
