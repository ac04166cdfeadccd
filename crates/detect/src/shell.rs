//! Words taken from repositories, made safe to stand in a command line.

use std::borrow::Cow;

/// Quotes `word` for `sh`, when it holds anything but harmless characters.
pub(crate) fn quote(word: &str) -> Cow<'_, str> {
    let harmless = |character: char| character.is_ascii_alphanumeric() || "@%+=:,./_-".contains(character);
    if !word.is_empty() && !word.starts_with('-') && word.chars().all(harmless) {
        return Cow::Borrowed(word);
    }
    Cow::Owned(format!("'{}'", word.replace('\'', r"'\''")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn input_24_words_from_a_repository_cannot_end_the_word_they_stand_in() {
        assert_eq!(quote("@acme/web"), "@acme/web");
        assert_eq!(quote("a;id"), "'a;id'");
        assert_eq!(quote("$(id)'"), r"'$(id)'\'''");
        assert_eq!(quote(""), "''");
    }
}
