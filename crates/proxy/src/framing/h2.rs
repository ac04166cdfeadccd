//! Counts what an HTTP/2 client makes us do without asking for anything.
//!
//! h2 checks the framing and bounds what it keeps, but answers every PING and SETTINGS for as long as they come
//! (threats.md input 89; CVE-2019-9512, -9515, -9518, CVE-2023-44487). [`FrameWatch`] sees the same bytes and keeps an
//! account: frames that carry no request cost credit; requests, data both ways and time earn it. A client without
//! credit is a flood. The rates are far above what browsers, gRPC and Go's client do.

/// Length of a frame's head (RFC 9113 section 4.1).
const HEAD: usize = 9;
/// Length of what a client says first (section 3.4).
const PREFACE: usize = 24;
/// Credit at the start, and the most that can be saved up.
const CREDIT_MAX: i64 = 1_024;
/// Credit earned a second.
const PER_SECOND: i64 = 100;
/// Bytes sent that earn one credit: a client that takes 4 KiB may answer with two WINDOW_UPDATE frames.
const SENT_PER_CREDIT: u64 = 1_024;

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const ACK: u8 = 1;

/// The account of one connection.
#[derive(Debug)]
pub(crate) struct FrameWatch {
    head: [u8; HEAD],
    /// Bytes of the head that are there.
    have: usize,
    /// Bytes to pass over: the preface, or the rest of a payload.
    skip: usize,
    credit: i64,
    refilled_ms: u64,
    sent: u64,
}

/// Why a connection ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FrameFault {
    /// More was made of us than was asked for.
    Flood,
    /// A frame of a kind whose size is fixed has another. h2 sees it too, but calls it by a less exact name.
    Size,
}

impl FrameFault {
    /// The frame that tells the client (RFC 9113 section 6.8): all streams, and the error code of section 7.
    pub(crate) const fn go_away(self) -> [u8; 17] {
        let code = match self {
            Self::Flood => 11,
            Self::Size => 6,
        };
        [0, 0, 8, 7, 0, 0, 0, 0, 0, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, code]
    }
}

impl FrameWatch {
    pub(crate) fn new(now_ms: u64) -> Self {
        Self {
            head: [0; HEAD],
            have: 0,
            skip: PREFACE,
            credit: CREDIT_MAX,
            refilled_ms: now_ms,
            sent: 0,
        }
    }

    /// Takes what the client sent; `sent` is how much it was sent in all.
    ///
    /// # Errors
    /// [`FrameFault`] when the credit is used up, or a frame cannot be one.
    pub(crate) fn accept(&mut self, mut bytes: &[u8], now_ms: u64, sent: u64) -> Result<(), FrameFault> {
        self.earn(now_ms, sent);
        while !bytes.is_empty() {
            if self.skip > 0 {
                let count = self.skip.min(bytes.len());
                self.skip -= count;
                bytes = &bytes[count..];
                continue;
            }
            let count = (HEAD - self.have).min(bytes.len());
            self.head[self.have..self.have + count].copy_from_slice(&bytes[..count]);
            self.have += count;
            bytes = &bytes[count..];
            if self.have == HEAD {
                self.have = 0;
                let [a, b, c, kind, flags, ..] = self.head;
                let length = usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c);
                if !has_possible_size(kind, flags, length) {
                    return Err(FrameFault::Size);
                }
                self.skip = length;
                self.credit = (self.credit - cost(kind, length)).min(CREDIT_MAX);
                if self.credit < 0 {
                    return Err(FrameFault::Flood);
                }
            }
        }
        Ok(())
    }

    fn earn(&mut self, now_ms: u64, sent: u64) {
        let elapsed_ms = now_ms.saturating_sub(self.refilled_ms).min(60_000);
        let by_time = elapsed_ms as i64 * PER_SECOND / 1_000;
        if by_time > 0 {
            self.refilled_ms = now_ms;
        }
        let by_bytes = sent.saturating_sub(self.sent) / SENT_PER_CREDIT;
        self.sent += by_bytes * SENT_PER_CREDIT;
        let earned = by_time.saturating_add(i64::try_from(by_bytes).unwrap_or(i64::MAX));
        self.credit = self.credit.saturating_add(earned).min(CREDIT_MAX);
    }
}

fn has_possible_size(kind: u8, flags: u8, length: usize) -> bool {
    match kind {
        PRIORITY => length == 5,
        RST_STREAM | WINDOW_UPDATE => length == 4,
        SETTINGS if flags & ACK != 0 => length == 0,
        SETTINGS => length.is_multiple_of(6),
        PING => length == 8,
        GOAWAY => length >= 8,
        _ => true,
    }
}

/// What a frame costs; a negative cost is earned.
fn cost(kind: u8, length: usize) -> i64 {
    match kind {
        DATA if length == 0 => 2,
        DATA => -((length / 256) as i64),
        HEADERS => -2,
        RST_STREAM | SETTINGS => 4,
        PING => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn frame(kind: u8, length: usize) -> Vec<u8> {
        let mut bytes = vec![0, (length >> 8) as u8, length as u8, kind, 0, 0, 0, 0, 1];
        bytes.resize(HEAD + length, 0);
        bytes
    }

    fn watch() -> FrameWatch {
        let mut watch = FrameWatch::new(0);
        watch.accept(&[b'P'; PREFACE], 0, 0).unwrap();
        watch
    }

    /// How many of these frames pass at once.
    fn taken(frames: &[u8]) -> usize {
        let mut watch = watch();
        (0..100_000)
            .take_while(|_| watch.accept(frames, 0, 0).is_ok())
            .count()
    }

    #[test]
    fn input_89_frames_that_ask_for_nothing_are_counted() {
        assert_eq!(taken(&frame(PING, 8)), 512);
        assert_eq!(taken(&frame(SETTINGS, 0)), 256);
        assert_eq!(taken(&frame(DATA, 0)), 512);
        assert_eq!(taken(&[frame(HEADERS, 20), frame(RST_STREAM, 4)].concat()), 511);
        assert_eq!(taken(&frame(0xfe, 3)), 1_024);
        assert_eq!(taken(&frame(HEADERS, 20)), 100_000, "requests are not a flood");
    }

    #[test]
    fn a_frame_of_an_impossible_size_is_told_as_such() {
        for (kind, length) in [
            (PRIORITY, 4),
            (RST_STREAM, 3),
            (SETTINGS, 5),
            (PING, 9),
            (GOAWAY, 7),
            (WINDOW_UPDATE, 0),
        ] {
            assert_eq!(
                watch().accept(&frame(kind, length), 0, 0),
                Err(FrameFault::Size),
                "{kind}"
            );
        }
        assert_eq!(FrameFault::Size.go_away()[16], 6);
    }

    #[test]
    fn time_and_traffic_earn_credit() {
        let mut watch = watch();
        for second in 0..1_000 {
            for _ in 0..49 {
                watch.accept(&frame(PING, 8), second * 1_000, 0).unwrap();
            }
        }
        // A download acknowledged as often as Go's client does it, 400 MB at once.
        for piece in 0..100_000 {
            let acknowledged = frame(WINDOW_UPDATE, 4).repeat(2);
            watch.accept(&acknowledged, 1_000_000, piece * 4_096).unwrap();
        }
        for _ in 0..10_000 {
            watch
                .accept(&frame(DATA, 16_384), 1_000_000, 409_600_000)
                .unwrap();
            watch
                .accept(&frame(WINDOW_UPDATE, 4), 1_000_000, 409_600_000)
                .unwrap();
        }
    }

    proptest! {
        #[test]
        fn how_the_bytes_are_cut_does_not_matter(cuts in prop::collection::vec(1..30_usize, 1..20)) {
            let stream = [frame(HEADERS, 20), frame(PING, 8), frame(DATA, 300), frame(SETTINGS, 6)].concat().repeat(20);
            let (mut whole, mut cut) = (watch(), watch());
            prop_assert_eq!(whole.accept(&stream, 0, 0), Ok(()));
            let mut rest = &stream[..];
            for length in cuts.into_iter().cycle() {
                if rest.is_empty() {
                    break;
                }
                let (piece, tail) = rest.split_at(length.min(rest.len()));
                prop_assert_eq!(cut.accept(piece, 0, 0), Ok(()));
                rest = tail;
            }
            prop_assert_eq!(whole.credit, cut.credit);
        }

        #[test]
        fn any_bytes_are_taken_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2000), now: u64, sent: u64) {
            let _ = FrameWatch::new(0).accept(&bytes, now, sent);
        }
    }
}
