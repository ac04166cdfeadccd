//! Text of strangers on its way to a terminal: build output, commit messages, names. It may colour itself and do nothing
//! else: no cursor movement, no title or clipboard sequences, no turned writing direction.

const ESCAPE: char = '\u{1b}';

/// One line without anything that acts on a terminal; colours stay when `colours` is set.
pub(crate) fn for_terminal(text: &str, colours: bool) -> String {
    // A carriage return is how progress bars overwrite themselves; only what would be left standing counts.
    let text = text
        .trim_end_matches('\r')
        .rsplit('\r')
        .next()
        .unwrap_or_default();
    let mut clean = String::with_capacity(text.len());
    let mut coloured = false;
    let mut rest = text;
    while let Some(character) = rest.chars().next() {
        if character == ESCAPE {
            let sequence = sequence(rest);
            if colours && is_colour(sequence) {
                clean.push_str(sequence);
                coloured = true;
            }
            rest = &rest[sequence.len()..];
            continue;
        }
        rest = &rest[character.len_utf8()..];
        match character {
            '\t' => clean.push('\t'),
            _ if character.is_control() || turns(character) => {}
            _ => clean.push(character),
        }
    }
    if coloured {
        clean.push_str("\u{1b}[0m");
    }
    clean
}

/// The escape sequence at the start of `text` (ECMA-48: CSI, OSC and other strings, single characters).
fn sequence(text: &str) -> &str {
    let mut characters = text.char_indices().skip(1);
    let end = match characters.next() {
        Some((_, '[')) => characters
            .find(|(_, c)| ('\u{40}'..='\u{7e}').contains(c))
            .map(|(at, c)| at + c.len_utf8()),
        Some((_, ']' | 'P' | 'X' | '^' | '_')) => text
            .find(['\u{7}', '\u{9c}'])
            .map(|at| at + text[at..].chars().next().map_or(1, char::len_utf8))
            .into_iter()
            .chain(text.find("\u{1b}\\").map(|at| at + 2))
            .min(),
        Some((at, c)) => Some(at + c.len_utf8()),
        None => None,
    };
    &text[..end.unwrap_or(text.len())]
}

/// Select Graphic Rendition (ECMA-48, 8.3.117): digits and separators, closed by `m`.
fn is_colour(sequence: &str) -> bool {
    let inner = sequence
        .strip_prefix("\u{1b}[")
        .and_then(|rest| rest.strip_suffix('m'));
    inner.is_some_and(|inner| inner.chars().all(|c| c.is_ascii_digit() || c == ';' || c == ':'))
}

fn turns(character: char) -> bool {
    matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
}

/// A span of time the way people say it.
pub(crate) fn duration(milliseconds: i64) -> String {
    match milliseconds {
        ..1_000 => format!("{milliseconds} ms"),
        1_000..60_000 => format!("{}.{} s", milliseconds / 1000, milliseconds % 1000 / 100),
        _ => format!("{} min {} s", milliseconds / 60_000, milliseconds % 60_000 / 1000),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_stay_and_are_closed() {
        assert_eq!(for_terminal("\u{1b}[31mred", true), "\u{1b}[31mred\u{1b}[0m");
        assert_eq!(for_terminal("\u{1b}[31mred\u{1b}[0m", false), "red");
    }

    #[test]
    fn input_101_nothing_else_reaches_the_terminal() {
        for hostile in [
            "\u{1b}]0;title\u{7}ok",
            "\u{1b}]52;c;ZXZpbA==\u{1b}\\ok",
            "\u{1b}[2J\u{1b}[1;1Hok",
            "\u{1b}Pq\u{1b}\\ok",
            "gone\rok",
            "o\u{202e}k",
            "\u{8}\u{9b}ok",
        ] {
            let clean = for_terminal(hostile, true);
            assert_eq!(clean, "ok", "{hostile:?}");
        }
        assert_eq!(for_terminal("\u{1b}]8;;javascript:alert(1)", true), "");
        assert_eq!(for_terminal("\u{1b}", true), "");
    }

    #[test]
    fn times_read_well() {
        assert_eq!(duration(40), "40 ms");
        assert_eq!(duration(3_250), "3.2 s");
        assert_eq!(duration(125_000), "2 min 5 s");
    }
}
