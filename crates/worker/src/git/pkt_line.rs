//! Git's packet lines: four hex digits of length, then that many bytes less four.
//! Source: <https://git-scm.com/docs/protocol-common>.

use bytes::{Buf, Bytes, BytesMut};

use super::GitError;

/// Longest packet the protocol allows, length digits included.
const PACKET_MAX: usize = 65_520;
/// Length digits.
const HEADER: usize = 4;

/// One packet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Packet {
    /// Bytes.
    Data(Bytes),
    /// `0000`: the message ends.
    Flush,
    /// `0001`: the section ends (version 2).
    Delimiter,
    /// `0002`: the response ends (version 2).
    ResponseEnd,
}

impl Packet {
    /// The packet's text without its line end, when it is one.
    pub(super) fn line(&self) -> Option<&str> {
        match self {
            Self::Data(data) => std::str::from_utf8(data)
                .ok()
                .map(|text| text.trim_end_matches('\n')),
            _ => None,
        }
    }
}

/// Takes bytes as they arrive and gives packets.
#[derive(Debug, Default)]
pub(super) struct PacketReader {
    buffer: BytesMut,
}

impl PacketReader {
    pub(super) fn push(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// Bytes that belong to no packet yet.
    pub(super) fn rest(&mut self) -> Option<Bytes> {
        (!self.buffer.is_empty()).then(|| self.buffer.split().freeze())
    }

    /// The next packet, or none until more bytes arrive.
    pub(super) fn next(&mut self) -> Result<Option<Packet>, GitError> {
        let Some(header) = self.buffer.get(..HEADER) else {
            return Ok(None);
        };
        let length = std::str::from_utf8(header)
            .ok()
            .filter(|digits| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
            .and_then(|digits| usize::from_str_radix(digits, 16).ok())
            .filter(|&length| length != 3 && length <= PACKET_MAX)
            .ok_or_else(|| GitError::Protocol("a packet has no valid length".to_owned()))?;
        let marker = match length {
            0 => Some(Packet::Flush),
            1 => Some(Packet::Delimiter),
            2 => Some(Packet::ResponseEnd),
            _ => None,
        };
        if let Some(marker) = marker {
            self.buffer.advance(HEADER);
            return Ok(Some(marker));
        }
        if self.buffer.len() < length {
            return Ok(None);
        }
        let mut packet = self.buffer.split_to(length).freeze();
        packet.advance(HEADER);
        Ok(Some(Packet::Data(packet)))
    }
}

/// Builds a request out of packets.
#[derive(Debug, Default)]
pub(super) struct PacketWriter {
    bytes: Vec<u8>,
}

impl PacketWriter {
    /// Adds a line; the protocol's line end is put behind it.
    pub(super) fn line(&mut self, text: &str) -> &mut Self {
        let length = text.len() + 1 + HEADER;
        self.bytes
            .extend_from_slice(format!("{length:04x}{text}\n").as_bytes());
        self
    }

    pub(super) fn flush(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(b"0000");
        self
    }

    pub(super) fn delimiter(&mut self) -> &mut Self {
        self.bytes.extend_from_slice(b"0001");
        self
    }

    pub(super) fn finish(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_survive_any_chunking() {
        let mut writer = PacketWriter::default();
        let bytes = writer
            .line("command=ls-refs")
            .delimiter()
            .line("peel")
            .flush()
            .finish();
        let mut reader = PacketReader::default();
        let mut packets = Vec::new();
        for byte in bytes {
            reader.push(&[byte]);
            packets.extend(reader.next().unwrap());
        }
        let lines: Vec<_> = packets.iter().map(Packet::line).collect();
        assert_eq!(lines, [Some("command=ls-refs"), None, Some("peel"), None]);
        assert_eq!(packets[1], Packet::Delimiter);
        assert_eq!(packets[3], Packet::Flush);
    }

    #[test]
    fn input_45_lengths_that_are_none_are_refused() {
        for text in ["zzzz", "0003", "ffff", "+123", "<htm"] {
            let mut reader = PacketReader::default();
            reader.push(text.as_bytes());
            assert!(reader.next().is_err(), "{text}");
        }
    }
}
