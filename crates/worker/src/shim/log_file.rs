//! What an app printed, as lines of JSON in two files: `app.log`, and `app.log.1` with what came before.
//!
//! Lines are numbered without gaps for the whole life of the instance, over rotations and over restarts of its
//! supervisor; the numbers grow within a file, so a reader finds its place by bisection.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use aether_models::{LogLine, LogStream, SharedClock};

const CURRENT: &str = "app.log";
const BEFORE: &str = "app.log.1";
/// A file that reaches this size becomes the one before; two of them are the most that an app's log takes.
pub(crate) const ROTATE_AT: u64 = 10 * 1024 * 1024;
/// The longest line on disk: 64 KiB of text whose every byte needs six in JSON, and the rest of the record.
const RECORD_MAX: u64 = 64 * 1024 * 6 + 1024;

/// Writes the log; one per supervisor.
pub(crate) struct LogFile {
    folder: PathBuf,
    clock: SharedClock,
    file: File,
    size: u64,
    next: i64,
    rotate_at: u64,
}

impl LogFile {
    pub(crate) fn open(folder: &Path, clock: SharedClock) -> io::Result<Self> {
        trim_half_record(&folder.join(CURRENT))?;
        let last = last_seq(&folder.join(CURRENT))?.or(last_seq(&folder.join(BEFORE))?);
        let file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(folder.join(CURRENT))?;
        Ok(Self {
            folder: folder.to_owned(),
            clock,
            size: file.metadata()?.len(),
            file,
            next: last.unwrap_or(0) + 1,
            rotate_at: ROTATE_AT,
        })
    }

    /// Adds a line. A number is used up only by a line that was written.
    pub(crate) fn write(&mut self, stream: LogStream, text: String) -> io::Result<()> {
        let line = LogLine {
            seq: self.next,
            at: self.clock.now(),
            step: None,
            stream,
            text,
        };
        let mut record = serde_json::to_vec(&line)?;
        record.push(b'\n');
        if let Err(error) = self.file.write_all(&record) {
            // Half a record must not become the head of the next one.
            self.file.set_len(self.size)?;
            return Err(error);
        }
        self.size += record.len() as u64;
        self.next += 1;
        if self.size >= self.rotate_at {
            self.rotate()?;
        }
        Ok(())
    }

    fn rotate(&mut self) -> io::Result<()> {
        fs::rename(self.folder.join(CURRENT), self.folder.join(BEFORE))?;
        self.file = OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(CURRENT))?;
        self.size = 0;
        Ok(())
    }
}

/// Cuts off what a writer that was killed left of its last record; the next one would be glued to it.
fn trim_half_record(path: &Path) -> io::Result<()> {
    let Ok(mut file) = OpenOptions::new().read(true).write(true).open(path) else {
        return Ok(());
    };
    let size = file.metadata()?.len();
    let from = size.saturating_sub(RECORD_MAX);
    let mut tail = Vec::new();
    file.seek(SeekFrom::Start(from))?;
    file.read_to_end(&mut tail)?;
    let whole = memchr::memrchr(b'\n', &tail).map_or(0, |end| end as u64 + 1);
    file.set_len(from + whole)
}

/// Lines numbered above `after`, oldest first, at most `limit`.
pub(crate) fn read_lines(folder: &Path, after: i64, limit: usize) -> io::Result<Vec<LogLine>> {
    // The newer file is opened first: if it is rotated away meanwhile, its lines are met twice, not never.
    let current = open(&folder.join(CURRENT))?;
    let before = open(&folder.join(BEFORE))?;
    let mut lines = Vec::new();
    let mut seen = after;
    for mut file in [before, current].into_iter().flatten() {
        let start = place_of(&mut file, seen)?;
        file.seek(SeekFrom::Start(start))?;
        for record in BufReader::new(file).split(b'\n') {
            if lines.len() >= limit {
                return Ok(lines);
            }
            let Ok(line) = serde_json::from_slice::<LogLine>(&record?) else {
                // The record that is just being written.
                continue;
            };
            if line.seq > seen {
                seen = line.seq;
                lines.push(line);
            }
        }
    }
    Ok(lines)
}

fn open(path: &Path) -> io::Result<Option<File>> {
    match File::open(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

/// A place in the file before which every line is numbered `after` or less, and not far before the next one.
fn place_of(file: &mut File, after: i64) -> io::Result<u64> {
    let (mut low, mut high) = (0, file.metadata()?.len());
    while high.saturating_sub(low) > RECORD_MAX {
        let middle = low + (high - low) / 2;
        match record_from(file, middle)? {
            Some((start, line)) if line.seq <= after => low = start,
            _ => high = middle,
        }
    }
    Ok(low)
}

/// The first whole record that starts after `offset`, and where.
fn record_from(file: &mut File, offset: u64) -> io::Result<Option<(u64, LogLine)>> {
    file.seek(SeekFrom::Start(offset))?;
    let mut reader = BufReader::new(file.take(2 * RECORD_MAX));
    let mut skipped = Vec::new();
    let start = offset + reader.read_until(b'\n', &mut skipped)? as u64;
    let mut record = Vec::new();
    reader.read_until(b'\n', &mut record)?;
    Ok(serde_json::from_slice(&record).ok().map(|line| (start, line)))
}

/// The number of the last whole record.
fn last_seq(path: &Path) -> io::Result<Option<i64>> {
    let Some(mut file) = open(path)? else {
        return Ok(None);
    };
    let size = file.metadata()?.len();
    file.seek(SeekFrom::Start(size.saturating_sub(2 * RECORD_MAX)))?;
    let mut last = None;
    for record in BufReader::new(file).split(b'\n') {
        if let Ok(line) = serde_json::from_slice::<LogLine>(&record?) {
            last = Some(line.seq);
        }
    }
    Ok(last)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use aether_models::SystemClock;

    use super::*;

    fn log(folder: &Path, rotate_at: u64) -> LogFile {
        let mut log = LogFile::open(folder, Arc::new(SystemClock)).unwrap();
        log.rotate_at = rotate_at;
        log
    }

    fn numbers(lines: &[LogLine]) -> Vec<i64> {
        lines.iter().map(|line| line.seq).collect()
    }

    #[test]
    fn numbers_go_on_over_rotations_and_new_writers() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = log(folder.path(), 2000);
        for number in 1..=20 {
            writer.write(LogStream::Stdout, format!("line {number}")).unwrap();
        }
        drop(writer);
        let mut writer = log(folder.path(), 2000);
        for number in 21..=30 {
            writer.write(LogStream::Stderr, format!("line {number}")).unwrap();
        }
        assert!(folder.path().join(BEFORE).exists(), "it was rotated");
        let lines = read_lines(folder.path(), 0, 1000).unwrap();
        let last = lines.last().unwrap();
        assert_eq!((last.seq, last.text.as_str()), (30, "line 30"));
        let expected: Vec<i64> = (lines[0].seq..=30).collect();
        assert_eq!(numbers(&lines), expected, "no gap, none twice");
        assert_eq!(numbers(&read_lines(folder.path(), 27, 2).unwrap()), [28, 29]);
    }

    #[test]
    fn a_reader_finds_its_place_in_a_long_file() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = log(folder.path(), u64::MAX);
        for _ in 0..4000 {
            writer.write(LogStream::Stdout, "x".repeat(1000)).unwrap();
        }
        for after in [0, 1, 1999, 3998, 3999] {
            let lines = read_lines(folder.path(), after, 1).unwrap();
            assert_eq!(numbers(&lines), [after + 1]);
        }
        assert!(read_lines(folder.path(), 4000, 10).unwrap().is_empty());
    }

    #[test]
    fn half_a_record_is_left_out() {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = log(folder.path(), u64::MAX);
        writer.write(LogStream::Stdout, "whole".to_owned()).unwrap();
        writer.file.write_all(b"{\"seq\":2,\"at\":\"20").unwrap();
        assert_eq!(numbers(&read_lines(folder.path(), 0, 10).unwrap()), [1]);
        log(folder.path(), u64::MAX)
            .write(LogStream::Stdout, "next".to_owned())
            .unwrap();
        assert_eq!(numbers(&read_lines(folder.path(), 0, 10).unwrap()), [1, 2]);
    }

    #[test]
    fn an_app_that_printed_nothing_has_an_empty_log() {
        let folder = tempfile::tempdir().unwrap();
        assert!(read_lines(folder.path(), 0, 10).unwrap().is_empty());
    }
}
