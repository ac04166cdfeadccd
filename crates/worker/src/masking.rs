//! Takes secret values out of output, in the forms in which they usually appear there. Best effort by nature: a program
//! can always print a secret in a form that nobody foresees.
//!
//! Forms: plain, reversed, JSON-escaped, URL-encoded, hexadecimal, and base64 at each of the three offsets at which the
//! value can stand within a longer text. Values of several lines are masked line by line, because output is.

use aether_models::MASKED_MIN;
use aho_corasick::{AhoCorasick, MatchKind};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// What stands in a value's place.
const MASK: &str = "***";
/// What `encodeURIComponent` leaves alone.
const URI_COMPONENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'!')
    .remove(b'~')
    .remove(b'*')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')');

/// Masks the secret values of one deployment.
#[derive(Debug, Clone, Default)]
pub struct Masker {
    patterns: Option<AhoCorasick>,
}

impl Masker {
    /// A masker for these values, and the names of those that are too short to be masked.
    #[must_use]
    pub fn new<'a>(secrets: impl IntoIterator<Item = (&'a str, &'a str)>) -> (Self, Vec<String>) {
        let (mut forms, mut short) = (Vec::new(), Vec::new());
        for (name, value) in secrets {
            if value.trim().len() < MASKED_MIN {
                short.push(name.to_owned());
                continue;
            }
            forms.extend(forms_of(value));
            forms.extend(
                value
                    .lines()
                    .map(str::trim)
                    .filter(|line| *line != value)
                    .flat_map(forms_of),
            );
        }
        forms.retain(|form| form.len() >= MASKED_MIN);
        forms.sort_unstable();
        forms.dedup();
        if forms.is_empty() {
            return (Self::default(), short);
        }
        // Too many values for one automaton are refused long before, by the limit on variables.
        let patterns = AhoCorasick::builder()
            .match_kind(MatchKind::LeftmostLongest)
            .build(forms);
        if let Err(error) = &patterns {
            tracing::error!(%error, "secret values cannot be masked");
        }
        (
            Self {
                patterns: patterns.ok(),
            },
            short,
        )
    }

    /// The text without secret values.
    #[must_use]
    pub fn mask(&self, text: String) -> String {
        let Some(patterns) = &self.patterns else {
            return text;
        };
        if !patterns.is_match(&text) {
            return text;
        }
        let mut masked = String::with_capacity(text.len());
        patterns.replace_all_with(&text, &mut masked, |_, _, out| {
            out.push_str(MASK);
            true
        });
        masked
    }
}

fn forms_of(value: &str) -> Vec<String> {
    let quoted = serde_json::to_string(value).unwrap_or_default();
    let encoded = utf8_percent_encode(value, URI_COMPONENT).to_string();
    let strict = utf8_percent_encode(value, NON_ALPHANUMERIC).to_string();
    let mut forms = vec![
        value.to_owned(),
        value.chars().rev().collect(),
        quoted.trim_matches('"').to_owned(),
        encoded.replace("%20", "+"),
        encoded.to_lowercase(),
        encoded,
        strict.replace("%20", "+"),
        strict,
        hex::encode(value),
        hex::encode_upper(value),
    ];
    for offset in 0..3 {
        forms.push(base64_core(&STANDARD_NO_PAD, value, offset));
        forms.push(base64_core(&URL_SAFE_NO_PAD, value, offset));
    }
    forms
}

/// The characters of the encoding that depend on the value alone, when `offset` bytes stand before it.
fn base64_core(engine: &impl Engine, value: &str, offset: usize) -> String {
    let mut bytes = vec![0_u8; offset];
    bytes.extend_from_slice(value.as_bytes());
    let text = engine.encode(&bytes);
    // The first characters hold bits of what stands before, the last one of what follows.
    let first = [0, 2, 3][offset];
    let last = text.len() - usize::from(!bytes.len().is_multiple_of(3));
    text.get(first..last).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    const SECRET: &str = "s3cr3t \"päss\"/w=rd";

    fn mask(text: &str) -> String {
        Masker::new([("KEY", SECRET)]).0.mask(text.to_owned())
    }

    #[test]
    fn input_65_the_usual_forms_of_a_secret_are_masked() {
        assert_eq!(mask(&format!("key={SECRET};")), "key=***;");
        assert_eq!(mask(&SECRET.chars().rev().collect::<String>()), "***");
        assert_eq!(
            mask(&serde_json::json!({ "key": SECRET }).to_string()),
            r#"{"key":"***"}"#
        );
        assert_eq!(mask("?key=s3cr3t%20%22p%C3%A4ss%22%2Fw%3Drd&x"), "?key=***&x");
        assert_eq!(mask("key=s3cr3t+%22p%C3%A4ss%22%2Fw%3Drd"), "key=***");
        assert_eq!(mask(&hex::encode(SECRET)), "***");
    }

    #[test]
    fn input_65_base64_is_masked_wherever_the_secret_stands_in_it() {
        for before in ["", "a", "ab", "abc"] {
            for after in ["", "x", "xy"] {
                let text = STANDARD.encode(format!("{before}{SECRET}{after}"));
                assert!(mask(&text).contains("***"), "{before:?} {after:?}: {text}");
            }
        }
    }

    #[test]
    fn input_65_secrets_of_several_lines_are_masked_line_by_line() {
        let pem = "-----BEGIN KEY-----\nMIIEvQIBADANBg\nkqhkiG9w0BAQEF\n-----END KEY-----";
        let (masker, short) = Masker::new([("PEM", pem)]);
        assert!(short.is_empty());
        assert_eq!(masker.mask("line: MIIEvQIBADANBg".to_owned()), "line: ***");
        assert_eq!(masker.mask("kqhkiG9w0BAQEF".to_owned()), "***");
    }

    #[test]
    fn input_65_short_values_are_told_and_not_masked() {
        let (masker, short) = Masker::new([("A", "a"), ("B", "true"), ("C", "longer-value")]);
        assert_eq!(short, ["A", "B"]);
        assert_eq!(masker.mask("a true longer-value".to_owned()), "a true ***");
    }

    proptest::proptest! {
        #[test]
        fn no_plain_secret_survives(secret in "[!-~]{6,40}", before in ".{0,20}", after in ".{0,20}") {
            let (masker, _) = Masker::new([("KEY", secret.as_str())]);
            let masked = masker.mask(format!("{before}{secret}{after}"));
            proptest::prop_assert!(!masked.contains(&secret) || MASK.contains(&secret));
        }
    }
}
