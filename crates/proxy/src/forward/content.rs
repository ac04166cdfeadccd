//! The content of an app's answer, taken out of its framing (RFC 9112 section 6).

use bytes::{Buf, Bytes, BytesMut};
use http::header::{HeaderMap, HeaderName, HeaderValue};
use hyper::body::{Frame, SizeHint};

/// Longest line of a chunk's size with its extensions.
const SIZE_LINE_MAX: usize = 4 * 1024;
/// Longest trailer section.
const TRAILERS_MAX: usize = 8 * 1024;
/// Most fields in a trailer section.
const TRAILER_FIELDS_MAX: usize = 64;

/// What is still to come of an answer's content.
#[derive(Debug)]
pub(super) enum Content {
    /// So many bytes.
    Length(u64),
    Chunked(Box<Chunked>),
    /// All until the connection ends.
    UntilClose,
    /// Nothing more.
    Over,
}

/// Where in chunked content the stream stands.
#[derive(Debug, Default)]
pub(super) struct Chunked {
    state: State,
    /// The beginning of a line whose end has not come yet.
    line: BytesMut,
    trailers: BytesMut,
}

#[derive(Debug, Default)]
enum State {
    #[default]
    Size,
    /// So many bytes of a chunk are left.
    Data(u64),
    DataEnd,
    Trailers,
}

impl Content {
    pub(super) fn is_over(&self) -> bool {
        matches!(self, Self::Over)
    }

    /// Bytes of which it is known that they are to come.
    pub(super) fn known_left(&self) -> u64 {
        match self {
            Self::Length(left) => *left,
            Self::Chunked(chunked) => match chunked.state {
                State::Data(left) => left,
                _ => 0,
            },
            Self::UntilClose | Self::Over => 0,
        }
    }

    pub(super) fn size_hint(&self) -> SizeHint {
        match self {
            Self::Length(left) => SizeHint::with_exact(*left),
            Self::Over => SizeHint::with_exact(0),
            Self::Chunked(_) | Self::UntilClose => SizeHint::default(),
        }
    }

    /// The next piece of what was received; none if more has to come first, or if it is over.
    ///
    /// # Errors
    /// What came is not framed as announced.
    pub(super) fn next(&mut self, received: &mut Bytes) -> Result<Option<Frame<Bytes>>, &'static str> {
        let piece = match self {
            Self::Over => return Ok(None),
            Self::UntilClose => std::mem::take(received),
            Self::Length(left) => {
                let piece = take(received, left);
                if *left == 0 {
                    *self = Self::Over;
                }
                piece
            }
            Self::Chunked(chunked) => {
                let (frame, is_over) = chunked.next(received)?;
                if is_over {
                    *self = Self::Over;
                }
                return Ok(frame);
            }
        };
        Ok((!piece.is_empty()).then(|| Frame::data(piece)))
    }

    /// The app has closed its side.
    ///
    /// # Errors
    /// That was too early.
    pub(super) fn end(&mut self) -> Result<(), &'static str> {
        match self {
            Self::UntilClose | Self::Over => {
                *self = Self::Over;
                Ok(())
            }
            Self::Length(_) | Self::Chunked(_) => Err("the app closed the connection"),
        }
    }
}

impl Chunked {
    /// A frame, and whether the content is over.
    fn next(&mut self, received: &mut Bytes) -> Result<(Option<Frame<Bytes>>, bool), &'static str> {
        while !received.is_empty() {
            match &mut self.state {
                State::Data(left) => {
                    let piece = take(received, left);
                    if *left == 0 {
                        self.state = State::DataEnd;
                    }
                    return Ok((Some(Frame::data(piece)), false));
                }
                State::Size => {
                    let Some(line) = take_line(received, &mut self.line, SIZE_LINE_MAX)? else {
                        break;
                    };
                    self.state = match size_of(&line)? {
                        0 => State::Trailers,
                        size => State::Data(size),
                    };
                }
                State::DataEnd => {
                    let Some(line) = take_line(received, &mut self.line, 2)? else {
                        break;
                    };
                    if line != b"\r\n"[..] {
                        return Err("a chunk is longer than announced");
                    }
                    self.state = State::Size;
                }
                State::Trailers => {
                    let room = TRAILERS_MAX - self.trailers.len();
                    let Some(line) = take_line(received, &mut self.line, room)? else {
                        break;
                    };
                    self.trailers.extend_from_slice(&line);
                    if line == b"\r\n"[..] {
                        let fields = trailers_of(&self.trailers)?;
                        return Ok(((!fields.is_empty()).then(|| Frame::trailers(fields)), true));
                    }
                }
            }
        }
        Ok((None, false))
    }
}

/// As much of what was received as is left.
fn take(received: &mut Bytes, left: &mut u64) -> Bytes {
    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(received.len());
    *left -= count as u64;
    if count == received.len() {
        std::mem::take(received)
    } else {
        received.split_to(count)
    }
}

/// A line with its end, if that has come.
fn take_line(received: &mut Bytes, begun: &mut BytesMut, max: usize) -> Result<Option<Bytes>, &'static str> {
    let end = memchr::memchr(b'\n', received);
    let count = end.map_or(received.len(), |at| at + 1);
    if begun.len() + count > max {
        return Err("a line between chunks is too long");
    }
    if end.is_some() && begun.is_empty() {
        return Ok(Some(received.split_to(count)));
    }
    begun.extend_from_slice(&received[..count]);
    received.advance(count);
    Ok(end.map(|_| begun.split().freeze()))
}

fn size_of(line: &[u8]) -> Result<u64, &'static str> {
    match httparse::parse_chunk_size(line) {
        Ok(httparse::Status::Complete((length, size))) if length == line.len() => Ok(size),
        _ => Err("the size of a chunk is not one"),
    }
}

fn trailers_of(section: &[u8]) -> Result<HeaderMap, &'static str> {
    const FAULT: &str = "the trailer section is no list of fields";
    let mut fields = [httparse::EMPTY_HEADER; TRAILER_FIELDS_MAX];
    let Ok(httparse::Status::Complete((_, fields))) = httparse::parse_headers(section, &mut fields) else {
        return Err(FAULT);
    };
    let mut trailers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes()).map_err(|_| FAULT)?;
        let value = HeaderValue::from_bytes(field.value).map_err(|_| FAULT)?;
        trailers.append(name, value);
    }
    Ok(trailers)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Data, trailers, and what is left of the input.
    type Decoded = (Vec<u8>, Option<HeaderMap>, Vec<u8>);

    /// Everything that comes out when the input comes in pieces of `step` bytes.
    fn decoded(mut content: Content, input: &[u8], step: usize) -> Result<Decoded, &'static str> {
        let (mut data, mut trailers, mut left) = (Vec::new(), None, Vec::new());
        for piece in input.chunks(step) {
            let mut received = Bytes::copy_from_slice(piece);
            while !received.is_empty() && !content.is_over() {
                match content.next(&mut received)?.map(Frame::into_data) {
                    Some(Ok(bytes)) => data.extend_from_slice(&bytes),
                    Some(Err(frame)) => trailers = frame.into_trailers().ok(),
                    None => {}
                }
            }
            left.extend_from_slice(&received);
        }
        content.end()?;
        Ok((data, trailers, left))
    }

    fn chunked() -> Content {
        Content::Chunked(Box::default())
    }

    #[test]
    fn chunks_come_out_whole_however_they_are_cut() {
        let input = b"3;name=value\r\nabc\r\n0A\r\n0123456789\r\n0\r\nx-sum: 1\r\nx-sum: 2\r\n\r\nrest";
        for step in 1..=input.len() {
            let (data, trailers, left) = decoded(chunked(), input, step).unwrap();
            assert_eq!(
                (&data[..], &left[..]),
                (&b"abc0123456789"[..], &b"rest"[..]),
                "{step}"
            );
            let trailers = trailers.unwrap();
            assert_eq!(trailers.get_all("x-sum").iter().collect::<Vec<_>>(), ["1", "2"]);
        }
    }

    #[test]
    fn a_length_takes_no_byte_more() {
        for step in 1..10 {
            let (data, _, left) = decoded(Content::Length(5), b"01234567", step).unwrap();
            assert_eq!((&data[..], &left[..]), (&b"01234"[..], &b"567"[..]));
        }
    }

    #[test]
    fn only_content_without_a_length_may_end_with_the_connection() {
        assert!(decoded(Content::Length(5), b"0123", 4).is_err());
        assert!(decoded(chunked(), b"3\r\nabc\r\n", 8).is_err());
        assert!(decoded(chunked(), b"0\r\n", 8).is_err());
        let (data, ..) = decoded(Content::UntilClose, b"0123", 3).unwrap();
        assert_eq!(data, b"0123");
    }

    #[test]
    fn input_86_faulty_chunks_are_told() {
        let long_line = format!("1;{}\r\na\r\n0\r\n\r\n", "x".repeat(SIZE_LINE_MAX));
        let long_trailers = format!("0\r\n{}\r\n", "x: y\r\n".repeat(TRAILERS_MAX / 6 + 1));
        for input in [
            "x\r\n",
            "\r\n",
            "-1\r\na",
            "1\na\r\n0\r\n\r\n",
            "1\r\nab\r\n0\r\n\r\n",
            "1\r\na0\r\n\r\n",
            "11111111111111111\r\n",
            "0\r\nno field\r\n\r\n",
            "0\r\nx: \0\r\n\r\n",
            &long_line,
            &long_trailers,
        ] {
            for step in [1, 7, input.len()] {
                assert!(decoded(chunked(), input.as_bytes(), step).is_err(), "{input:?}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_was_chunked_is_found_again(
            chunks in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..40), 0..8),
            step in 1..50_usize,
        ) {
            let mut input = Vec::new();
            for chunk in &chunks {
                input.extend_from_slice(format!("{:X}\r\n", chunk.len()).as_bytes());
                input.extend_from_slice(chunk);
                input.extend_from_slice(b"\r\n");
            }
            input.extend_from_slice(b"0\r\n\r\n");
            let (data, trailers, left) = decoded(chunked(), &input, step).unwrap();
            prop_assert_eq!(data, chunks.concat());
            prop_assert!(trailers.is_none() && left.is_empty());
        }

        #[test]
        fn no_bytes_make_the_reader_fall(input in prop::collection::vec(any::<u8>(), 0..400), step in 1..50_usize) {
            let _ = decoded(chunked(), &input, step);
        }
    }
}
