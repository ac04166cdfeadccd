//! A file too large for memory, read in pieces off the serving thread, one piece ahead of what is being sent.
//!
//! The pieces live in buffers that are used again once the socket has taken them. Fresh ones would be paid for with a
//! page fault per 4 KiB, and, allocated and freed on different threads, would pile up in the allocator.

use std::collections::VecDeque;
use std::fs::File;
use std::future::Future;
use std::io::{self, Read};
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::Frame;
use tokio::task::JoinHandle;

use crate::body::BodyError;

/// Bytes per piece.
const PIECE: usize = 256 * 1024;
/// Pieces that may be underway: one being read, and what hyper holds for the socket.
const BUFFERS_MAX: usize = 4;

/// A piece on its way from the disk; the file comes back with it.
type Reading = JoinHandle<io::Result<(File, Vec<u8>)>>;

/// The rest of a file.
pub(crate) struct FileBody {
    left: u64,
    /// Bytes not asked from the disk yet.
    unread: u64,
    reading: Option<Reading>,
    /// Pieces handed out, oldest first; a buffer is free when nobody else holds it any more.
    sent: VecDeque<Bytes>,
}

impl FileBody {
    /// The next `length` bytes of `file`.
    pub(super) fn new(file: File, length: u64) -> Self {
        let mut body = Self {
            left: length,
            unread: length,
            reading: None,
            sent: VecDeque::new(),
        };
        body.read_ahead(file);
        body
    }

    pub(crate) fn left(&self) -> u64 {
        self.left
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BodyError>>> {
        let Some(reading) = &mut self.reading else {
            return Poll::Ready(None);
        };
        let outcome = ready!(Pin::new(reading).poll(cx)).map_err(io::Error::other);
        self.reading = None;
        match outcome.and_then(|read| read) {
            Ok((file, buffer)) => {
                let piece = Bytes::from(buffer);
                self.left -= piece.len() as u64;
                self.sent.push_back(piece.clone());
                self.read_ahead(file);
                Poll::Ready(Some(Ok(Frame::data(piece))))
            }
            Err(error) => Poll::Ready(Some(Err(error.into()))),
        }
    }

    fn read_ahead(&mut self, mut file: File) {
        let length = self.unread.min(PIECE as u64);
        if length == 0 {
            return;
        }
        self.unread -= length;
        let mut buffer = self.free_buffer();
        self.reading = Some(tokio::task::spawn_blocking(move || {
            (&mut file).take(length).read_to_end(&mut buffer)?;
            if buffer.len() as u64 != length {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            Ok((file, buffer))
        }));
    }

    /// An empty buffer: a used one if there is one.
    fn free_buffer(&mut self) -> Vec<u8> {
        if self.sent.len() > BUFFERS_MAX {
            self.sent.pop_front();
        }
        let oldest = self.sent.pop_front().map(Bytes::try_into_mut);
        match oldest {
            Some(Ok(free)) => {
                let mut buffer = Vec::from(free);
                buffer.clear();
                buffer
            }
            Some(Err(in_use)) => {
                self.sent.push_front(in_use);
                Vec::with_capacity(PIECE)
            }
            None => Vec::with_capacity(PIECE),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::io::Write;

    use super::*;

    #[tokio::test]
    async fn buffers_are_used_again_and_the_bytes_stay_right() {
        let mut file = tempfile::tempfile().unwrap();
        let contents: Vec<u8> = (0..10 * PIECE + 5).map(|n| (n % 251) as u8).collect();
        file.write_all(&contents).unwrap();
        std::io::Seek::rewind(&mut file).unwrap();
        let mut body = FileBody::new(file, contents.len() as u64);
        let (mut all, mut places) = (Vec::new(), std::collections::HashSet::new());
        while let Some(frame) = poll_fn(|cx| body.poll(cx)).await {
            let piece = frame.unwrap().into_data().unwrap();
            places.insert(piece.as_ptr().addr());
            all.extend_from_slice(&piece);
        }
        assert!(all == contents && body.left() == 0);
        assert!(places.len() <= 3, "{} buffers for 11 pieces", places.len());
    }
}
