//! Byte ranges (RFC 9110 section 14).

use std::ops::Range;

/// Most parts of one answer; more is an attack or a mistake, and gets the whole file.
const PARTS_MAX: usize = 10;

/// What a `Range` field asks of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ranges {
    /// Everything: the field is absent, of another unit, malformed or excessive.
    Whole,
    /// These parts; one or several.
    Parts(Vec<Range<u64>>),
    /// Nothing of what exists.
    Unsatisfiable,
}

/// Reads a `Range` field for a file of `size` bytes.
pub(super) fn parse_ranges(field: &[u8], size: u64) -> Ranges {
    let Some(specs) = std::str::from_utf8(field)
        .ok()
        .and_then(|text| text.split_once('='))
        .filter(|(unit, _)| unit.trim().eq_ignore_ascii_case("bytes"))
        .map(|(_, specs)| specs)
    else {
        return Ranges::Whole;
    };
    let mut parts = Vec::new();
    let mut total = 0_u64;
    for (index, spec) in specs.split(',').enumerate() {
        if index >= PARTS_MAX {
            return Ranges::Whole;
        }
        match parse_spec(spec.trim(), size) {
            Spec::Part(part) => {
                total = total.saturating_add(part.end - part.start);
                parts.push(part);
            }
            Spec::Outside => {}
            Spec::Malformed => return Ranges::Whole,
        }
    }
    if parts.is_empty() {
        return Ranges::Unsatisfiable;
    }
    // Overlapping parts would let one small request cause a larger answer than the file (RFC 9110 section 14.2).
    if parts.len() > 1 && total > size {
        Ranges::Whole
    } else {
        Ranges::Parts(parts)
    }
}

enum Spec {
    Part(Range<u64>),
    Outside,
    Malformed,
}

fn parse_spec(spec: &str, size: u64) -> Spec {
    let Some((first, last)) = spec.split_once('-') else {
        return Spec::Malformed;
    };
    if first.is_empty() {
        return match number(last) {
            None => Spec::Malformed,
            Some(0) => Spec::Outside,
            Some(_) if size == 0 => Spec::Outside,
            Some(count) => Spec::Part(size.saturating_sub(count)..size),
        };
    }
    let last = if last.is_empty() {
        Some(u64::MAX)
    } else {
        number(last)
    };
    match (number(first), last) {
        (Some(first), Some(last)) if first > last => Spec::Malformed,
        (Some(first), Some(_)) if first >= size => Spec::Outside,
        (Some(first), Some(last)) => Spec::Part(first..last.saturating_add(1).min(size)),
        _ => Spec::Malformed,
    }
}

/// Digits only; what does not fit into 64 bits lies behind every file.
fn number(digits: &str) -> Option<u64> {
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Some(digits.parse().unwrap_or(u64::MAX))
}

#[cfg(test)]
#[expect(
    clippy::single_range_in_vec_init,
    reason = "a list of one range is what is meant"
)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_forms_of_a_range_are_understood() {
        for (field, expected) in [
            ("bytes=0-0", Ranges::Parts(vec![0..1])),
            ("bytes=5-", Ranges::Parts(vec![5..100])),
            ("bytes=-10", Ranges::Parts(vec![90..100])),
            ("bytes=-1000", Ranges::Parts(vec![0..100])),
            ("bytes=90-1000", Ranges::Parts(vec![90..100])),
            ("Bytes=0-1, 4-5", Ranges::Parts(vec![0..2, 4..6])),
            ("bytes=0-1,200-", Ranges::Parts(vec![0..2])),
            ("bytes=100-", Ranges::Unsatisfiable),
            ("bytes=-0", Ranges::Unsatisfiable),
            ("items=0-1", Ranges::Whole),
            ("bytes", Ranges::Whole),
        ] {
            assert_eq!(parse_ranges(field.as_bytes(), 100), expected, "{field}");
        }
    }

    #[test]
    fn input_85_hostile_ranges_cost_no_more_than_the_file() {
        let many = format!("bytes={}", "0-0,".repeat(1000));
        for (field, expected) in [
            (many.as_str(), Ranges::Whole),
            ("bytes=9999999999-", Ranges::Unsatisfiable),
            ("bytes=5-1", Ranges::Whole),
            ("bytes=0-99,0-99", Ranges::Whole),
            ("bytes=99999999999999999999999-", Ranges::Unsatisfiable),
            ("bytes=+1-2", Ranges::Whole),
        ] {
            assert_eq!(parse_ranges(field.as_bytes(), 100), expected, "{field}");
        }
        assert_eq!(parse_ranges(b"bytes=-1", 0), Ranges::Unsatisfiable);
    }

    proptest! {
        #[test]
        fn parts_lie_inside_the_file(field in "bytes=[0-9,-]{0,40}", size in 0..1000_u64) {
            if let Ranges::Parts(parts) = parse_ranges(field.as_bytes(), size) {
                prop_assert!(!parts.is_empty() && parts.len() <= PARTS_MAX);
                prop_assert!(parts.iter().all(|part| part.start < part.end && part.end <= size));
            }
        }

        #[test]
        fn any_bytes_are_taken_without_a_panic(field in prop::collection::vec(any::<u8>(), 0..200), size: u64) {
            let _ = parse_ranges(&field, size);
        }
    }
}
