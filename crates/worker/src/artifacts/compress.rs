//! Precompressed variants of one file.
//!
//! The effort depends on how much there is to do: a deployment of a small site should not wait for the last percent, and
//! neither should one of a large site. A variant that exists already (by its digest) is never made again.

use std::io::{self, Write};

use aether_models::Encoding;

/// Smaller files fit into one packet anyhow.
pub(super) const COMPRESSED_MIN: u64 = 1024;
/// A file that is larger is streamed as it is; compressing it would hold up the deployment.
pub(super) const COMPRESSED_MAX: u64 = 32 << 20;

/// How hard to try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Effort {
    brotli: i32,
    zstd: i32,
    gzip: u32,
}

impl Effort {
    /// For this many bytes in all. Speeds of one core of the reference machine: brotli 11 about 0.6 MB/s, 9 about
    /// 6 MB/s, 5 about 40 MB/s; zstd 19 about 3 MB/s, 9 about 60 MB/s; gzip 9 about 20 MB/s.
    pub(super) const fn for_total(bytes: u64) -> Self {
        match bytes {
            0..=49_152 => Self {
                brotli: 11,
                zstd: 19,
                gzip: 9,
            },
            49_153..=786_432 => Self {
                brotli: 9,
                zstd: 12,
                gzip: 9,
            },
            _ => Self {
                brotli: 5,
                zstd: 9,
                gzip: 6,
            },
        }
    }
}

/// The variant of `contents`, or none when it is not smaller by a twentieth.
pub(super) fn compress(encoding: Encoding, contents: &[u8], effort: Effort) -> io::Result<Option<Vec<u8>>> {
    let mut out = Vec::with_capacity(contents.len() / 3);
    match encoding {
        Encoding::Brotli => {
            let parameters = brotli::enc::BrotliEncoderParams {
                quality: effort.brotli,
                size_hint: contents.len(),
                ..Default::default()
            };
            brotli::BrotliCompress(&mut &contents[..], &mut out, &parameters)?;
        }
        Encoding::Zstd => {
            let mut encoder = zstd::stream::Encoder::new(&mut out, effort.zstd)?;
            // Browsers refuse windows above 8 MiB (RFC 9659).
            encoder.window_log(23)?;
            encoder.include_checksum(false)?;
            encoder.write_all(contents)?;
            encoder.finish()?;
        }
        Encoding::Gzip => {
            let mut encoder = flate2::write::GzEncoder::new(&mut out, flate2::Compression::new(effort.gzip));
            encoder.write_all(contents)?;
            encoder.finish()?;
        }
    }
    let is_worth_it = out.len() + contents.len() / 20 < contents.len();
    Ok(is_worth_it.then_some(out))
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn every_variant_unpacks_to_the_original() {
        let text = "A line that repeats itself.\n".repeat(200);
        let effort = Effort::for_total(text.len() as u64);
        let pack = |encoding| compress(encoding, text.as_bytes(), effort).unwrap().unwrap();
        let mut unpacked = String::new();
        brotli::Decompressor::new(&pack(Encoding::Brotli)[..], 4096)
            .read_to_string(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, text);
        assert_eq!(
            zstd::decode_all(&pack(Encoding::Zstd)[..]).unwrap(),
            text.as_bytes()
        );
        unpacked.clear();
        flate2::read::GzDecoder::new(&pack(Encoding::Gzip)[..])
            .read_to_string(&mut unpacked)
            .unwrap();
        assert_eq!(unpacked, text);
    }

    #[test]
    fn what_does_not_shrink_has_no_variant() {
        use sha2::{Digest, Sha256};
        let noise: Vec<u8> = (0..128_u32)
            .flat_map(|n| Sha256::digest(n.to_be_bytes()).to_vec())
            .collect();
        assert_eq!(
            compress(Encoding::Gzip, &noise, Effort::for_total(4096)).unwrap(),
            None
        );
    }
}
