//! Drives one client connection from accept to close.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::Poll;

use bytes::Bytes;
use hyper::server::conn::{http1, http2};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use crate::forward::Relay;
use crate::handler::Handler;
use crate::limits::{ClientPlace, HEAD_MAX};
use crate::respond::{Refusal, refuse_raw};
use crate::server::conn::{Conn, End};
use crate::server::io::{GuardedIo, Transport};
use crate::server::thread::Thread;

/// Streams one HTTP/2 connection may have open (RFC 9113 section 6.5.2 recommends no less than 100).
const H2_STREAMS_MAX: u32 = 128;
/// Streams reset by the peer that wait to be taken note of (CVE-2023-44487).
const H2_PENDING_RESETS_MAX: usize = 20;
/// Streams we had to reset because of the peer's faults (CVE-2025-8671).
const H2_LOCAL_RESETS_MAX: usize = 256;
/// Bytes a client may send on one stream before we have read them.
const H2_STREAM_WINDOW: u32 = 256 * 1024;
const H2_CONNECTION_WINDOW: u32 = 1024 * 1024;
/// After the last words we still read a little, or the kernel would answer the unread rest with a reset and the client
/// might never see them.
const LINGER_BYTES: usize = 256 * 1024;
const LINGER: std::time::Duration = std::time::Duration::from_secs(1);

/// Lets hyper's HTTP/2 start its streams on this thread.
#[derive(Clone)]
struct LocalExecutor;

impl<F: Future + 'static> hyper::rt::Executor<F> for LocalExecutor {
    fn execute(&self, future: F) {
        tokio::task::spawn_local(async move {
            future.await;
        });
    }
}

/// Serves a plain connection.
pub(super) async fn serve_plain(thread: Rc<Thread>, stream: TcpStream) {
    let Some((conn, _place)) = admit(&thread, &stream, false, false) else {
        return;
    };
    let _watched = thread.watch(&conn);
    serve_http1(&thread, &conn, Transport::Plain(stream)).await;
}

/// Serves an encrypted connection; the client chooses the protocol (ALPN).
pub(super) async fn serve_tls(thread: Rc<Thread>, acceptor: TlsAcceptor, stream: TcpStream) {
    let limits = &thread.shared.settings.limits;
    let Ok(peer) = stream.peer_addr() else {
        return;
    };
    let Some(_place) = place(&thread, peer) else {
        return;
    };
    let Ok(Ok(stream)) = timeout(limits.head, acceptor.accept(stream)).await else {
        return;
    };
    let is_h2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
    let conn = Rc::new(Conn::new(peer, true, is_h2, thread.now_ms()));
    thread.stats.connection_opened();
    let _watched = thread.watch(&conn);
    let transport = Transport::Tls(Box::new(stream));
    if is_h2 {
        serve_http2(&thread, &conn, transport).await;
    } else {
        serve_http1(&thread, &conn, transport).await;
    }
}

fn admit(
    thread: &Rc<Thread>,
    stream: &TcpStream,
    is_tls: bool,
    is_h2: bool,
) -> Option<(Rc<Conn>, ClientPlace)> {
    let peer = stream.peer_addr().ok()?;
    let place = place(thread, peer)?;
    thread.stats.connection_opened();
    // The coarse clock may lag behind after a quiet time; it must not count against a new connection.
    thread.set_now(std::time::Instant::now());
    Some((Rc::new(Conn::new(peer, is_tls, is_h2, thread.now_ms())), place))
}

fn place(thread: &Rc<Thread>, peer: std::net::SocketAddr) -> Option<ClientPlace> {
    let place = thread
        .shared
        .clients
        .admit(peer.ip(), &thread.shared.settings.limits);
    if place.is_none() {
        thread.stats.connection_rejected();
    }
    place
}

async fn serve_http1(thread: &Rc<Thread>, conn: &Rc<Conn>, transport: Transport) {
    let io = GuardedIo::strict(transport, Rc::clone(thread), Rc::clone(conn));
    let handler = Handler {
        thread: Rc::clone(thread),
        conn: Rc::clone(conn),
    };
    let mut connection = http1::Builder::new()
        .max_header_size(HEAD_MAX)
        // The sweep watches heads; hyper's own timer would be set and reset with every request.
        .header_read_timeout(None)
        .serve_connection(io, handler);
    let end = poll_fn(|cx| {
        conn.set_waker(cx.waker());
        if let Some(end) = conn.end_asked() {
            return Poll::Ready(Some(end));
        }
        connection.poll_without_shutdown(cx).map(|_| None)
    })
    .await;
    // Boxed: what only the end of a connection needs must not take room in every idle one.
    end_http1(thread, conn, connection.into_parts(), end).await;
}

/// What follows the last answer: a tunnel, last words, or nothing.
fn end_http1(
    thread: &Rc<Thread>,
    conn: &Rc<Conn>,
    parts: http1::Parts<GuardedIo, Handler>,
    end: Option<End>,
) -> Pin<Box<dyn Future<Output = ()>>> {
    let (thread, conn) = (Rc::clone(thread), Rc::clone(conn));
    let mut io = parts.io;
    let tunnel = conn.tunnel.borrow_mut().take();
    match (tunnel, end) {
        (Some(tunnel), None) => Box::pin(async move {
            let early = [&parts.read_buf[..], &io.become_tunnel()].concat();
            let _ = Relay::new(&thread, &conn, io, Bytes::from(early), tunnel).await;
        }),
        (_, None | Some(End::RequestTimeout)) => Box::pin(async move { last_words(&thread, io, end).await }),
        // The client is not reading, or asked for nothing: there is nothing to say.
        (_, Some(_)) => Box::pin(async move {
            let _ = io.shutdown().await;
        }),
    }
}

/// Says why, closes, and reads a little of what is still coming.
async fn last_words(thread: &Thread, mut io: GuardedIo, end: Option<End>) {
    let refusal = io.refused().or(end.map(|_| Refusal::RequestTimeout));
    let goodbye = async {
        if let Some(refusal) = refusal {
            thread.stats.head_refused();
            io.write_all(&refuse_raw(refusal)).await?;
        }
        io.shutdown().await?;
        let mut left = LINGER_BYTES;
        let mut rest = vec![0_u8; 4096];
        while left > 0 && !io.is_eof() {
            left = left.saturating_sub(io.read(&mut rest).await?.max(1));
        }
        Ok::<(), std::io::Error>(())
    };
    let _ = timeout(LINGER, goodbye).await;
}

async fn serve_http2(thread: &Rc<Thread>, conn: &Rc<Conn>, transport: Transport) {
    let io = GuardedIo::open(transport, Rc::clone(thread), Rc::clone(conn));
    let handler = Handler {
        thread: Rc::clone(thread),
        conn: Rc::clone(conn),
    };
    let mut connection = http2::Builder::new(LocalExecutor)
        .max_concurrent_streams(H2_STREAMS_MAX)
        .max_pending_accept_reset_streams(H2_PENDING_RESETS_MAX)
        .max_local_error_reset_streams(H2_LOCAL_RESETS_MAX)
        .max_header_list_size(HEAD_MAX as u32)
        .initial_stream_window_size(H2_STREAM_WINDOW)
        .initial_connection_window_size(H2_CONNECTION_WINDOW)
        .serve_connection(io, handler);
    let mut draining = Box::pin(thread.shared.draining.cancelled());
    let mut is_draining = false;
    poll_fn(|cx| {
        conn.set_waker(cx.waker());
        if conn.end_asked().is_some() {
            return Poll::Ready(());
        }
        if !is_draining && draining.as_mut().poll(cx).is_ready() {
            // GOAWAY: streams that run finish, new ones go to another connection (RFC 9113 section 6.8).
            is_draining = true;
            Pin::new(&mut connection).graceful_shutdown();
        }
        Pin::new(&mut connection).poll(cx).map(|_| ())
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every idle connection is one such future beside hyper's buffers; the bar is 16 KiB in all.
    #[test]
    fn an_idle_connection_is_small() {
        let size = size_of_future(|thread: Rc<Thread>, stream: TcpStream| serve_plain(thread, stream));
        assert!(size <= 4 * 1024, "{size} bytes");
    }

    fn size_of_future<A, B, F: Future>(_: impl Fn(A, B) -> F) -> usize {
        size_of::<F>()
    }
}
