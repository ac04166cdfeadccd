//! A client that sends exactly what it is told and reads answers to their end.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// Longest wait for anything; a test that reaches it fails.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// One connection.
pub(crate) struct Client<S = TcpStream> {
    stream: BufReader<S>,
}

/// An answer.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

impl Client {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        let stream = TcpStream::connect(addr).await.unwrap();
        stream.set_nodelay(true).unwrap();
        Self::over(stream)
    }

    /// One request on a connection of its own.
    pub(crate) async fn once(addr: SocketAddr, request: &str) -> Answer {
        let mut client = Self::connect(addr).await;
        client.send(request.as_bytes()).await;
        let method = request.split(' ').next().unwrap_or_default();
        client.answer(method).await.expect("no answer")
    }

    /// `GET` with more fields (`"A: b\r\n"`).
    pub(crate) async fn get(addr: SocketAddr, host: &str, target: &str, fields: &str) -> Answer {
        Self::once(
            addr,
            &format!("GET {target} HTTP/1.1\r\nHost: {host}\r\n{fields}\r\n"),
        )
        .await
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Client<S> {
    pub(crate) fn over(stream: S) -> Self {
        Self {
            stream: BufReader::new(stream),
        }
    }

    /// Sends bytes; a peer that has already closed is no fault here, the answer will tell.
    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        let _ = timeout(PATIENCE, self.stream.write_all(bytes))
            .await
            .expect("the peer does not read");
        let _ = self.stream.flush().await;
    }

    /// The next answer; none when the connection ends before one.
    pub(crate) async fn answer(&mut self, method: &str) -> Option<Answer> {
        timeout(PATIENCE, self.read_answer(method))
            .await
            .expect("no answer in time")
    }

    /// Everything up to the end of the connection.
    pub(crate) async fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        let read = self.stream.read_to_end(&mut rest);
        let _ = timeout(PATIENCE, read).await.expect("the peer does not close");
        rest
    }

    /// The next bytes, exactly so many.
    pub(crate) async fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        let read = self.stream.read_exact(&mut bytes);
        timeout(PATIENCE, read)
            .await
            .expect("no bytes in time")
            .expect("the peer closed");
        bytes
    }

    pub(crate) async fn head(&mut self) -> Option<(u16, Vec<(String, String)>)> {
        timeout(PATIENCE, self.read_head())
            .await
            .expect("no head in time")
    }

    async fn read_head(&mut self) -> Option<(u16, Vec<(String, String)>)> {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(self.stream.read_u8().await.ok()?);
        }
        let text = String::from_utf8(head).unwrap();
        let mut lines = text.trim_end().split("\r\n");
        let status = lines.next()?.split(' ').nth(1)?.parse().unwrap();
        let fields = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap_or((line, ""));
            (name.to_owned(), value.to_owned())
        });
        Some((status, fields.collect()))
    }

    async fn read_answer(&mut self, method: &str) -> Option<Answer> {
        let (status, headers) = loop {
            let (status, headers) = self.read_head().await?;
            if status >= 200 || status == 101 {
                break (status, headers);
            }
        };
        let mut answer = Answer {
            status,
            headers,
            body: Vec::new(),
        };
        if method == "HEAD" || matches!(status, 101 | 204 | 304) {
            return Some(answer);
        }
        if answer.header("transfer-encoding").is_some() {
            answer.body = self.chunks().await?;
        } else if let Some(length) = answer.header("content-length") {
            answer.body = vec![0; length.parse().unwrap()];
            self.stream.read_exact(&mut answer.body).await.ok()?;
        } else {
            self.stream.read_to_end(&mut answer.body).await.ok()?;
        }
        Some(answer)
    }

    /// The next chunk's data; empty at the end of the body.
    pub(crate) async fn chunk(&mut self) -> Option<Vec<u8>> {
        let mut line = Vec::new();
        while !line.ends_with(b"\r\n") {
            line.push(self.stream.read_u8().await.ok()?);
        }
        let size = usize::from_str_radix(std::str::from_utf8(&line).unwrap().trim(), 16).unwrap();
        let mut data = vec![0; size + 2];
        self.stream.read_exact(&mut data).await.ok()?;
        data.truncate(size);
        Some(data)
    }

    async fn chunks(&mut self) -> Option<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let chunk = self.chunk().await?;
            if chunk.is_empty() {
                return Some(body);
            }
            body.extend(chunk);
        }
    }
}
