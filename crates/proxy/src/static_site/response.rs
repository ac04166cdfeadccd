//! From a file to a response: variant, fields, conditions, ranges, bytes.

use std::collections::VecDeque;
use std::fmt::Write;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use bytes::Bytes;
use http::header::{self, HeaderMap, HeaderValue};
use http::request::Parts;
use http::{Method, Response, StatusCode};

use crate::body::Body;
use crate::limits::HOT_FILE_MAX;
use crate::respond::{Refusal, refuse};
use crate::server::Thread;
use crate::static_site::conditional::{Condition, range_applies, weigh};
use crate::static_site::encoding::choose;
use crate::static_site::file_body::FileBody;
use crate::static_site::range::{Ranges, parse_ranges};
use crate::static_site::site::{File, Site, Variant};

/// The name of a fingerprinted file changes with its contents (RFC 8246).
const IMMUTABLE: HeaderValue = HeaderValue::from_static("public, max-age=31536000, immutable");
/// Everything else is asked for again, which the ETag makes cheap.
const REVALIDATE: HeaderValue = HeaderValue::from_static("public, max-age=0, must-revalidate");
const VARY: HeaderValue = HeaderValue::from_static("accept-encoding");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const BYTES: HeaderValue = HeaderValue::from_static("bytes");
/// Separates the parts of a multiple range; long and odd enough not to occur in a file by chance.
const BOUNDARY: &str = "aether-7f1c0b9e5d2a48c6a3";

/// A file with the status it is answered with.
pub(super) struct FileAnswer<'s> {
    file: &'s File,
    status: StatusCode,
}

/// A file whose contents must come from the disk.
pub(super) struct Wanted {
    path: std::path::PathBuf,
    variant: Arc<Variant>,
    head: Response<()>,
    ranges: Vec<Range<u64>>,
}

impl<'s> FileAnswer<'s> {
    pub(super) fn ok(file: &'s File) -> Self {
        Self::with_status(file, StatusCode::OK)
    }

    pub(super) fn not_found(file: &'s File) -> Self {
        Self::with_status(file, StatusCode::NOT_FOUND)
    }

    pub(super) fn with_status(file: &'s File, status: StatusCode) -> Self {
        Self { file, status }
    }

    /// The response, unless the disk is needed for it.
    pub(super) fn respond(self, site: &Site, parts: &Parts) -> Result<Response<Body>, Box<Wanted>> {
        let file = self.file;
        let range = parts
            .headers
            .get(header::RANGE)
            .filter(|_| parts.method == Method::GET);
        // Parts are always parts of the plain file, so that a download can go on whatever the client accepts.
        let variant = file.variant(match range {
            Some(_) => None,
            None => choose(
                parts
                    .headers
                    .get(header::ACCEPT_ENCODING)
                    .map(HeaderValue::as_bytes),
                |encoding| file.variant(Some(encoding)).encoding.is_some(),
            ),
        });
        let mut head = Response::new(());
        *head.status_mut() = self.status;
        self.fields(site, variant, head.headers_mut());
        site.rules().set_headers(parts, head.headers_mut());
        let mut ranges = Vec::new();
        // An error is never conditional nor partial.
        if self.status == StatusCode::OK {
            let etag = variant.etag.as_bytes();
            match weigh(&parts.headers, etag, site.modified) {
                Condition::Proceed => {}
                Condition::NotModified => return Ok(without_body(head, StatusCode::NOT_MODIFIED)),
                Condition::Failed => return Ok(without_body(head, StatusCode::PRECONDITION_FAILED)),
            }
            if let Some(range) = range
                && range_applies(&parts.headers, etag, site.modified)
            {
                match parse_ranges(range.as_bytes(), variant.size) {
                    // Several parts are put together in memory; of a large file the whole is sent instead.
                    Ranges::Parts(parts) if parts.len() > 1 && variant.size > HOT_FILE_MAX => {}
                    Ranges::Parts(parts) => ranges = parts,
                    Ranges::Whole => {}
                    Ranges::Unsatisfiable => return Ok(unsatisfiable(head, variant.size)),
                }
            }
        }
        if parts.method == Method::HEAD {
            head.headers_mut()
                .insert(header::CONTENT_LENGTH, HeaderValue::from(variant.size));
            return Ok(head.map(|()| Body::Empty));
        }
        match &*variant.contents() {
            Some(contents) => Ok(with_contents(head, contents, &ranges)),
            None if variant.size == 0 => Ok(head.map(|()| Body::Empty)),
            None => Err(Box::new(Wanted {
                path: site.path_of(file, variant),
                variant: Arc::clone(variant),
                head,
                ranges,
            })),
        }
    }

    fn fields(&self, site: &Site, variant: &Variant, headers: &mut HeaderMap) {
        let file = self.file;
        headers.reserve(8);
        headers.insert(header::CONTENT_TYPE, file.content_type.clone());
        let cache = if file.immutable && self.status == StatusCode::OK {
            IMMUTABLE
        } else {
            REVALIDATE
        };
        headers.insert(header::CACHE_CONTROL, cache);
        headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
        if let Some(encoding) = variant.encoding {
            headers.insert(
                header::CONTENT_ENCODING,
                HeaderValue::from_static(encoding.token()),
            );
        }
        if file.is_negotiated() {
            headers.insert(header::VARY, VARY);
        }
        if self.status == StatusCode::OK {
            headers.insert(header::ETAG, variant.etag.clone());
            headers.insert(header::LAST_MODIFIED, site.last_modified.clone());
            headers.insert(header::ACCEPT_RANGES, BYTES);
        }
    }
}

impl Wanted {
    /// Reads the contents, keeps them if they are small, and answers.
    pub(super) async fn respond(self, thread: &Rc<Thread>, parts: Parts) -> Response<Body> {
        let outcome = if self.variant.size > HOT_FILE_MAX
            || !thread.shared.hot.contents.accepts(self.variant.size as usize)
        {
            self.stream().await
        } else {
            self.read_whole(thread).await
        };
        outcome.unwrap_or_else(|error| {
            tracing::warn!(%error, "cannot read a file of a release");
            refuse(Refusal::SiteUnavailable, &parts.method, &parts.headers)
        })
    }

    async fn read_whole(self, thread: &Rc<Thread>) -> std::io::Result<Response<Body>> {
        let hot = &thread.shared.hot;
        let key = Arc::as_ptr(&self.variant).addr() >> 6;
        let _turn = hot.loading(key).await;
        if let Some(contents) = &*self.variant.contents() {
            return Ok(with_contents(self.head, contents, &self.ranges));
        }
        let (path, size) = (self.path, self.variant.size);
        let read = tokio::task::spawn_blocking(move || read_exactly(&path, size));
        let contents = Bytes::from(read.await.map_err(std::io::Error::other)??);
        self.variant.keep(contents.clone());
        hot.contents.insert(&self.variant, contents.len());
        Ok(with_contents(self.head, &contents, &self.ranges))
    }

    async fn stream(mut self) -> std::io::Result<Response<Body>> {
        let size = self.variant.size;
        let range = self.ranges.pop();
        let wanted = range.clone().unwrap_or(0..size);
        let (path, start) = (self.path, wanted.start);
        let open = tokio::task::spawn_blocking(move || {
            let mut file = std::fs::File::open(path)?;
            if file.metadata()?.len() != size {
                return Err(std::io::Error::other(
                    "a file of a release has another size than its manifest says",
                ));
            }
            file.seek(SeekFrom::Start(start))?;
            Ok(file)
        });
        let file = open.await.map_err(std::io::Error::other)??;
        let mut head = self.head;
        if let Some(range) = &range {
            partial(&mut head, range, size);
        }
        let body = FileBody::new(file, wanted.end - wanted.start);
        Ok(head.map(|()| Body::File(Box::new(body))))
    }
}

/// A redirect of a site, by a rule or to a proper address.
pub(super) fn redirect(
    site: &Site,
    parts: &Parts,
    status: StatusCode,
    location: HeaderValue,
) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::LOCATION, location);
    headers.insert(header::CACHE_CONTROL, REVALIDATE);
    site.rules().set_headers(parts, headers);
    response
}

fn with_contents(mut head: Response<()>, contents: &Bytes, ranges: &[Range<u64>]) -> Response<Body> {
    match ranges {
        [] => head.map(|()| Body::full(contents.clone())),
        [range] => {
            partial(&mut head, range, contents.len() as u64);
            head.map(|()| Body::full(slice(contents, range)))
        }
        ranges => multipart(head, contents, ranges),
    }
}

fn partial(head: &mut Response<()>, range: &Range<u64>, size: u64) {
    *head.status_mut() = StatusCode::PARTIAL_CONTENT;
    let text = format!("bytes {}-{}/{size}", range.start, range.end - 1);
    let headers = head.headers_mut();
    headers.extend(
        HeaderValue::from_str(&text)
            .ok()
            .map(|value| (header::CONTENT_RANGE, value)),
    );
}

/// RFC 9110 section 14.6.
fn multipart(mut head: Response<()>, contents: &Bytes, ranges: &[Range<u64>]) -> Response<Body> {
    *head.status_mut() = StatusCode::PARTIAL_CONTENT;
    let headers = head.headers_mut();
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut pieces = VecDeque::with_capacity(2 * ranges.len() + 1);
    for range in ranges {
        let mut text = format!("\r\n--{BOUNDARY}\r\ncontent-type: {content_type}\r\n");
        let _ = write!(
            text,
            "content-range: bytes {}-{}/{}\r\n\r\n",
            range.start,
            range.end - 1,
            contents.len()
        );
        pieces.push_back(Bytes::from(text));
        pieces.push_back(slice(contents, range));
    }
    pieces.push_back(Bytes::from(format!("\r\n--{BOUNDARY}--\r\n")));
    let content_type = format!("multipart/byteranges; boundary={BOUNDARY}");
    if let Ok(value) = HeaderValue::from_str(&content_type) {
        headers.insert(header::CONTENT_TYPE, value);
    }
    head.map(|()| Body::Pieces(pieces))
}

fn slice(contents: &Bytes, range: &Range<u64>) -> Bytes {
    contents.slice(range.start as usize..range.end as usize)
}

/// 304 and 412: the fields that describe a body go with it (RFC 9110 section 15.4.5).
fn without_body(mut head: Response<()>, status: StatusCode) -> Response<Body> {
    *head.status_mut() = status;
    let headers = head.headers_mut();
    for name in [
        header::CONTENT_TYPE,
        header::CONTENT_ENCODING,
        header::ACCEPT_RANGES,
    ] {
        headers.remove(name);
    }
    head.map(|()| Body::Empty)
}

fn unsatisfiable(mut head: Response<()>, size: u64) -> Response<Body> {
    let value = HeaderValue::from_str(&format!("bytes */{size}"));
    head.headers_mut()
        .extend(value.ok().map(|value| (header::CONTENT_RANGE, value)));
    without_body(head, StatusCode::RANGE_NOT_SATISFIABLE)
}

fn read_exactly(path: &std::path::Path, size: u64) -> std::io::Result<Vec<u8>> {
    let mut contents = Vec::with_capacity(size as usize);
    std::fs::File::open(path)?
        .take(size + 1)
        .read_to_end(&mut contents)?;
    if contents.len() as u64 == size {
        Ok(contents)
    } else {
        Err(std::io::Error::other(
            "a file of a release has another size than its manifest says",
        ))
    }
}
