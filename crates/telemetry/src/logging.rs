//! Log output: coloured lines for people at a terminal, JSON for everything that collects logs.
//!
//! One event is one line whatever is in its fields: user agents, repository names and build output may carry line breaks
//! or terminal escapes, and none of them may forge an entry or repaint a screen.

use std::fmt::{self, Write as _};
use std::io::IsTerminal;

use tracing::field::Field;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::field::MakeExt;
use tracing_subscriber::fmt::format::{Writer, debug_fn};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::SettingsReader;

const FILTER_KEY: &str = "AETHER_LOG";
/// What is logged unless `AETHER_LOG` says otherwise.
const DEFAULT_FILTER: &str = "info";
/// Longest field printed at a terminal.
const FIELD_MAX: usize = 4096;

/// Something else in this process has set up logging already.
#[derive(Debug, thiserror::Error)]
#[error("logging is set up already")]
pub struct LoggingError;

/// Sends every event that `AETHER_LOG` lets through to standard error. A malformed filter becomes a fault of the settings;
/// until those are refused, the default applies.
pub fn init_logging(settings: &mut SettingsReader) -> Result<(), LoggingError> {
    let wanted = settings.text(FILTER_KEY, DEFAULT_FILTER);
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| {
        settings.fault(
            FILTER_KEY,
            "must be a log filter such as info or aether_worker=debug,info",
        );
        EnvFilter::new(DEFAULT_FILTER)
    });
    let registry = tracing_subscriber::registry().with(filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let installed = if std::io::stderr().is_terminal() {
        let fields = debug_fn(write_field).delimited(" ");
        registry
            .with(layer.compact().with_target(false).fmt_fields(fields))
            .try_init()
    } else {
        registry.with(layer.json().flatten_event(true)).try_init()
    };
    installed.map_err(|_| LoggingError)
}

fn write_field(writer: &mut Writer<'_>, field: &Field, value: &dyn fmt::Debug) -> fmt::Result {
    if field.name() != "message" {
        write!(writer, "{}=", field.name())?;
    }
    writer.write_str(&escape(&format!("{value:?}")))
}

/// Escapes what moves the cursor, changes colours or turns the direction of writing, and cuts what is too long.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        if escaped.len() > FIELD_MAX {
            escaped.push('…');
            break;
        }
        let turns =
            matches!(character, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if character.is_control() || turns || matches!(character, '\u{2028}' | '\u{2029}') {
            let _ = write!(escaped, "{}", character.escape_unicode());
        } else {
            escaped.push(character);
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    #[derive(Clone, Default)]
    struct Captured(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Captured {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Captured {
        type Writer = Self;
        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    const HOSTILE: &str = "x\n{\"level\":\"error\"}\u{1b}[2J\u{202e}";

    #[test]
    fn input_110_a_hostile_value_stays_on_its_line_in_both_forms() {
        let (people, machines) = (Captured::default(), Captured::default());
        let fields = debug_fn(write_field).delimited(" ");
        let text = tracing_subscriber::fmt::layer()
            .with_writer(people.clone())
            .compact()
            .fmt_fields(fields);
        let json = tracing_subscriber::fmt::layer()
            .with_writer(machines.clone())
            .json()
            .flatten_event(true);
        let subscriber = tracing_subscriber::registry().with(text.with_ansi(false));
        tracing::subscriber::with_default(subscriber, || tracing::info!(agent = HOSTILE, "seen {HOSTILE}"));
        let subscriber = tracing_subscriber::registry().with(json);
        tracing::subscriber::with_default(subscriber, || tracing::info!(agent = %HOSTILE, "seen {HOSTILE}"));
        for captured in [people, machines] {
            let bytes = captured.0.lock().unwrap().clone();
            let text = String::from_utf8(bytes).unwrap();
            assert_eq!(text.matches('\n').count(), 1, "{text}");
            assert!(!text.contains('\u{1b}'), "{text}");
        }
    }

    #[test]
    fn input_110_a_long_value_is_cut() {
        assert!(escape(&"x".repeat(100_000)).len() < FIELD_MAX + 10);
    }
}
