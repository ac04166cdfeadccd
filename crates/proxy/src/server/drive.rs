//! Drives one client connection from accept to close.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::server::conn::{http1, http2};
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::forward::Relay;
use crate::handler::Handler;
use crate::limits::{ClientPlace, HEAD_MAX};
use crate::respond::{Refusal, refuse_raw};
use crate::server::conn::{Conn, End};
use crate::server::io::{GuardedIo, Transport};
use crate::server::thread::Thread;
use crate::tls::TlsFront;

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

impl<F> hyper::rt::Executor<F> for LocalExecutor
where
    F: Future + 'static,
    F::Output: 'static,
{
    fn execute(&self, future: F) {
        // As it is: wrapped in another one it would be twice the size and be moved once more, for every stream.
        tokio::task::spawn_local(future);
    }
}

/// How one turn of a connection between two rests went.
enum Turn {
    /// Nothing is underway: the buffers are gone, this is what stays.
    Rest(GuardedIo),
    /// What follows the last answer.
    Over(Pin<Box<dyn Future<Output = ()>>>),
}

/// Serves a plain connection.
pub(super) async fn serve_plain(thread: Rc<Thread>, stream: TcpStream) {
    let Ok(peer) = stream.peer_addr() else {
        return;
    };
    let Some(_place) = place(&thread, peer) else {
        return;
    };
    // The coarse clock may lag behind after a quiet time; it must not count against a new connection.
    thread.set_now(std::time::Instant::now());
    let conn = Rc::new(Conn::plain(peer, thread.now_ms()));
    thread.stats.connection_opened();
    let _watched = thread.watch(&conn);
    serve_http1(&thread, &conn, Transport::Plain(stream)).await;
}

/// Serves an encrypted connection; the client chooses the protocol (ALPN).
pub(super) async fn serve_tls(thread: Rc<Thread>, front: TlsFront, stream: TcpStream) {
    let limits = &thread.shared.settings.limits;
    let Ok(peer) = stream.peer_addr() else {
        return;
    };
    let Some(_place) = place(&thread, peer) else {
        return;
    };
    // Boxed, like HTTP/2 below: only what an idle HTTP/1 connection needs stands in the task itself.
    let handshake = Box::pin(timeout(limits.head, front.acceptor.accept(stream))).await;
    let Ok(Ok(stream)) = handshake else {
        return;
    };
    let session = stream.get_ref().1;
    let is_h2 = session.alpn_protocol() == Some(b"h2");
    let names = front.names(session.server_name(), is_h2);
    thread.set_now(std::time::Instant::now());
    let conn = Rc::new(Conn::encrypted(peer, is_h2, names, thread.now_ms()));
    thread.stats.connection_opened();
    let _watched = thread.watch(&conn);
    let transport = Transport::Tls(Box::new(stream));
    if is_h2 {
        Box::pin(serve_http2(&thread, &conn, transport)).await;
    } else {
        serve_http1(&thread, &conn, transport).await;
    }
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

/// A connection is idle most of its life. hyper and its buffers (16 KiB) are there only while something is underway.
async fn serve_http1(thread: &Rc<Thread>, conn: &Rc<Conn>, transport: Transport) {
    let mut io = GuardedIo::http1(transport, Rc::clone(thread), Rc::clone(conn));
    loop {
        conn.set_resting(true);
        let end = poll_fn(|cx| poll_rest(conn, &mut io, cx)).await;
        conn.set_resting(false);
        if end.is_some() {
            let _ = io.shutdown().await;
            return;
        }
        // A statement of its own, so that the box is gone before what follows.
        let turn = Box::pin(serve_turn(thread, conn, io)).await;
        match turn {
            Turn::Rest(resting) => io = resting,
            Turn::Over(rest) => return rest.await,
        }
        thread.stats.connection_rests();
    }
}

/// Ready when the client says something, or with the reason to end.
fn poll_rest(conn: &Conn, io: &mut GuardedIo, cx: &mut Context<'_>) -> Poll<Option<End>> {
    conn.set_waker(cx.waker());
    if let Some(end) = conn.end_asked() {
        return Poll::Ready(Some(end));
    }
    // TLS may hold bytes of the last answer. An error shows again at the next read.
    let _ = AsyncWrite::poll_flush(Pin::new(&mut *io), cx);
    io.poll_readable(cx).map(|()| None)
}

/// Answers requests until the connection has been idle for a while, or ends.
async fn serve_turn(thread: &Rc<Thread>, conn: &Rc<Conn>, io: GuardedIo) -> Turn {
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
            return Poll::Ready(Some(Some(end)));
        }
        if connection.poll_without_shutdown(cx).is_ready() {
            return Poll::Ready(Some(None));
        }
        if conn.may_rest() {
            return Poll::Ready(None);
        }
        Poll::Pending
    })
    .await;
    let http1::Parts { mut io, read_buf, .. } = connection.into_parts();
    match end {
        None => {
            io.put_back(&read_buf);
            Turn::Rest(io)
        }
        Some(end) => Turn::Over(end_http1(thread, conn, io, &read_buf, end)),
    }
}

/// What follows the last answer: a tunnel, last words, or nothing.
fn end_http1(
    thread: &Rc<Thread>,
    conn: &Rc<Conn>,
    mut io: GuardedIo,
    read: &[u8],
    end: Option<End>,
) -> Pin<Box<dyn Future<Output = ()>>> {
    let (thread, conn) = (Rc::clone(thread), Rc::clone(conn));
    let tunnel = conn.tunnel.borrow_mut().take();
    match (tunnel, end) {
        (Some(tunnel), None) => {
            // Copied, so that an idle tunnel does not keep hyper's buffer.
            conn.set_tunnel();
            let early = Bytes::from([read, &io.become_tunnel()].concat());
            let relay = Relay::new(&thread, &conn, io, early, tunnel);
            Box::pin(async move {
                let _ = relay.await;
            })
        }
        (_, None | Some(End::RequestTimeout)) => Box::pin(async move { last_words(&thread, io, end).await }),
        // What the client does not read would stay in the kernel's hands for as long as it likes.
        (_, Some(End::WriteStall)) => {
            io.reset_on_close();
            Box::pin(async {})
        }
        // The client asked for nothing: there is nothing to say.
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
    let io = GuardedIo::http2(transport, Rc::clone(thread), Rc::clone(conn));
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

    /// Every idle connection is one such future; hyper's buffers are not there while it rests.
    #[test]
    fn an_idle_connection_is_small() {
        let size = size_of_future(|thread: Rc<Thread>, stream: TcpStream| serve_plain(thread, stream));
        assert!(size <= 1024, "{size} bytes");
    }

    fn size_of_future<A, B, F: Future>(_: impl Fn(A, B) -> F) -> usize {
        size_of::<F>()
    }
}
