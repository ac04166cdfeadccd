//! One connection to an instance. It is driven by whoever holds it; an idle one in the pool is not driven at all.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker, ready};

use bytes::{Bytes, BytesMut};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_util::io::poll_read_buf;

use crate::release::Upstream;
use crate::server::Thread;

/// Content that is known to be at least so long is read into a buffer of its own; a shorter one is copied from the
/// thread's, so that a connection that waits holds none.
const OWN_BUFFER_MIN: u64 = 16 * 1024;
/// Largest such buffer.
const OWN_BUFFER_MAX: u64 = 64 * 1024;

/// A connection to an instance.
pub(super) struct Link {
    stream: TcpStream,
    /// What came and was not used yet.
    pub(super) received: Bytes,
    pub(super) upstream_id: u64,
}

impl Link {
    pub(super) async fn connect(upstream: &Arc<Upstream>) -> io::Result<Self> {
        let stream = TcpStream::connect(upstream.addr).await?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            received: Bytes::new(),
            upstream_id: upstream.id,
        })
    }

    /// It can carry another request: neither its end nor bytes that nobody asked for have come.
    pub(super) fn is_reusable(&mut self) -> bool {
        let mut unwoken = Context::from_waker(Waker::noop());
        self.received.is_empty()
            && (self.stream.poll_read_ready(&mut unwoken).is_pending()
                || matches!(self.stream.try_read(&mut [0]), Err(error) if error.kind() == io::ErrorKind::WouldBlock))
    }

    /// Reads once, behind what was received and not used; 0 is the end of the stream. `known_left` bytes of content are
    /// known to come.
    pub(super) fn poll_receive(
        &mut self,
        thread: &Thread,
        known_left: u64,
        cx: &mut Context<'_>,
    ) -> Poll<io::Result<usize>> {
        if known_left >= OWN_BUFFER_MIN && self.received.is_empty() {
            return self.poll_receive_own(known_left, cx);
        }
        let mut scratch = thread.scratch.borrow_mut();
        let mut buffer = ReadBuf::new(&mut scratch);
        ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
        let bytes = buffer.filled();
        self.received = if self.received.is_empty() {
            Bytes::copy_from_slice(bytes)
        } else {
            [&self.received, bytes].concat().into()
        };
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_receive_own(&mut self, known_left: u64, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        ready!(self.stream.poll_read_ready(cx))?;
        let size = usize::try_from(known_left.min(OWN_BUFFER_MAX)).unwrap_or(usize::MAX);
        let mut buffer = BytesMut::with_capacity(size);
        let count = ready!(poll_read_buf(Pin::new(&mut self.stream), cx, &mut buffer))?;
        self.received = buffer.freeze();
        Poll::Ready(Ok(count))
    }

    pub(super) fn poll_write(&mut self, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    pub(super) fn poll_write_vectored(
        &mut self,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    /// The stream, and what was received beyond the answer, after the app switched protocols.
    pub(super) fn into_raw(self) -> (TcpStream, Bytes) {
        (self.stream, self.received)
    }
}
