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

use crate::framing::{FrameFault, FrameWatch, Framing};
use crate::respond::Refusal;
use crate::server::conn::{Conn, End};
use crate::server::thread::Thread;

/// Pieces up to so many bytes in all are written as one.
const GATHERED_MAX: usize = 8 * 1024;

/// Plain or TLS.
pub(crate) enum Transport {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// What the client's bytes pass.
enum Check {
    Http1(Framing),
    /// h2 checks the framing itself.
    Http2(Box<FrameWatch>),
    /// The bytes of a tunnel.
    Nothing,
}

/// A metered connection with strict framing.
pub(crate) struct GuardedIo {
    transport: Transport,
    thread: Rc<Thread>,
    conn: Rc<Conn>,
    check: Check,
    /// Sound bytes that did not fit into hyper's buffer.
    ready: Bytes,
    refused: Option<Refusal>,
    /// Why an HTTP/2 connection ends, until its client is told.
    frame_fault: Option<FrameFault>,
    eof: bool,
    /// hyper may be told of the end of the stream.
    eof_told: bool,
}

impl GuardedIo {
    /// For HTTP/1.
    pub(crate) fn http1(transport: Transport, thread: Rc<Thread>, conn: Rc<Conn>) -> Self {
        Self::new(transport, thread, conn, Check::Http1(Framing::new()))
    }

    /// For HTTP/2.
    pub(crate) fn http2(transport: Transport, thread: Rc<Thread>, conn: Rc<Conn>) -> Self {
        let watch = FrameWatch::new(thread.now_ms());
        Self::new(transport, thread, conn, Check::Http2(Box::new(watch)))
    }

    fn new(transport: Transport, thread: Rc<Thread>, conn: Rc<Conn>, check: Check) -> Self {
        Self {
            transport,
            thread,
            conn,
            check,
            ready: Bytes::new(),
            refused: None,
            frame_fault: None,
            eof: false,
            eof_told: false,
        }
    }

    /// Bytes that were read and not used; they are read again.
    pub(crate) fn put_back(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.ready = [bytes, &self.ready].concat().into();
        }
    }

    /// Ready when there is something to read, or the end of the stream; nothing is read and no buffer is needed.
    pub(crate) fn poll_readable(&self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.ready.is_empty() {
            return Poll::Ready(());
        }
        // An error is found again, and told, by the read that follows.
        self.stream().poll_read_ready(cx).map(|_| ())
    }

    /// Closing throws away what the client has not taken yet.
    pub(crate) fn reset_on_close(&self) {
        // Without it the connection still closes, only later.
        let _ = socket2::SockRef::from(self.stream()).set_linger(Some(std::time::Duration::ZERO));
    }

    fn stream(&self) -> &TcpStream {
        match &self.transport {
            Transport::Plain(stream) => stream,
            Transport::Tls(stream) => stream.get_ref().0,
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
        match std::mem::replace(&mut self.check, Check::Nothing) {
            Check::Http1(mut framing) => framing.take_early_bytes(),
            Check::Http2(_) | Check::Nothing => Vec::new(),
        }
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
        let outcome = match &mut self.check {
            Check::Nothing => {
                cursor.put_slice(&scratch);
                return;
            }
            Check::Http2(watch) => {
                self.thread.set_now(std::time::Instant::now());
                let (now_ms, sent) = (self.thread.now_ms(), self.conn.write.total());
                match watch.accept(&scratch, now_ms, sent) {
                    Ok(()) => cursor.put_slice(&scratch),
                    Err(fault) => {
                        match fault {
                            FrameFault::Flood => self.thread.stats.count_end(End::Flood),
                            FrameFault::Size => self.thread.stats.head_refused(),
                        }
                        // h2 takes it for the end of the stream and closes.
                        self.frame_fault = Some(fault);
                        self.eof = true;
                    }
                }
                return;
            }
            Check::Http1(framing) => framing.accept(&scratch, |bytes| put(bytes, cursor, &mut overflow)),
        };
        self.after_framing(outcome, overflow);
    }

    /// hyper drops everything at the end of the stream, so it hears of it only when that is right: a fault in a head
    /// waits for the answers to the requests before it; a client that closes its side gets one more round, in which an
    /// answer that is already there goes out.
    fn poll_end(&mut self, cx: &Context<'_>) -> Poll<io::Result<()>> {
        let is_between_requests = self.framing().is_some_and(Framing::is_at_head);
        if self.refused.is_some() && is_between_requests && self.conn.await_idle() {
            return Poll::Pending;
        }
        if self.eof && !self.eof_told && !self.conn.is_idle() && self.frame_fault.is_none() {
            self.eof_told = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(Ok(()))
    }

    fn framing(&self) -> Option<&Framing> {
        match &self.check {
            Check::Http1(framing) => Some(framing),
            Check::Http2(_) | Check::Nothing => None,
        }
    }

    fn resume(&mut self, cursor: &mut ReadBufCursor<'_>) {
        let mut overflow = Vec::new();
        let outcome = match &mut self.check {
            Check::Http1(framing) => framing.resume(|bytes| put(bytes, cursor, &mut overflow)),
            Check::Http2(_) | Check::Nothing => Ok(()),
        };
        self.after_framing(outcome, overflow);
    }

    fn after_framing(&mut self, outcome: Result<(), Refusal>, overflow: Vec<u8>) {
        self.ready = Bytes::from(overflow);
        self.refused = outcome.err();
        let is_mid_head = self.framing().is_some_and(Framing::is_mid_head);
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
            if self.framing().is_some_and(Framing::is_paused) {
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
        ready!(self.write_hints(cx, false))?;
        AsyncWrite::poll_write(self.as_mut(), cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        ready!(self.write_hints(cx, false))?;
        if slices.iter().map(|slice| slice.len()).sum::<usize>() <= GATHERED_MAX {
            return self.poll_write_gathered(cx, slices);
        }
        let outcome = Pin::new(&mut self.transport).poll_write_vectored(cx, slices);
        self.metered(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.transport.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // hyper flushes when it holds nothing back, so an interim answer stands at the right place here.
        ready!(self.write_hints(cx, true))?;
        Pin::new(&mut self.transport).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if let Some(fault) = self.frame_fault.take() {
            // As far as it fits: the client is not owed more.
            let _ = Pin::new(&mut self.transport).poll_write(cx, &fault.go_away());
        }
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
    /// A head and a small body: copying them together costs less than having the kernel gather them.
    fn poll_write_gathered(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let mut scratch = self.thread.scratch.borrow_mut();
        let mut length = 0;
        for slice in slices {
            scratch[length..length + slice.len()].copy_from_slice(slice);
            length += slice.len();
        }
        let outcome = Pin::new(&mut self.transport).poll_write(cx, &scratch[..length]);
        drop(scratch);
        self.metered(outcome)
    }

    /// Writes what is left of an interim answer.
    fn write_hints(&mut self, cx: &mut Context<'_>, may_begin: bool) -> Poll<io::Result<()>> {
        while let Some(left) = self.conn.hints_to_write(may_begin) {
            let outcome = Pin::new(&mut self.transport).poll_write(cx, &left);
            let count = ready!(self.metered(outcome))?;
            if count == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            self.conn.hints_written(count);
        }
        Poll::Ready(Ok(()))
    }

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
