//! Output of a command, cut into lines with bounded memory.
//!
//! A command may print anything: no line end for 100 MB, NUL, invalid UTF-8, a progress bar that overwrites itself a
//! thousand times. Each becomes a line of text that can be stored and shown.

use aether_models::LogStream;
use tokio::io::{AsyncRead, AsyncReadExt};

use crate::runtime::OutputSink;

/// The longest line that is kept.
pub(crate) const LINE_MAX: usize = 64 * 1024;
const CUT_NOTE: &str = " … [line cut at 64 KiB]";
const CHUNK: usize = 64 * 1024;

/// Sends each line of `pipe` to `sink` until the pipe ends. A full sink slows the command down; a sink that was closed
/// has had enough, and the rest is read and thrown away so that the command is not stopped by it.
pub(crate) async fn forward(mut pipe: impl AsyncRead + Unpin, stream: LogStream, sink: OutputSink) {
    let mut chunk = vec![0; CHUNK];
    let mut splitter = LineSplitter::default();
    let mut lines = Vec::new();
    let mut wanted = true;
    loop {
        // An error is the end as well: nothing more will come.
        let length = pipe.read(&mut chunk).await.unwrap_or(0);
        if wanted && length > 0 {
            splitter.push(&chunk[..length], &mut lines);
        } else if length == 0 {
            splitter.finish(&mut lines);
        }
        for line in lines.drain(..) {
            wanted = wanted && sink.send((stream, line)).await.is_ok();
        }
        if length == 0 {
            return;
        }
    }
}

/// Collects bytes until a line is whole.
#[derive(Debug, Default)]
pub(crate) struct LineSplitter {
    line: Vec<u8>,
    cut: bool,
    /// A carriage return was met; what follows overwrites the line, unless it is the line's end.
    returned: bool,
}

impl LineSplitter {
    /// Takes the next bytes and adds the lines that they complete to `lines`.
    pub(crate) fn push(&mut self, bytes: &[u8], lines: &mut Vec<String>) {
        let mut rest = bytes;
        while let Some(end) = memchr::memchr2(b'\n', b'\r', rest) {
            self.extend(&rest[..end]);
            if rest[end] == b'\n' {
                lines.push(self.take());
            } else {
                self.returned = true;
            }
            rest = &rest[end + 1..];
        }
        self.extend(rest);
    }

    /// Adds what is left without a line end.
    pub(crate) fn finish(&mut self, lines: &mut Vec<String>) {
        if !self.line.is_empty() {
            lines.push(self.take());
        }
    }

    fn extend(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        if self.returned {
            self.line.clear();
            self.cut = false;
            self.returned = false;
        }
        let room = LINE_MAX - self.line.len();
        self.cut |= bytes.len() > room;
        self.line.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn take(&mut self) -> String {
        let mut text = String::from_utf8_lossy(&self.line).into_owned();
        if text.contains('\0') {
            // Postgres cannot store it.
            text = text.replace('\0', "\u{FFFD}");
        }
        if self.cut {
            // A character cut in two looks like invalid bytes at the end.
            text.truncate(text.trim_end_matches('\u{FFFD}').len());
            text.push_str(CUT_NOTE);
        }
        self.line.clear();
        self.cut = false;
        self.returned = false;
        text
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn split(chunks: &[&[u8]]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for chunk in chunks {
            splitter.push(chunk, &mut lines);
        }
        splitter.finish(&mut lines);
        lines
    }

    #[test]
    fn lines_are_found_across_chunks() {
        assert_eq!(
            split(&[b"on", b"e\ntw", b"o\n\nlast"]),
            ["one", "two", "", "last"]
        );
        assert_eq!(split(&[b"dos\r", b"\nunix\n"]), ["dos", "unix"]);
    }

    #[test]
    fn progress_collapses_to_its_last_state() {
        assert_eq!(split(&[b"10%\r20%\r", b"100%\ndone\n"]), ["100%", "done"]);
        assert_eq!(split(&[b"50%\r"]), ["50%"], "a bar that never ended is kept");
    }

    #[test]
    fn f33_nul_and_invalid_utf8_become_replacement_characters() {
        assert_eq!(
            split(&[b"a\0b\n", b"\xff\xfe\n"]),
            ["a\u{FFFD}b", "\u{FFFD}\u{FFFD}"]
        );
        assert_eq!(
            split(&[b"\x1b[31mred\x1b[0m\n"]),
            ["\x1b[31mred\x1b[0m"],
            "colours are kept"
        );
    }

    #[test]
    fn f33_an_overlong_line_is_cut_with_a_note() {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for _ in 0..200 {
            splitter.push("é".repeat(1001).as_bytes(), &mut lines);
            assert!(splitter.line.len() <= LINE_MAX, "memory is bounded");
        }
        splitter.push(b"\nnext\n", &mut lines);
        assert_eq!(lines.len(), 2);
        assert!(
            lines[0].ends_with("é … [line cut at 64 KiB]"),
            "{}",
            &lines[0][lines[0].len() - 40..]
        );
        assert_eq!(lines[1], "next");
    }

    proptest! {
        #[test]
        fn chunking_does_not_change_the_lines(text in "[ab\r\n]{0,60}", at in 0_usize..60) {
            let bytes = text.as_bytes();
            let (head, tail) = bytes.split_at(at.min(bytes.len()));
            prop_assert_eq!(split(&[head, tail]), split(&[bytes]));
        }
    }
}
