//! Server-sent events out of a byte stream (WHATWG HTML, section 9.2.6).

/// Longest line kept; a longer one is cut, so that a broken server cannot fill the memory.
const LINE_MAX: usize = 1024 * 1024;

/// One event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) id: Option<String>,
    pub(super) name: String,
    pub(super) data: String,
}

/// Turns bytes, however they are cut, into events.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    event: Event,
    has_data: bool,
    last_was_return: bool,
}

impl Parser {
    pub(super) fn feed(&mut self, bytes: &[u8]) -> Vec<Event> {
        let mut events = Vec::new();
        for &byte in bytes {
            let after_return = std::mem::replace(&mut self.last_was_return, byte == b'\r');
            match byte {
                b'\n' if after_return => {}
                b'\n' | b'\r' => {
                    let line = std::mem::take(&mut self.line);
                    events.extend(self.end_line(&String::from_utf8_lossy(&line)));
                }
                _ if self.line.len() < LINE_MAX => self.line.push(byte),
                _ => {}
            }
        }
        events
    }

    fn end_line(&mut self, line: &str) -> Option<Event> {
        if line.is_empty() {
            let event = std::mem::take(&mut self.event);
            return std::mem::take(&mut self.has_data).then_some(event);
        }
        let (field, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match field {
            "id" if !value.contains('\0') => self.event.id = Some(value.to_owned()),
            "event" => value.clone_into(&mut self.event.name),
            "data" => {
                if std::mem::replace(&mut self.has_data, true) {
                    self.event.data.push('\n');
                }
                self.event.data.push_str(value);
            }
            _ => {}
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_the_same_however_the_bytes_are_cut() {
        let text = ": hello\r\n\r\nid: 1\r\nevent: log\r\ndata: {\"a\":\r\ndata: 1}\r\n\r\nid: 2\ndata:x\n\n\nevent: none\n\n";
        let whole = Parser::default().feed(text.as_bytes());
        let mut parser = Parser::default();
        let cut: Vec<_> = text
            .as_bytes()
            .chunks(1)
            .flat_map(|chunk| parser.feed(chunk))
            .collect();
        assert_eq!(whole, cut);
        assert_eq!(whole.len(), 2);
        assert_eq!(
            whole[0],
            Event {
                id: Some("1".into()),
                name: "log".into(),
                data: "{\"a\":\n1}".into()
            }
        );
        assert_eq!(whole[1].data, "x");
    }
}
