//! Checks a complete request head: request line, fields, and what they say about the body.

use crate::limits::{FIELDS_MAX, TARGET_MAX};
use crate::respond::Refusal;

/// Longest method; the longest registered one (`UPDATEREDIRECTREF`) has 17 letters.
const METHOD_MAX: usize = 32;

/// Bytes of a token (RFC 9110 section 5.6.2).
const TOKEN: u8 = 1;
/// Bytes of a request target: visible ASCII without `#`, which no sender may send (RFC 9112 section 3.2).
const TARGET: u8 = 2;
/// Bytes of a field value (RFC 9110 section 5.5): visible, SP, HTAB and obs-text.
const VALUE: u8 = 4;

static CLASSES: [u8; 256] = classes();

/// What follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyLength {
    None,
    Fixed(u64),
    Chunked,
}

/// What a sound head says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct HeadFacts {
    pub(crate) body: BodyLength,
    /// The bytes behind it may belong to another protocol.
    pub(crate) may_become_tunnel: bool,
}

/// The framing fields found so far.
#[derive(Default)]
struct Fields {
    count: usize,
    hosts: usize,
    length: Option<u64>,
    is_chunked: bool,
    is_upgrade: bool,
}

/// Checks a head, from the first byte of the method to the empty line.
///
/// # Errors
/// The refusal at the first fault.
pub(crate) fn check_head(head: &[u8]) -> Result<HeadFacts, Refusal> {
    let mut lines = Lines(head);
    let is_1_0 = request_line(lines.next_line().ok_or(Refusal::BadRequest)?)?;
    let mut fields = Fields::default();
    while let Some(line) = lines.next_line() {
        if line.is_empty() {
            break;
        }
        fields.line(line)?;
    }
    fields.finish(is_1_0)
}

pub(super) fn is_token(byte: u8) -> bool {
    CLASSES[usize::from(byte)] & TOKEN != 0
}

/// Splits at CRLF; the caller has seen that every LF stands behind a CR.
struct Lines<'h>(&'h [u8]);

impl<'h> Lines<'h> {
    fn next_line(&mut self) -> Option<&'h [u8]> {
        let lf = memchr::memchr(b'\n', self.0)?;
        let line = &self.0[..lf - 1];
        self.0 = &self.0[lf + 1..];
        Some(line)
    }
}

/// Checks a request line and tells whether it is HTTP/1.0.
fn request_line(line: &[u8]) -> Result<bool, Refusal> {
    let mut parts = line.splitn(3, |&b| b == b' ');
    let (method, target, version) = match (parts.next(), parts.next(), parts.next()) {
        (Some(method), Some(target), Some(version)) => (method, target, version),
        _ => return Err(Refusal::BadRequest),
    };
    if method.is_empty() || method.len() > METHOD_MAX || !all(method, TOKEN) {
        return Err(Refusal::BadRequest);
    }
    let is_1_0 = match version {
        b"HTTP/1.1" => false,
        b"HTTP/1.0" => true,
        _ if version.starts_with(b"HTTP/") && version.len() == 8 && all(version, TARGET) => {
            return Err(Refusal::VersionNotSupported);
        }
        _ => return Err(Refusal::BadRequest),
    };
    if method == b"CONNECT" {
        return Err(Refusal::MethodNotAllowed);
    }
    if target.len() > TARGET_MAX {
        return Err(Refusal::TargetTooLong);
    }
    let is_known_form = target.starts_with(b"/")
        || target
            .get(..7)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"http://"))
        || target
            .get(..8)
            .is_some_and(|start| start.eq_ignore_ascii_case(b"https://"));
    if target == b"*" && method == b"OPTIONS" {
        // About the server as a whole, which is nobody's site.
        return Err(Refusal::MethodNotAllowed);
    }
    if !is_known_form || !all(target, TARGET) {
        return Err(Refusal::BadRequest);
    }
    Ok(is_1_0)
}

impl Fields {
    fn line(&mut self, line: &[u8]) -> Result<(), Refusal> {
        self.count += 1;
        if self.count > FIELDS_MAX {
            return Err(Refusal::HeadTooLarge);
        }
        let colon = memchr::memchr(b':', line).ok_or(Refusal::BadRequest)?;
        let (name, value) = (&line[..colon], &line[colon + 1..]);
        // Also refuses a fold (leading space) and a space before the colon (RFC 9112 sections 5.1 and 5.2).
        if name.is_empty() || !all(name, TOKEN) || !all(value, VALUE) {
            return Err(Refusal::BadRequest);
        }
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.hosts += 1,
            7 if name.eq_ignore_ascii_case(b"upgrade") => self.is_upgrade = true,
            14 if name.eq_ignore_ascii_case(b"content-length") => self.content_length(value)?,
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.transfer_encoding(value)?,
            _ => {}
        }
        Ok(())
    }

    /// Digits only and once: a list, a sign or a second field is how two readers come to disagree.
    fn content_length(&mut self, value: &[u8]) -> Result<(), Refusal> {
        let value = trim(value);
        let is_number = (1..=18).contains(&value.len()) && value.iter().all(u8::is_ascii_digit);
        if self.length.is_some() || !is_number {
            return Err(Refusal::BadRequest);
        }
        let digits = value.iter();
        self.length = Some(digits.fold(0, |number, digit| number * 10 + u64::from(digit - b'0')));
        Ok(())
    }

    fn transfer_encoding(&mut self, value: &[u8]) -> Result<(), Refusal> {
        if self.is_chunked {
            return Err(Refusal::BadRequest);
        }
        if !trim(value).eq_ignore_ascii_case(b"chunked") {
            // A coding we would have to undo before `chunked` (RFC 9112 section 6.1).
            return Err(Refusal::NotImplemented);
        }
        self.is_chunked = true;
        Ok(())
    }

    fn finish(self, is_1_0: bool) -> Result<HeadFacts, Refusal> {
        if self.hosts != 1 {
            return Err(Refusal::BadHost);
        }
        // RFC 9112 section 6.1: such a message ought to be handled as an error; HTTP/1.0 knows no chunks.
        if self.is_chunked && (self.length.is_some() || is_1_0) {
            return Err(Refusal::BadRequest);
        }
        let body = match self.length {
            _ if self.is_chunked => BodyLength::Chunked,
            Some(length) if length > 0 => BodyLength::Fixed(length),
            _ => BodyLength::None,
        };
        Ok(HeadFacts {
            body,
            may_become_tunnel: self.is_upgrade && body == BodyLength::None && !is_1_0,
        })
    }
}

pub(super) fn trim(value: &[u8]) -> &[u8] {
    value.trim_ascii()
}

/// All bytes of a field value that may stand in one.
pub(super) fn is_value(value: &[u8]) -> bool {
    all(value, VALUE)
}

/// All bytes of a token, and at least one.
pub(super) fn is_name(name: &[u8]) -> bool {
    !name.is_empty() && all(name, TOKEN)
}

fn all(bytes: &[u8], class: u8) -> bool {
    // No early exit: a plain fold is several times faster on the short inputs that are normal here.
    bytes
        .iter()
        .fold(class, |sound, &byte| sound & CLASSES[usize::from(byte)])
        != 0
}

const fn classes() -> [u8; 256] {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let b = byte as u8;
        if b.is_ascii_alphanumeric() || in_set(b, b"!#$%&'*+-.^_`|~") {
            table[byte] |= TOKEN;
        }
        if b > 0x20 && b < 0x7f && b != b'#' {
            table[byte] |= TARGET;
        }
        if b == b'\t' || b >= 0x20 && b != 0x7f {
            table[byte] |= VALUE;
        }
        byte += 1;
    }
    table
}

const fn in_set(byte: u8, set: &[u8]) -> bool {
    let mut index = 0;
    while index < set.len() {
        if set[index] == byte {
            return true;
        }
        index += 1;
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(head: &str) -> Result<HeadFacts, Refusal> {
        check_head(head.as_bytes())
    }

    fn with(fields: &str) -> Result<HeadFacts, Refusal> {
        check(&format!("POST / HTTP/1.1\r\nHost: a\r\n{fields}\r\n\r\n"))
    }

    #[test]
    fn input_78_ambiguous_lengths_are_refused() {
        for fields in [
            "Content-Length: 4\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked\r\nContent-Length: 4",
            "Transfer-Encoding : chunked",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
            "Content-Length: +4",
            "Content-Length: 4, 4",
            "Content-Length: 4\r\nContent-Length: 4",
            "Content-Length: -1",
            "Content-Length: 18446744073709551616",
            "Content-Length: 0x4",
            "Content-Length:",
        ] {
            assert_eq!(with(fields), Err(Refusal::BadRequest), "{fields:?}");
        }
        for coding in ["xchunked", "gzip, chunked", "chunked, gzip", "identity", ""] {
            let fields = format!("Transfer-Encoding: {coding}");
            assert_eq!(with(&fields), Err(Refusal::NotImplemented), "{coding:?}");
        }
        let old = "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
        assert_eq!(check(old), Err(Refusal::BadRequest));
    }

    #[test]
    fn sound_bodies_are_understood() {
        assert_eq!(with("Content-Length: 42 ").unwrap().body, BodyLength::Fixed(42));
        assert_eq!(with("content-length:0").unwrap().body, BodyLength::None);
        assert_eq!(
            with("TRANSFER-ENCODING: \tChunked").unwrap().body,
            BodyLength::Chunked
        );
        assert!(with("Upgrade: websocket").unwrap().may_become_tunnel);
        assert!(
            !with("Upgrade: websocket\r\nContent-Length: 1")
                .unwrap()
                .may_become_tunnel
        );
    }

    #[test]
    fn input_80_fields_that_two_readers_could_read_differently_are_refused() {
        for fields in [
            " folded: x",
            "X: a\r\n b",
            "X : a",
            ": a",
            "X",
            "X: a\0b",
            "X: a\rb",
            "X\0: a",
            "Ä: a",
        ] {
            assert_eq!(with(fields), Err(Refusal::BadRequest), "{fields:?}");
        }
        assert_eq!(check("GET / HTTP/1.1\r\n\r\n"), Err(Refusal::BadHost));
        assert_eq!(with("Host: a"), Err(Refusal::BadHost));
        let many = (0..100)
            .map(|n| format!("X-{n}: a"))
            .collect::<Vec<_>>()
            .join("\r\n");
        assert_eq!(with(&many), Err(Refusal::HeadTooLarge));
    }

    #[test]
    fn input_81_request_lines_that_are_none_are_refused() {
        let cases = [
            ("GET /", Refusal::BadRequest),
            ("GET  / HTTP/1.1", Refusal::BadRequest),
            ("GET / HTTP/1.1 ", Refusal::BadRequest),
            ("GET /a b HTTP/1.1", Refusal::BadRequest),
            ("GET /\u{7f} HTTP/1.1", Refusal::BadRequest),
            ("GET /#x HTTP/1.1", Refusal::BadRequest),
            ("GET a HTTP/1.1", Refusal::BadRequest),
            ("GET * HTTP/1.1", Refusal::BadRequest),
            ("G(T / HTTP/1.1", Refusal::BadRequest),
            ("PRI * HTTP/2.0", Refusal::VersionNotSupported),
            ("GET / HTTP/3.0", Refusal::VersionNotSupported),
            ("GET / http/1.1", Refusal::BadRequest),
            ("CONNECT a:80 HTTP/1.1", Refusal::MethodNotAllowed),
            ("OPTIONS * HTTP/1.1", Refusal::MethodNotAllowed),
        ];
        for (line, expected) in cases {
            assert_eq!(
                check(&format!("{line}\r\nHost: a\r\n\r\n")),
                Err(expected),
                "{line}"
            );
        }
        let long = format!("{} / HTTP/1.1\r\nHost: a\r\n\r\n", "A".repeat(10_000));
        assert_eq!(check(&long), Err(Refusal::BadRequest));
        assert!(
            check("PURGE /a?b HTTP/1.0\r\nHost: a\r\n\r\n").is_ok(),
            "unknown methods pass"
        );
    }
}
