//! The bytes of a server's answer, over HTTP or SSH, counted and timed.

use bytes::Bytes;
use reqwest::Response;
use tokio::time::Instant;

use super::http::from_reqwest;
use super::pkt_line::{Packet, PacketReader};
use super::ssh::SshStream;
use super::{GitError, GitLimits};

/// An answer as it arrives.
pub(super) struct Body {
    source: Source,
    limits: GitLimits,
    pub(super) received: u64,
    window_start: Instant,
    window_bytes: u64,
}

enum Source {
    Http(Box<Response>),
    Ssh(Box<SshStream>),
}

impl Body {
    pub(super) fn http(response: Response, limits: GitLimits) -> Self {
        Self::new(Source::Http(Box::new(response)), limits)
    }

    pub(super) fn ssh(stream: SshStream, limits: GitLimits) -> Self {
        Self::new(Source::Ssh(Box::new(stream)), limits)
    }

    fn new(source: Source, limits: GitLimits) -> Self {
        Self {
            source,
            limits,
            received: 0,
            window_start: Instant::now(),
            window_bytes: 0,
        }
    }

    /// The next bytes; none at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, GitError> {
        let chunk = match &mut self.source {
            Source::Http(response) => response.chunk().await.map_err(|error| from_reqwest(&error))?,
            // The whole exchange has a limit too; this one is for a connection that has fallen silent.
            Source::Ssh(stream) => tokio::time::timeout(self.limits.low_speed_time, stream.chunk())
                .await
                .map_err(|_| GitError::TooSlow)??,
        };
        let length = chunk.as_ref().map_or(0, Bytes::len) as u64;
        self.received += length;
        self.window_bytes += length;
        if self.received > self.limits.pack_bytes {
            return Err(GitError::too_large(
                "The repository's data",
                self.limits.pack_bytes,
            ));
        }
        if self.window_start.elapsed() >= self.limits.low_speed_time {
            if self.window_bytes < self.limits.low_speed_bytes && chunk.is_some() {
                return Err(GitError::TooSlow);
            }
            self.window_start = Instant::now();
            self.window_bytes = 0;
        }
        Ok(chunk)
    }
}

/// The packets of a small answer.
pub(super) async fn read_all(mut body: Body, limit: u64) -> Result<Vec<Packet>, GitError> {
    let (mut reader, mut packets) = (PacketReader::default(), Vec::new());
    while let Some(chunk) = body.chunk().await? {
        if body.received > limit {
            return Err(GitError::too_large("The list of branches and tags", limit));
        }
        reader.push(&chunk);
        while let Some(packet) = reader.next()? {
            packets.push(packet);
        }
    }
    Ok(packets)
}
