//! What the command prints: results to standard output, everything about them to standard error, and how it ends.

use std::io::{self, IsTerminal, Write};

use owo_colors::OwoColorize;
use serde::Serialize;

use crate::client::ApiFailure;
use crate::text::for_terminal;

/// The command was used wrongly: exit status 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Usage(pub(crate) String);

/// Ctrl-C ended it.
#[derive(Debug, thiserror::Error)]
#[error("interrupted")]
pub(crate) struct Interrupted;

/// A failure that has been told already.
#[derive(Debug, thiserror::Error)]
#[error("failed")]
pub(crate) struct Told;

/// How the command ends when it does not succeed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Failure {
    Failed,
    Told,
    Usage,
    Interrupted,
    /// The reader of standard output went away; it wants nothing more, so nothing is said.
    BrokenPipe,
}

impl Failure {
    pub(crate) fn of(error: &anyhow::Error) -> Self {
        let broken = |cause: &(dyn std::error::Error + 'static)| {
            cause
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
        };
        if error.is::<Usage>() {
            Self::Usage
        } else if error.is::<Interrupted>() {
            Self::Interrupted
        } else if error.is::<Told>() {
            Self::Told
        } else if error.chain().any(broken) {
            Self::BrokenPipe
        } else {
            Self::Failed
        }
    }

    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Failed | Self::Told => 1,
            Self::Usage => 2,
            Self::Interrupted => 130,
            Self::BrokenPipe => 141,
        }
    }
}

/// Where things are printed.
#[derive(Debug)]
pub(crate) struct Output {
    json: bool,
    colours: bool,
}

impl Output {
    pub(crate) fn new(json: bool) -> Self {
        let wanted = std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        Self {
            json,
            colours: wanted && io::stderr().is_terminal(),
        }
    }

    /// Results are for a machine.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Standard error takes colours.
    pub(crate) fn colours(&self) -> bool {
        self.colours
    }

    /// A line of the result.
    pub(crate) fn line(&self, text: &str) -> anyhow::Result<()> {
        Ok(writeln!(io::stdout().lock(), "{text}")?)
    }

    /// The result for a machine, on one line.
    pub(crate) fn json(&self, value: &impl Serialize) -> anyhow::Result<()> {
        self.line(&serde_json::to_string(value)?)
    }

    /// A line about what happens. A closed standard error is no reason to stop.
    pub(crate) fn note(&self, text: &str) {
        let _ = writeln!(io::stderr().lock(), "{text}");
    }

    /// A line about what happens that no machine needs.
    pub(crate) fn progress(&self, text: &str) {
        if !self.json {
            self.note(text);
        }
    }

    pub(crate) fn warning(&self, text: &str) {
        let label = if self.colours {
            "warning:".yellow().bold().to_string()
        } else {
            "warning:".to_owned()
        };
        self.note(&format!("{label} {text}"));
    }

    pub(crate) fn dim(&self, text: &str) -> String {
        if self.colours {
            text.dimmed().to_string()
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn bold(&self, text: &str) -> String {
        if self.colours {
            text.bold().to_string()
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn good(&self, text: &str) -> String {
        if self.colours {
            text.green().bold().to_string()
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn bad(&self, text: &str) -> String {
        if self.colours {
            text.red().bold().to_string()
        } else {
            text.to_owned()
        }
    }

    pub(crate) fn failure(&self, error: &anyhow::Error, failure: Failure) {
        match failure {
            Failure::BrokenPipe | Failure::Interrupted | Failure::Told => {}
            Failure::Usage => self.note(&format!("{} {error}\n\nSee: aether --help", self.bad("error:"))),
            Failure::Failed => match error.downcast_ref::<ApiFailure>() {
                Some(failure) => self.api_failure(failure),
                None => self.note(&format!(
                    "{} {}",
                    self.bad("error:"),
                    for_terminal(&format!("{error:#}"), false)
                )),
            },
        }
    }

    fn api_failure(&self, failure: &ApiFailure) {
        if self.json {
            // The problem document itself is the most useful thing a machine can get.
            let _ = self.json(failure);
            return;
        }
        let text = |text: &str| for_terminal(text, false);
        self.note(&format!("{} {}", self.bad("error:"), text(&failure.to_string())));
        for fault in failure.faults_beside_detail() {
            self.note(&format!("  {}: {}", text(&fault.field), text(&fault.message)));
        }
        if let Some(hint) = &failure.hint {
            self.note(&format!("{} {}", self.bold("hint:"), text(hint)));
        }
        if failure.status >= 500 {
            self.note(&self.dim(&format!("request {}", text(&failure.request_id))));
        }
    }
}
