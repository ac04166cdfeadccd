//! Strict HTTP/1 framing in front of hyper.
//!
//! hyper is lenient where a front server must not be (threats.md A14): bare LF, several Hosts, `Content-Length` beside
//! `Transfer-Encoding`. [`Framing`] sees every byte a client sends before hyper does. It follows heads and bodies, hands
//! a head on only when it is complete and sound, and stops at the first fault; hyper never reads the bytes behind it.
//! Pure: no I/O, so the whole corpus of bad requests runs as a table.

mod chunked;
mod h2;
mod head;

use memchr::memchr_iter;

use crate::framing::chunked::Chunked;
pub(crate) use crate::framing::h2::{FrameFault, FrameWatch};
pub(crate) use crate::framing::head::{BodyLength, check_head};
use crate::limits::{HEAD_MAX, TARGET_MAX};
use crate::respond::Refusal;

/// Empty lines tolerated before a request line (RFC 9112 section 2.2).
const LEADING_LINES_MAX: usize = 4;

/// Where a client's byte stream stands.
#[derive(Debug)]
pub(crate) struct Framing {
    state: State,
    /// A head that is not complete, or what came behind a request that may become a tunnel.
    held: Vec<u8>,
    /// Where in `held` the search for the end of the head goes on.
    scan: Scan,
}

#[derive(Debug)]
enum State {
    Head,
    Fixed(u64),
    Chunked(Chunked),
    /// A tunnel was asked for: nothing is read until the answer decides.
    Paused,
}

/// How far the lines of a head were looked at.
#[derive(Debug, Default, Clone, Copy)]
struct Scan {
    at: usize,
    line: usize,
    /// Empty lines before the request line.
    leading: usize,
    lines: usize,
}

impl Framing {
    pub(crate) fn new() -> Self {
        Self {
            state: State::Head,
            held: Vec::new(),
            scan: Scan::default(),
        }
    }

    /// Part of a head has arrived and the rest is awaited.
    pub(crate) fn is_mid_head(&self) -> bool {
        matches!(self.state, State::Head) && !self.held.is_empty()
    }

    /// Between requests, or within a head.
    pub(crate) fn is_at_head(&self) -> bool {
        matches!(self.state, State::Head)
    }

    pub(crate) fn is_paused(&self) -> bool {
        matches!(self.state, State::Paused)
    }

    /// Takes what the client sent and gives to `pass` what may be handed on.
    ///
    /// # Errors
    /// The refusal at the first fault; bytes before it were passed.
    pub(crate) fn accept(&mut self, mut input: &[u8], mut pass: impl FnMut(&[u8])) -> Result<(), Refusal> {
        while !input.is_empty() {
            let used = match &mut self.state {
                State::Head => self.head(input, &mut pass)?,
                State::Fixed(left) => {
                    let count = usize::try_from(*left).unwrap_or(usize::MAX).min(input.len());
                    *left -= count as u64;
                    if *left == 0 {
                        self.state = State::Head;
                    }
                    pass(&input[..count]);
                    count
                }
                State::Chunked(chunked) => {
                    let (count, ended) = chunked.accept(input)?;
                    if ended {
                        self.state = State::Head;
                    }
                    pass(&input[..count]);
                    count
                }
                State::Paused => {
                    if self.held.len() + input.len() > HEAD_MAX {
                        return Err(Refusal::BadRequest);
                    }
                    self.held.extend_from_slice(input);
                    input.len()
                }
            };
            input = &input[used..];
        }
        Ok(())
    }

    /// No tunnel: the stream goes on with the next request.
    pub(crate) fn resume(&mut self, pass: impl FnMut(&[u8])) -> Result<(), Refusal> {
        let held = std::mem::take(&mut self.held);
        self.state = State::Head;
        self.accept(&held, pass)
    }

    /// A tunnel: what came early belongs to it.
    pub(crate) fn take_early_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.held)
    }

    /// Takes the bytes up to the end of the head, or all of them.
    fn head(&mut self, input: &[u8], pass: &mut impl FnMut(&[u8])) -> Result<usize, Refusal> {
        if self.held.is_empty() {
            // The usual case: the whole head in one read, looked at in place.
            self.scan = Scan::default();
            return match self.scan.end_of_head(input)? {
                Some(end) => {
                    self.complete(&input[..end], pass)?;
                    Ok(end)
                }
                None => {
                    self.held.extend_from_slice(input);
                    self.check_partial().map(|()| input.len())
                }
            };
        }
        let before = self.held.len();
        self.held.extend_from_slice(input);
        match self.scan.end_of_head(&self.held)? {
            Some(end) => {
                let mut head = std::mem::take(&mut self.held);
                head.truncate(end);
                self.complete(&head, pass)?;
                Ok(end - before)
            }
            None => self.check_partial().map(|()| input.len()),
        }
    }

    fn complete(&mut self, head: &[u8], pass: &mut impl FnMut(&[u8])) -> Result<(), Refusal> {
        if head.len() > HEAD_MAX {
            return Err(self.scan.too_large(head.len()));
        }
        let facts = check_head(&head[2 * self.scan.leading..])?;
        self.state = match facts.body {
            _ if facts.may_become_tunnel => State::Paused,
            BodyLength::None => State::Head,
            BodyLength::Fixed(length) => State::Fixed(length),
            BodyLength::Chunked => State::Chunked(Chunked::new()),
        };
        pass(head);
        Ok(())
    }

    fn check_partial(&self) -> Result<(), Refusal> {
        if self.held.len() > HEAD_MAX {
            return Err(self.scan.too_large(self.held.len()));
        }
        // Something that is not HTTP (a TLS hello, for one) is told at once, not after the timer.
        match self.held.get(2 * self.scan.leading) {
            Some(&first) if first != b'\r' && !head::is_token(first) => Err(Refusal::BadRequest),
            _ => Ok(()),
        }
    }
}

impl Scan {
    /// Looks at the lines of `bytes` that were not seen yet.
    fn end_of_head(&mut self, bytes: &[u8]) -> Result<Option<usize>, Refusal> {
        for offset in memchr_iter(b'\n', &bytes[self.at..]) {
            let lf = self.at + offset;
            // A bare LF as a line end is how requests are smuggled past a front server (RFC 9112 section 2.2).
            if lf == 0 || bytes[lf - 1] != b'\r' {
                return Err(Refusal::BadRequest);
            }
            let is_empty = lf - 1 == self.line;
            self.line = lf + 1;
            if is_empty && self.lines > 0 {
                return Ok(Some(lf + 1));
            }
            if is_empty {
                self.leading += 1;
                if self.leading > LEADING_LINES_MAX {
                    return Err(Refusal::BadRequest);
                }
            } else {
                self.lines += 1;
            }
        }
        self.at = bytes.len();
        Ok(None)
    }

    fn too_large(&self, length: usize) -> Refusal {
        if self.lines == 0 && length > TARGET_MAX {
            Refusal::TargetTooLong
        } else {
            Refusal::HeadTooLarge
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn run(pieces: &[&[u8]]) -> (Result<(), Refusal>, Vec<u8>) {
        let mut framing = Framing::new();
        let mut passed = Vec::new();
        let outcome = pieces
            .iter()
            .try_for_each(|piece| framing.accept(piece, |bytes| passed.extend_from_slice(bytes)));
        (outcome, passed)
    }

    const STREAM: &[u8] = b"\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nPOST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n\
        hello\r\nPUT / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3;ext=1\r\nabc\r\n0\r\nX: y\r\n\r\n\
        GET /last HTTP/1.1\r\nHost: a\r\n\r\n";

    #[test]
    fn a_sound_stream_passes_however_it_is_cut() {
        assert_eq!(run(&[STREAM]), (Ok(()), STREAM.to_vec()));
        let single: Vec<&[u8]> = STREAM.chunks(1).collect();
        assert_eq!(run(&single), (Ok(()), STREAM.to_vec()));
    }

    #[test]
    fn an_incomplete_head_is_held_back() {
        let (outcome, passed) = run(&[b"GET / HTTP/1.1\r\nHost: a\r\n"]);
        assert_eq!((outcome, passed.len()), (Ok(()), 0));
    }

    #[test]
    fn a_request_behind_a_bad_one_is_never_passed() {
        let (outcome, passed) = run(&[
            b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\nGET /2 HTTP/1.1\nHost: a\r\n\r\nGET /3 HTTP/1.1\r\nHost: a\r\n\r\n",
        ]);
        assert_eq!(outcome, Err(Refusal::BadRequest));
        assert_eq!(passed, b"GET /1 HTTP/1.1\r\nHost: a\r\n\r\n");
    }

    #[test]
    fn input_81_what_is_not_http_is_refused_at_once() {
        for bytes in [
            &b"\x16\x03\x01\x02\x00"[..],
            b"\x00",
            b"\n",
            b"\r\n\r\n\r\n\r\n\r\n\r\n",
        ] {
            assert_eq!(run(&[bytes]).0, Err(Refusal::BadRequest), "{bytes:?}");
        }
    }

    #[test]
    fn input_80_long_targets_and_heads_are_refused_while_they_arrive() {
        let target = [b"GET /".as_slice(), &[b'a'; 70_000]].concat();
        let pieces: Vec<&[u8]> = target.chunks(1000).collect();
        assert_eq!(run(&pieces).0, Err(Refusal::TargetTooLong));
        let head = [b"GET / HTTP/1.1\r\nHost: a\r\nX: ".as_slice(), &[b'a'; 70_000]].concat();
        assert_eq!(run(&[&head]).0, Err(Refusal::HeadTooLarge));
    }

    #[test]
    fn bytes_behind_a_request_for_a_tunnel_wait_for_the_answer() {
        let mut framing = Framing::new();
        let mut passed = Vec::new();
        let upgrade = b"GET /ws HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n";
        framing
            .accept(upgrade, |bytes| passed.extend_from_slice(bytes))
            .unwrap();
        framing
            .accept(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n", |_| panic!("passed early"))
            .unwrap();
        assert!(framing.is_paused());
        passed.clear();
        framing.resume(|bytes| passed.extend_from_slice(bytes)).unwrap();
        assert_eq!(passed, b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    }

    proptest! {
        #[test]
        fn how_a_stream_is_cut_never_matters(
            noise in prop::collection::vec((0..STREAM.len(), any::<u8>()), 0..3),
            cuts in prop::collection::vec(1..40_usize, 1..20),
        ) {
            let mut stream = STREAM.to_vec();
            for (at, byte) in noise {
                stream[at] = byte;
            }
            let whole = run(&[&stream]);
            let mut pieces: Vec<&[u8]> = Vec::new();
            let mut rest = &stream[..];
            for cut in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, tail) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece);
                rest = tail;
            }
            prop_assert_eq!(whole.0, run(&pieces).0);
        }

        #[test]
        fn any_bytes_are_taken_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000)) {
            let _ = run(&[&bytes]);
        }
    }
}
