//! A tolerant reader of JavaScript and TypeScript: words, texts and signs, comments left out.
//!
//! Configuration files are programs; what they would answer when run cannot be known in general. What can be read
//! off is a literal standing behind a key (`output: "export"`), a module imported, a function called. That is what
//! is answered; everything else is "not proved".

/// One piece of source code.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    /// A name, keyword or number.
    Word(String),
    /// A string literal, without its quotes.
    Text(String),
    /// Any other character.
    Sign(char),
}

/// What stands behind a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JsValue<'s> {
    /// A string literal.
    Text(&'s str),
    /// A name, a number, `true`, `false`.
    Word(&'s str),
    /// An object, an array, an expression: something that has to be run to be known.
    Other,
}

/// Source code cut into pieces.
#[derive(Debug, Clone, Default)]
pub(crate) struct JsSource {
    tokens: Vec<Token>,
}

impl JsSource {
    pub(crate) fn new(text: &str) -> Self {
        Self {
            tokens: tokenize(text),
        }
    }

    /// What stands behind a path of keys. The first key counts at any depth, each next one directly inside the
    /// object of the one before.
    pub(crate) fn value(&self, path: &[&str]) -> Option<JsValue<'_>> {
        let (first, rest) = path.split_first()?;
        let all = 0..self.tokens.len();
        all.filter(|at| self.is_key(*at, first))
            .find_map(|at| self.value_at(at + 2, rest))
    }

    /// The string literal behind a path of keys.
    pub(crate) fn text(&self, path: &[&str]) -> Option<&str> {
        match self.value(path)? {
            JsValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// `true` or `false` behind a path of keys.
    pub(crate) fn flag(&self, path: &[&str]) -> Option<bool> {
        match self.value(path)? {
            JsValue::Word("true") => Some(true),
            JsValue::Word("false") => Some(false),
            _ => None,
        }
    }

    /// The text a function is called with first.
    pub(crate) fn argument_of(&self, name: &str) -> Option<&str> {
        self.tokens.windows(3).find_map(|three| match three {
            [Token::Word(word), Token::Sign('('), Token::Text(text)] if word == name => Some(text.as_str()),
            _ => None,
        })
    }

    /// The modules named by `import`, `export from` and `require`.
    pub(crate) fn imports(&self) -> impl Iterator<Item = &str> {
        (1..self.tokens.len()).filter_map(|at| {
            let Token::Text(module) = self.tokens.get(at)? else {
                return None;
            };
            let before = |back: usize| at.checked_sub(back).and_then(|place| self.tokens.get(place));
            let named = |token: Option<&Token>| {
                token.is_some_and(|token| {
                    ["from", "import", "require"]
                        .iter()
                        .any(|name| is_word(token, name))
                })
            };
            let in_call = before(1) == Some(&Token::Sign('(')) && named(before(2));
            (in_call || named(before(1))).then_some(module.as_str())
        })
    }

    fn is_key(&self, at: usize, name: &str) -> bool {
        let key = match self.tokens.get(at) {
            Some(Token::Word(word)) => word,
            Some(Token::Text(text)) => text,
            _ => return false,
        };
        key == name && matches!(self.tokens.get(at + 1), Some(Token::Sign(':' | '=')))
    }

    fn value_at(&self, at: usize, rest: &[&str]) -> Option<JsValue<'_>> {
        let Some((key, rest)) = rest.split_first() else {
            let ends = matches!(
                self.tokens.get(at + 1),
                None | Some(Token::Sign(',' | '}' | ')' | ']' | ';') | Token::Word(_))
            );
            return Some(match self.tokens.get(at)? {
                Token::Text(text) if ends => JsValue::Text(text),
                Token::Word(word) if ends => JsValue::Word(word),
                _ => JsValue::Other,
            });
        };
        if self.tokens.get(at) != Some(&Token::Sign('{')) {
            return None;
        }
        let mut depth = 0_usize;
        for (offset, token) in self.tokens.get(at..)?.iter().enumerate() {
            match token {
                Token::Sign('{' | '[' | '(') => depth += 1,
                Token::Sign('}' | ']' | ')') => depth = depth.saturating_sub(1),
                _ if depth == 1 && self.is_key(at + offset, key) => {
                    return self.value_at(at + offset + 2, rest);
                }
                _ => {}
            }
            if depth == 0 {
                break;
            }
        }
        None
    }
}

/// The text with comments and trailing commas gone: `deno.jsonc`, `tsconfig.json` and `turbo.json` hold them.
pub(crate) fn without_comments(text: &str) -> String {
    let tokens = tokenize(text);
    let mut json = String::with_capacity(text.len());
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word(word) => {
                // JSON5 keys stand without quotes.
                let key = tokens.get(at + 1) == Some(&Token::Sign(':'));
                if key {
                    json.push_str(&quoted(word));
                } else {
                    json.push_str(word);
                }
            }
            Token::Text(text) => json.push_str(&quoted(text)),
            Token::Sign(',') if matches!(tokens.get(at + 1), Some(Token::Sign('}' | ']'))) => {}
            Token::Sign(sign) => json.push(*sign),
        }
    }
    json
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

fn is_word(token: &Token, name: &str) -> bool {
    matches!(token, Token::Word(word) if word == name)
}

fn tokenize(text: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let used = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' | '\'' | '`' => {
                let (literal, used) = read_text(rest, first);
                tokens.push(Token::Text(literal));
                used
            }
            '/' if starts_pattern(tokens.last()) => read_pattern(rest),
            _ if is_name(first) => {
                let end = rest.find(|character| !is_name(character)).unwrap_or(rest.len());
                let (word, _) = rest.split_at(end);
                tokens.push(Token::Word(word.to_owned()));
                end
            }
            _ => {
                if !first.is_whitespace() {
                    tokens.push(Token::Sign(first));
                }
                first.len_utf8()
            }
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    tokens
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '$')
}

fn read_text(source: &str, quote: char) -> (String, usize) {
    let mut text = String::new();
    let mut characters = source.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        match character {
            '\\' => match characters.next() {
                Some((_, 'n')) => text.push('\n'),
                Some((_, 't')) => text.push('\t'),
                Some((_, other)) => text.push(other),
                None => break,
            },
            _ if character == quote => return (text, at + character.len_utf8()),
            _ => text.push(character),
        }
    }
    (text, source.len())
}

/// A `/` begins a regular expression where a value is expected; elsewhere it divides.
fn starts_pattern(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(Token::Sign(sign)) => "(,=:[!&|?{};".contains(*sign),
        Some(Token::Word(word)) => word == "return",
        Some(Token::Text(_)) => false,
    }
}

fn read_pattern(source: &str) -> usize {
    let mut in_set = false;
    let mut escaped = false;
    for (at, character) in source.char_indices().skip(1) {
        match character {
            '\n' => break,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_set = true,
            ']' => in_set = false,
            '/' if !in_set => return at + 1,
            _ => {}
        }
    }
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literals_are_found_behind_their_keys_and_not_in_comments() {
        let source = JsSource::new(
            r#"// output: "standalone"
            const re = /["']/; /* output: 'x' */
            export default defineConfig({ base: "/", build: { outDir: 'out', rollup: { outDir: "no" } }, output: `export`, ssr: false })"#,
        );
        assert_eq!(source.text(&["output"]), Some("export"));
        assert_eq!(source.text(&["build", "outDir"]), Some("out"));
        assert_eq!(source.flag(&["ssr"]), Some(false));
        assert_eq!(source.value(&["build"]), Some(JsValue::Other));
    }

    #[test]
    fn an_expression_proves_nothing() {
        let source =
            JsSource::new("export default { output: process.env.X ? 'export' : undefined, a: 'b' + c }");
        assert_eq!(source.text(&["output"]), None);
        assert_eq!(source.text(&["a"]), None);
    }

    #[test]
    fn imports_in_all_their_forms_are_found() {
        let source = JsSource::new(
            "import a from 'a'; import \"b\"; const c = require('c'); await import(`d`); export * from 'e'",
        );
        assert_eq!(source.imports().collect::<Vec<_>>(), ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn json_with_comments_becomes_json() {
        let json = without_comments("{ // c\n \"a\": [1, -2.5, true,], /* x */ b: 'it\\'s', }");
        assert_eq!(json, r#"{"a":[1,-2.5,true],"b":"it's"}"#);
    }
}
