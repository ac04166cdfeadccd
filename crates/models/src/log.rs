//! One line of output, numbered per deployment.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{Step, UnknownName};

/// Where a line came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LogStream {
    /// Standard output of a command.
    Stdout,
    /// Standard error of a command.
    Stderr,
    /// Aether itself.
    System,
}

impl LogStream {
    /// The name as it stands in Postgres and in the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stdout => "stdout",
            Self::Stderr => "stderr",
            Self::System => "system",
        }
    }
}

impl std::str::FromStr for LogStream {
    type Err = UnknownName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        [Self::Stdout, Self::Stderr, Self::System]
            .into_iter()
            .find(|stream| stream.as_str() == text)
            .ok_or_else(|| UnknownName(text.to_owned()))
    }
}

/// One line of a log. `seq` starts at 1 and has no gaps within a deployment (build log) or an instance (runtime log).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LogLine {
    /// Its number; the SSE event id.
    pub seq: i64,
    /// When the line was read.
    pub at: DateTime<Utc>,
    /// The step that printed it; none in runtime logs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Step>,
    /// Where it came from.
    pub stream: LogStream,
    /// The text, without its line end, masked, ANSI colours kept.
    pub text: String,
}
