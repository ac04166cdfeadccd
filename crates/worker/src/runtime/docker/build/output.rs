//! What a build printed, line by line to the log, with the runner's report taken out.

use aether_models::LogStream;
use bollard::container::LogOutput;
use bollard::errors::Error as BollardError;
use futures::{Stream, StreamExt};

use super::super::engine::EngineError;
use crate::runtime::OutputSink;
use crate::runtime::process::lines::LineSplitter;

/// Signs of a file that grew beyond its limit (EFBIG and SIGXFSZ in the words of libc, Node, Go and shells).
const TOO_LARGE: &[&str] = &[
    "File too large",
    "EFBIG",
    "file too large",
    "File size limit exceeded",
];

/// What the output told besides its lines.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Facts {
    /// How often the kernel refused a process.
    pub(super) refused_processes: u64,
    /// How often it ended one for memory.
    pub(super) killed_for_memory: u64,
    /// Whether something complained about a file that is too large.
    pub(super) file_too_large: bool,
}

/// Passes the output on.
pub(super) struct Transcript {
    output: OutputSink,
    marker: String,
    facts: Facts,
    /// An empty line of stderr that may turn out to be the runner's.
    held: bool,
    wanted: bool,
}

impl Transcript {
    pub(super) fn new(output: OutputSink, marker: String) -> Self {
        Self {
            output,
            marker,
            facts: Facts::default(),
            held: false,
            wanted: true,
        }
    }

    /// Sends each line on until the container's output ends. A slow reader slows the build.
    pub(super) async fn follow(
        mut self,
        mut output: impl Stream<Item = Result<LogOutput, BollardError>> + Unpin,
    ) -> Result<Facts, EngineError> {
        let (mut out, mut err) = (LineSplitter::default(), LineSplitter::default());
        let mut lines = Vec::new();
        while let Some(part) = output.next().await {
            let part = part.map_err(|error| EngineError::sort("reading a build's output", error))?;
            let (stream, splitter) = match part {
                LogOutput::StdErr { .. } => (LogStream::Stderr, &mut err),
                _ => (LogStream::Stdout, &mut out),
            };
            splitter.push(&part.into_bytes(), &mut lines);
            for line in lines.drain(..) {
                self.take(stream, line).await;
            }
        }
        for (stream, mut splitter) in [(LogStream::Stdout, out), (LogStream::Stderr, err)] {
            splitter.finish(&mut lines);
            for line in lines.drain(..) {
                self.take(stream, line).await;
            }
        }
        Ok(self.facts)
    }

    async fn take(&mut self, stream: LogStream, line: String) {
        if stream == LogStream::Stderr {
            if self.is_report(&line) {
                self.held = false;
                return;
            }
            // The runner starts its report on a new line, in case the command's last one had no end.
            if std::mem::take(&mut self.held) {
                self.send(stream, String::new()).await;
            }
            if line.is_empty() {
                self.held = true;
                return;
            }
        }
        self.facts.file_too_large |= TOO_LARGE.iter().any(|sign| line.contains(sign));
        self.send(stream, line).await;
    }

    fn is_report(&mut self, line: &str) -> bool {
        let Some(report) = line.strip_prefix(self.marker.as_str()) else {
            return false;
        };
        let mut counts = report.split_whitespace().map(|count| count.parse().unwrap_or(0));
        self.facts.refused_processes = counts.next().unwrap_or(0);
        self.facts.killed_for_memory = counts.next().unwrap_or(0);
        true
    }

    async fn send(&mut self, stream: LogStream, line: String) {
        // A reader that left has had enough; the build goes on.
        self.wanted = self.wanted && self.output.send((stream, line)).await.is_ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn read(parts: &[(LogStream, &str)]) -> (Facts, Vec<(LogStream, String)>) {
        let (sink, mut lines) = tokio::sync::mpsc::channel(100);
        let parts: Vec<_> = parts
            .iter()
            .map(|(stream, text)| {
                let message = text.as_bytes().to_vec().into();
                Ok(match stream {
                    LogStream::Stderr => LogOutput::StdErr { message },
                    _ => LogOutput::StdOut { message },
                })
            })
            .collect();
        let facts = Transcript::new(sink, "mark".to_owned())
            .follow(futures::stream::iter(parts))
            .await
            .unwrap();
        let mut all = Vec::new();
        while let Ok(line) = lines.try_recv() {
            all.push(line);
        }
        (facts, all)
    }

    #[tokio::test]
    async fn the_runners_report_is_taken_out_and_read() {
        let (facts, lines) = read(&[
            (LogStream::Stdout, "one\ntwo"),
            (LogStream::Stderr, "no end\nmark 3 1\n"),
        ])
        .await;
        assert_eq!(
            facts,
            Facts {
                refused_processes: 3,
                killed_for_memory: 1,
                file_too_large: false
            }
        );
        let text: Vec<&str> = lines.iter().map(|line| line.1.as_str()).collect();
        assert_eq!(text, ["one", "no end", "two"]);
    }

    #[tokio::test]
    async fn empty_lines_stay_and_the_runners_own_goes() {
        let (_, lines) = read(&[(LogStream::Stderr, "a\n\n\nb\n\nmark 0 0\n")]).await;
        let text: Vec<&str> = lines.iter().map(|line| line.1.as_str()).collect();
        assert_eq!(text, ["a", "", "", "b"]);
    }

    #[tokio::test]
    async fn a_file_beyond_its_limit_is_noticed() {
        let (facts, _) = read(&[(LogStream::Stderr, "cp: error writing 'x': File too large\n")]).await;
        assert!(facts.file_too_large);
    }
}
