//! Follows a chunked body byte by byte (RFC 9112 section 7.1) and refuses everything two readers could read
//! differently: bare LF, other forms of the size, endless extensions, trailers that frame or route.

use crate::framing::head::{is_name, is_value};
use crate::respond::Refusal;

/// Most digits of a chunk size: below 2^60 bytes, so that nothing can overflow.
const SIZE_DIGITS_MAX: usize = 15;
/// Extensions of all chunks of a body together; they cost time and carry nothing.
const EXTENSIONS_MAX: usize = 4 * 1024;
/// Longest trailer section.
const TRAILERS_MAX: usize = 8 * 1024;
/// Fields that may not stand in a trailer (RFC 9110 section 6.5.1).
const FORBIDDEN_TRAILERS: [&[u8]; 8] = [
    b"authorization",
    b"connection",
    b"content-encoding",
    b"content-length",
    b"content-type",
    b"host",
    b"te",
    b"transfer-encoding",
];

/// Where in a chunked body the stream stands.
#[derive(Debug)]
pub(super) struct Chunked {
    state: State,
    /// Size of the chunk whose line is being read, then what is left of its data.
    left: u64,
    digits: usize,
    extensions: usize,
    trailers: usize,
    line: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Size,
    Extension,
    SizeLf,
    Data,
    DataCr,
    DataLf,
    Trailer,
    TrailerLf,
    End,
}

impl Chunked {
    pub(super) fn new() -> Self {
        Self {
            state: State::Size,
            left: 0,
            digits: 0,
            extensions: 0,
            trailers: 0,
            line: Vec::new(),
        }
    }

    /// How many bytes of `input` belong to the body, and whether it ended with them.
    pub(super) fn accept(&mut self, input: &[u8]) -> Result<(usize, bool), Refusal> {
        let mut at = 0;
        while at < input.len() {
            if self.state == State::Data {
                let count = usize::try_from(self.left)
                    .unwrap_or(usize::MAX)
                    .min(input.len() - at);
                self.left -= count as u64;
                at += count;
                if self.left == 0 {
                    self.state = State::DataCr;
                }
                continue;
            }
            self.state = self.after(input[at])?;
            at += 1;
            if self.state == State::End {
                return Ok((at, true));
            }
        }
        Ok((at, false))
    }

    fn after(&mut self, byte: u8) -> Result<State, Refusal> {
        match (self.state, byte) {
            (State::Size, _) if byte.is_ascii_hexdigit() && self.digits < SIZE_DIGITS_MAX => {
                self.left = self.left << 4 | hex_value(byte);
                self.digits += 1;
                Ok(State::Size)
            }
            (State::Size, b'\r') if self.digits > 0 => Ok(State::SizeLf),
            (State::Size, b';') if self.digits > 0 => Ok(State::Extension),
            (State::Extension, b'\r') => Ok(State::SizeLf),
            (State::Extension, _) if is_value(&[byte]) && self.extensions < EXTENSIONS_MAX => {
                self.extensions += 1;
                Ok(State::Extension)
            }
            (State::SizeLf, b'\n') => {
                self.digits = 0;
                Ok(if self.left == 0 {
                    State::Trailer
                } else {
                    State::Data
                })
            }
            (State::DataCr, b'\r') => Ok(State::DataLf),
            (State::DataLf, b'\n') => Ok(State::Size),
            (State::Trailer, b'\r') => Ok(State::TrailerLf),
            (State::Trailer, _) if byte != b'\n' && self.trailers < TRAILERS_MAX => {
                self.trailers += 1;
                self.line.push(byte);
                Ok(State::Trailer)
            }
            (State::TrailerLf, b'\n') => self.trailer_line(),
            _ => Err(Refusal::BadRequest),
        }
    }

    fn trailer_line(&mut self) -> Result<State, Refusal> {
        if self.line.is_empty() {
            return Ok(State::End);
        }
        let colon = memchr::memchr(b':', &self.line).ok_or(Refusal::BadRequest)?;
        let (name, value) = (&self.line[..colon], &self.line[colon + 1..]);
        let is_forbidden = FORBIDDEN_TRAILERS
            .iter()
            .any(|forbidden| name.eq_ignore_ascii_case(forbidden));
        if !is_name(name) || !is_value(value) || is_forbidden {
            return Err(Refusal::BadRequest);
        }
        self.line.clear();
        Ok(State::Trailer)
    }
}

fn hex_value(byte: u8) -> u64 {
    u64::from(match byte {
        b'0'..=b'9' => byte - b'0',
        _ => (byte | 0x20) - b'a' + 10,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(body: &str) -> Result<(usize, bool), Refusal> {
        Chunked::new().accept(body.as_bytes())
    }

    #[test]
    fn a_sound_body_ends_where_it_ends() {
        let body = "5;a=\"b\"\r\nhello\r\nA\r\n0123456789\r\n000\r\nX-Sum: 1\r\n\r\n";
        assert_eq!(run(&format!("{body}GET /")), Ok((body.len(), true)));
    }

    #[test]
    fn input_79_other_forms_of_a_chunk_are_refused() {
        for body in [
            "0x1\r\na\r\n0\r\n\r\n",
            "-1\r\n",
            "+1\r\n",
            " 1\r\n",
            "\r\n",
            ";a\r\n",
            "00000000000000001\r\n",
            "fffffffffffffffff\r\n",
            "1\na\r\n",
            "1\r\na\n0\r\n\r\n",
            "1\r\nab\r\n",
            "1;a\nb\r\na\r\n",
            "0\r\nContent-Length: 3\r\n\r\n",
            "0\r\nHost : a\r\n\r\n",
            "0\r\nX\r\n\r\n",
            "0\r\nX: a\n\r\n",
        ] {
            assert_eq!(run(body), Err(Refusal::BadRequest), "{body:?}");
        }
        let extension = format!("1;{}\r\n", "a".repeat(1_000_000));
        assert_eq!(run(&extension), Err(Refusal::BadRequest));
        let trailer = format!("0\r\nX: {}\r\n", "a".repeat(10_000));
        assert_eq!(run(&trailer), Err(Refusal::BadRequest));
    }

    #[test]
    fn input_79_a_body_without_its_last_chunk_does_not_end() {
        assert_eq!(run("1\r\na\r\n"), Ok((6, false)));
    }
}
