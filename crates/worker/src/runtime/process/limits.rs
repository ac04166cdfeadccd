//! A limit that a build went over, and what its user is told.

use std::time::Duration;

use aether_models::{ResourceLimits, UserError};
use tokio::time::Instant;

use super::cgroups::{Group, Refusals};
use super::disk::FILES_MAX;
use super::processes::ProcessTree;

/// A build that goes on asking for processes this long after the first refusal will not stop by itself.
const PROCESS_BOMB_AFTER: Duration = Duration::from_secs(2);
const MIB: u64 = 1024 * 1024;

/// The limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Exceeded {
    Memory,
    Processes,
    Time,
    Disk,
    Files,
}

impl Exceeded {
    /// The limit, its figure, and the setting that raises it.
    pub(crate) fn user_error(self, limits: &ResourceLimits, timeout: Duration) -> UserError {
        match self {
            Self::Memory => UserError::new(
                "build_out_of_memory",
                "The build ran out of memory",
                format!(
                    "The build used more than {} and was stopped.",
                    size(limits.memory_mb)
                ),
            )
            .hint("Raise it in Settings > Build > Memory, or let the build use less."),
            Self::Processes => UserError::new(
                "build_too_many_processes",
                "The build started too many processes",
                format!(
                    "The build ran more than {} processes and threads at once.",
                    limits.pids
                ),
            )
            .hint("Raise it in Settings > Build > Processes, or let the build do less at a time."),
            Self::Time => UserError::new(
                "build_timed_out",
                "The build took too long",
                format!(
                    "The build ran longer than {} and was stopped.",
                    humantime::format_duration(Duration::from_secs(timeout.as_secs().max(1)))
                ),
            )
            .hint("Raise it in Settings > Build > Timeout. A build that waits for an answer never ends."),
            Self::Disk => UserError::new(
                "build_out_of_disk",
                "The build ran out of disk space",
                format!(
                    "The build wrote more than {} and was stopped.",
                    size(limits.disk_mb)
                ),
            )
            .hint("Raise it in Settings > Build > Disk, or let the build write less."),
            Self::Files => UserError::new(
                "build_out_of_disk",
                "The build made too many files",
                format!("The build made more than {FILES_MAX} files and was stopped."),
            )
            .hint("Let the build make fewer files."),
        }
    }
}

/// Looks whether a running build goes over its memory or processes.
#[derive(Debug)]
pub(crate) struct LimitWatch<'a> {
    group: Option<&'a Group>,
    limits: ResourceLimits,
    first_refusal: Option<(Instant, u64)>,
}

impl<'a> LimitWatch<'a> {
    pub(crate) const fn new(group: Option<&'a Group>, limits: ResourceLimits) -> Self {
        Self {
            group,
            limits,
            first_refusal: None,
        }
    }

    /// Asked a few times a second.
    pub(super) fn look(&mut self, pid: i32) -> Option<Exceeded> {
        let refusals = self.refusals();
        if refusals.out_of_memory > 0 {
            return Some(Exceeded::Memory);
        }
        let (since, count) = *self
            .first_refusal
            .get_or_insert_with(|| (Instant::now(), refusals.processes));
        if refusals.processes == 0 {
            self.first_refusal = None;
        } else if since.elapsed() >= PROCESS_BOMB_AFTER {
            if refusals.processes > count {
                return Some(Exceeded::Processes);
            }
            self.first_refusal = None;
        }
        self.look_without_groups(pid)
    }

    /// What the group refused: at the end, even a build that ended by itself is asked.
    pub(super) fn refusals(&self) -> Refusals {
        self.group.map(Group::refusals).unwrap_or_default()
    }

    /// Looks at the processes themselves, where no group holds them to their limits.
    pub(crate) fn look_without_groups(&self, pid: i32) -> Option<Exceeded> {
        let memory = !self.group.is_some_and(Group::limits_memory);
        let processes = !self.group.is_some_and(Group::limits_processes);
        if !memory && !processes {
            return None;
        }
        let usage = ProcessTree::read().usage(pid);
        // Two of them are the sandbox's own.
        if processes && usage.processes > u64::from(self.limits.pids) + 2 {
            return Some(Exceeded::Processes);
        }
        (memory && usage.memory_bytes > u64::from(self.limits.memory_mb) * MIB).then_some(Exceeded::Memory)
    }
}

fn size(megabytes: u32) -> String {
    if megabytes >= 1024 && megabytes.is_multiple_of(1024) {
        format!("{} GiB", megabytes / 1024)
    } else {
        format!("{megabytes} MiB")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_limit_is_named_with_its_figure_and_its_setting() {
        let limits = ResourceLimits {
            memory_mb: 2048,
            cpus: 2.0.into(),
            pids: 1024,
            disk_mb: 10_250,
        };
        let text: Vec<String> = [
            Exceeded::Memory,
            Exceeded::Processes,
            Exceeded::Time,
            Exceeded::Disk,
            Exceeded::Files,
        ]
        .map(|exceeded| exceeded.user_error(&limits, Duration::from_secs(1200)))
        .map(|error| format!("{} | {error} | {}", error.code, error.hint.as_deref().unwrap()))
        .to_vec();
        insta::assert_snapshot!(text.join("\n"), @r"
        build_out_of_memory | The build ran out of memory: The build used more than 2 GiB and was stopped. | Raise it in Settings > Build > Memory, or let the build use less.
        build_too_many_processes | The build started too many processes: The build ran more than 1024 processes and threads at once. | Raise it in Settings > Build > Processes, or let the build do less at a time.
        build_timed_out | The build took too long: The build ran longer than 20m and was stopped. | Raise it in Settings > Build > Timeout. A build that waits for an answer never ends.
        build_out_of_disk | The build ran out of disk space: The build wrote more than 10250 MiB and was stopped. | Raise it in Settings > Build > Disk, or let the build write less.
        build_out_of_disk | The build made too many files: The build made more than 1000000 files and was stopped. | Let the build make fewer files.
        ");
    }
}
