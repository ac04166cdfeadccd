//! One connection to an instance. It is driven by whoever holds it; an idle one in the pool is not driven at all.

use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::client::conn::http1;
use hyper::rt::{Read, ReadBufCursor, Write};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;

use crate::forward::request_body::RequestBody;
use crate::release::Upstream;

/// Largest head of an answer (threats.md input 86).
const ANSWER_HEAD_MAX: usize = 64 * 1024;

/// A connection to an instance.
pub(super) struct Link {
    pub(super) sender: http1::SendRequest<RequestBody>,
    connection: http1::Connection<LinkIo, RequestBody>,
    is_over: bool,
    pub(super) upstream_id: u64,
}

/// The stream to an instance. Nearly every write is one head, for which `send` does less than `writev`.
struct LinkIo(TokioIo<TcpStream>);

impl Link {
    pub(super) async fn connect(upstream: &Arc<Upstream>) -> io::Result<Self> {
        let stream = TcpStream::connect(upstream.addr).await?;
        stream.set_nodelay(true)?;
        let handshake = http1::Builder::new()
            .max_header_size(ANSWER_HEAD_MAX)
            .handshake(LinkIo(TokioIo::new(stream)));
        let (sender, connection) = handshake.await.map_err(io::Error::other)?;
        Ok(Self {
            sender,
            connection,
            is_over: false,
            upstream_id: upstream.id,
        })
    }

    /// Moves bytes; ready once the connection is over.
    pub(super) fn drive(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if !self.is_over && self.connection.poll_without_shutdown(cx).is_ready() {
            self.is_over = true;
        }
        if self.is_over {
            Poll::Ready(())
        } else {
            Poll::Pending
        }
    }

    /// It can carry another request.
    pub(super) fn is_reusable(&mut self, cx: &mut Context<'_>) -> bool {
        self.drive(cx).is_pending() && self.sender.is_ready()
    }

    /// The stream below and what was read beyond the answer, after the app switched protocols.
    pub(super) async fn into_raw(mut self: Box<Self>) -> Option<(TcpStream, Bytes)> {
        poll_fn(|cx| self.drive(cx)).await;
        let parts = self.connection.into_parts();
        Some((parts.io.0.into_inner(), parts.read_buf))
    }
}

impl Read for LinkIo {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        cursor: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, cursor)
    }
}

impl Write for LinkIo {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        match slices {
            [only] => Pin::new(&mut self.0).poll_write(cx, only),
            several => Pin::new(&mut self.0).poll_write_vectored(cx, several),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
