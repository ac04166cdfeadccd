//! A Dockerfile as instructions: continuation lines joined, comments gone, here-documents set apart.

/// One instruction, its continuation lines joined.
#[derive(Debug)]
pub(super) struct Instruction {
    /// Its first and its last line, counted from 1.
    pub(super) lines: (usize, usize),
    pub(super) keyword: String,
    pub(super) flags: Vec<String>,
    pub(super) rest: String,
    /// Its here-documents. The engine may see instructions where we see text, so this is checked, too.
    pub(super) body: Option<String>,
}

/// The instructions of a text.
pub(super) fn parse(text: &str, escape: char) -> Vec<Instruction> {
    let mut instructions = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((first, line)) = lines.next() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let mut joined = line.trim().to_owned();
        let mut last = first;
        while let Some(open) = joined.strip_suffix(escape) {
            joined = open.to_owned();
            let Some((number, next)) = lines.next() else { break };
            last = number;
            // Comments and empty lines do not end a continuation.
            if next.trim().is_empty() || next.trim_start().starts_with('#') {
                joined.push(escape);
                continue;
            }
            joined.push(' ');
            joined.push_str(next.trim());
        }
        let mut instruction = split(&joined);
        for end in here_documents(&instruction) {
            let body = instruction.body.get_or_insert_default();
            for (number, line) in lines.by_ref() {
                last = number;
                if line.trim_start_matches('\t') == end {
                    break;
                }
                body.push_str(line);
                body.push('\n');
            }
        }
        instruction.lines = (first + 1, last + 1);
        instructions.push(instruction);
    }
    instructions
}

/// One line as an instruction.
pub(super) fn split(line: &str) -> Instruction {
    let (keyword, mut rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let mut flags = Vec::new();
    rest = rest.trim_start();
    while rest.starts_with("--") {
        let (flag, after) = rest.split_once(char::is_whitespace).unwrap_or((rest, ""));
        flags.push(flag.to_owned());
        rest = after.trim_start();
    }
    Instruction {
        lines: (0, 0),
        keyword: keyword.to_ascii_uppercase(),
        flags,
        rest: rest.to_owned(),
        body: None,
    }
}

/// The words that end the here-documents of an instruction.
fn here_documents(instruction: &Instruction) -> Vec<String> {
    if !matches!(instruction.keyword.as_str(), "RUN" | "COPY" | "ADD") {
        return Vec::new();
    }
    let mut ends = Vec::new();
    for piece in instruction.rest.split("<<").skip(1) {
        let word = piece
            .trim_start_matches('-')
            .split_whitespace()
            .next()
            .unwrap_or_default();
        let word = word.trim_matches(['"', '\'']);
        let starts = word.starts_with(|character: char| character.is_ascii_alphabetic() || character == '_');
        // `<<<` is a shell's here-string, and `1<<2` is arithmetic.
        if starts && !piece.starts_with([' ', '<']) {
            ends.push(word.trim_end_matches([')', ';']).to_owned());
        }
    }
    ends
}
