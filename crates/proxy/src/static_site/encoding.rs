//! Choosing a precompressed variant by `Accept-Encoding` (RFC 9110 section 12.5.3).

use aether_models::Encoding;

/// Longest field that is read; browsers send 30 bytes.
const FIELD_MAX: usize = 1_024;

/// What a client accepts, as quality times 1,000.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Accepted {
    brotli: u16,
    zstd: u16,
    gzip: u16,
    identity: u16,
}

/// Best of the variants that `exists` for a client that sent `field`; none means the plain file.
pub(super) fn choose(field: Option<&[u8]>, exists: impl Fn(Encoding) -> bool) -> Option<Encoding> {
    let accepted = parse(field?);
    let mut best: Option<(Encoding, u16)> = None;
    // Best first, so that a tie goes to the smaller result.
    for encoding in Encoding::ALL {
        let quality = accepted.quality(encoding);
        if quality > 0 && exists(encoding) && best.is_none_or(|(_, known)| quality > known) {
            best = Some((encoding, quality));
        }
    }
    // A client that prefers the plain file gets it; one that forbids it gets what there is.
    best.filter(|&(_, quality)| quality >= accepted.identity)
        .map(|(encoding, _)| encoding)
}

impl Accepted {
    fn quality(&self, encoding: Encoding) -> u16 {
        match encoding {
            Encoding::Brotli => self.brotli,
            Encoding::Zstd => self.zstd,
            Encoding::Gzip => self.gzip,
        }
    }
}

fn parse(field: &[u8]) -> Accepted {
    match field {
        // What browsers and tools really send.
        b"gzip, deflate, br, zstd" => return all(1000, 1000, 1000),
        b"gzip, deflate, br" => return all(1000, 0, 1000),
        b"br" => return all(1000, 0, 0),
        b"gzip" | b"gzip, deflate" => return all(0, 0, 1000),
        _ if field.len() > FIELD_MAX => return Accepted::default(),
        _ => {}
    }
    let mut named: [Option<u16>; 4] = [None; 4];
    let mut any = None;
    for item in field.split(|&b| b == b',') {
        let mut parts = item.split(|&b| b == b';');
        let coding = parts.next().unwrap_or_default().trim_ascii();
        let quality = parts.find_map(quality).unwrap_or(1000);
        let is = |name: &[u8]| coding.eq_ignore_ascii_case(name);
        let place = if is(b"br") {
            &mut named[0]
        } else if is(b"zstd") {
            &mut named[1]
        } else if is(b"gzip") || is(b"x-gzip") {
            &mut named[2]
        } else if is(b"identity") {
            &mut named[3]
        } else if is(b"*") {
            &mut any
        } else {
            continue;
        };
        *place = Some(quality);
    }
    let or_any = |quality: Option<u16>| quality.or(any).unwrap_or(0);
    Accepted {
        brotli: or_any(named[0]),
        zstd: or_any(named[1]),
        gzip: or_any(named[2]),
        // Acceptable when not named, but never preferred to a coding that is.
        identity: named[3].unwrap_or(0),
    }
}

const fn all(brotli: u16, zstd: u16, gzip: u16) -> Accepted {
    Accepted {
        brotli,
        zstd,
        gzip,
        identity: 0,
    }
}

/// `q=0.5` as 500; a malformed value counts as not acceptable, the careful reading.
fn quality(parameter: &[u8]) -> Option<u16> {
    let parameter = parameter.trim_ascii();
    let value = parameter.strip_prefix(b"q=").or(parameter.strip_prefix(b"Q="))?;
    let (whole, fraction) = match value.split_first() {
        Some((whole @ (b'0' | b'1'), rest)) => (whole - b'0', rest.strip_prefix(b".").unwrap_or(rest)),
        _ => return Some(0),
    };
    if fraction.len() > 3 || !fraction.iter().all(u8::is_ascii_digit) {
        return Some(0);
    }
    let mut thousandths = u16::from(whole) * 1000;
    for (digit, weight) in fraction.iter().zip([100, 10, 1]) {
        thousandths += u16::from(digit - b'0') * weight;
    }
    Some(thousandths.min(1000))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn chosen(field: &str) -> Option<Encoding> {
        choose(Some(field.as_bytes()), |_| true)
    }

    #[test]
    fn qualities_decide_and_ties_go_to_the_smaller() {
        for (field, expected) in [
            ("gzip, deflate, br, zstd", Some(Encoding::Brotli)),
            ("gzip, zstd", Some(Encoding::Zstd)),
            ("br;q=0.5, gzip", Some(Encoding::Gzip)),
            ("br;q=0.5, gzip;q=0.4", Some(Encoding::Brotli)),
            ("gzip;q=0", None),
            ("*", Some(Encoding::Brotli)),
            ("*, br;q=0", Some(Encoding::Zstd)),
            ("identity, gzip;q=0.5", None),
            ("identity;q=0, gzip;q=0.1", Some(Encoding::Gzip)),
            ("gzipped, brotli", None),
            ("GZIP ; Q=0.8", Some(Encoding::Gzip)),
            ("gzip;q=abc", None),
            ("", None),
        ] {
            assert_eq!(chosen(field), expected, "{field}");
        }
        assert_eq!(choose(None, |_| true), None);
        assert_eq!(
            choose(Some(b"br, gzip"), |encoding| encoding == Encoding::Gzip),
            Some(Encoding::Gzip)
        );
    }

    #[test]
    fn input_85_an_endless_field_is_not_read() {
        assert_eq!(chosen(&"br, ".repeat(2_500)), None);
    }

    proptest! {
        #[test]
        fn any_bytes_are_taken_without_a_panic(field in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = choose(Some(&field), |_| true);
        }

        #[test]
        fn the_short_ways_agree_with_the_long_one(
            field in prop::sample::select(vec!["gzip, deflate, br, zstd", "gzip, deflate, br", "br", "gzip"]),
        ) {
            prop_assert_eq!(parse(field.as_bytes()), parse(format!(" {field}").as_bytes()));
        }
    }
}
