//! How a build ended, told apart: by itself, or because it wanted more than it may have.

use super::output::Facts;
use crate::runtime::process::limits::Exceeded;
use crate::runtime::{BuildCommand, ExitReport};

/// A shell's way to say that a command was ended by a signal.
const SIGNAL_BASE: i64 = 128;
const LAST_SIGNAL: i64 = 31;
const SIGXFSZ: i64 = 25;

/// How it came to an end.
#[derive(Debug)]
pub(super) enum End {
    /// By itself.
    Exited { code: i64, facts: Facts },
    /// The user did not want it any more.
    Cancelled,
    /// We stopped it.
    Stopped(Exceeded),
}

/// The report. `killed_for_memory` is what the engine says.
pub(super) fn judge(end: End, killed_for_memory: bool, command: &BuildCommand) -> ExitReport {
    let exceeded =
        |exceeded: Exceeded| ExitReport::LimitExceeded(exceeded.user_error(&command.limits, command.timeout));
    let (code, facts) = match end {
        End::Cancelled => return ExitReport::Cancelled,
        End::Stopped(limit) => return exceeded(limit),
        End::Exited { code, facts } => (code, facts),
    };
    let signal = code - SIGNAL_BASE;
    if code == 0 {
        // What it survived is its own business.
        ExitReport::Exited(0)
    } else if killed_for_memory || facts.killed_for_memory > 0 {
        exceeded(Exceeded::Memory)
    } else if facts.refused_processes > 0 {
        exceeded(Exceeded::Processes)
    } else if facts.file_too_large || signal == SIGXFSZ {
        exceeded(Exceeded::Disk)
    } else if (1..=LAST_SIGNAL).contains(&signal) {
        ExitReport::Signalled(i32::try_from(signal).unwrap_or(0))
    } else {
        ExitReport::Exited(i32::try_from(code).unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::time::Duration;

    use aether_models::{DeploymentId, ProjectSettings};

    use super::*;

    fn code_of(code: i64, facts: Facts, oom: bool) -> String {
        let command = BuildCommand {
            deployment_id: DeploymentId::generate(),
            script: String::new(),
            workspace: "/w".into(),
            directory: ".".to_owned(),
            caches: Vec::new(),
            env: BTreeMap::new(),
            limits: ProjectSettings::default().build_limits,
            timeout: Duration::from_secs(60),
            stack: None,
        };
        match judge(End::Exited { code, facts }, oom, &command) {
            ExitReport::LimitExceeded(error) => error.code,
            other => format!("{other:?}"),
        }
    }

    #[test]
    fn f14_f32_limits_are_told_apart() {
        let none = Facts::default;
        assert_eq!(code_of(137, none(), true), "build_out_of_memory");
        assert_eq!(
            code_of(
                1,
                Facts {
                    killed_for_memory: 1,
                    ..none()
                },
                false
            ),
            "build_out_of_memory"
        );
        assert_eq!(
            code_of(
                2,
                Facts {
                    refused_processes: 9,
                    ..none()
                },
                false
            ),
            "build_too_many_processes"
        );
        assert_eq!(
            code_of(
                1,
                Facts {
                    file_too_large: true,
                    ..none()
                },
                false
            ),
            "build_out_of_disk"
        );
        assert_eq!(code_of(153, none(), false), "build_out_of_disk");
    }

    #[test]
    fn a_command_that_ended_well_is_not_blamed_for_what_it_survived() {
        let facts = Facts {
            refused_processes: 1,
            killed_for_memory: 1,
            file_too_large: true,
        };
        assert_eq!(code_of(0, facts, true), "Exited(0)");
    }

    #[test]
    fn codes_and_signals_are_passed_on() {
        assert_eq!(code_of(3, Facts::default(), false), "Exited(3)");
        assert_eq!(code_of(134, Facts::default(), false), "Signalled(6)");
        assert_eq!(code_of(137, Facts::default(), false), "Signalled(9)");
    }
}
