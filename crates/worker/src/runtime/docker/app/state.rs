//! What an app is doing, read from what the engine knows of its container.
//!
//! The engine restarts with pauses of 0.1 s that double up to a minute, and begins anew after a run of ten seconds. So
//! the length of the last pause tells how many short runs there were in a row, without anybody having to count.

use bollard::models::{ContainerInspectResponse, ContainerState};
use chrono::{DateTime, TimeDelta, Utc};

use crate::runtime::AppState;
use crate::runtime::process::exit::Ending;

/// So many ends are a crash loop, when they come in a row.
const CRASH_LIMIT: i64 = 5;
/// The engine's own bound between a crash and a run (`restartmanager.go`).
const SHORT_RUN: TimeDelta = TimeDelta::seconds(10);
/// The pause before the fifth start in a row: 0.1 s, doubled four times, less what clocks may differ.
const LONG_PAUSE: TimeDelta = TimeDelta::milliseconds(1_500);
/// A longer one was the machine's, not the engine's.
const LONGEST_PAUSE: TimeDelta = TimeDelta::seconds(120);

pub(super) fn state_of(container: &ContainerInspectResponse, now: DateTime<Utc>) -> AppState {
    let Some(state) = &container.state else {
        return AppState::Stopped;
    };
    let restarts = container.restart_count.unwrap_or(0);
    let (started, finished) = (
        time(state.started_at.as_deref()),
        time(state.finished_at.as_deref()),
    );
    if state.restarting.unwrap_or(false) {
        let short = matches!((started, finished), (Some(from), Some(to)) if to - from < SHORT_RUN);
        return if short && restarts + 1 >= CRASH_LIMIT {
            AppState::CrashLooping {
                last_exit: last_exit(state),
            }
        } else {
            AppState::BackingOff {
                last_exit: last_exit(state),
            }
        };
    }
    if !state.running.unwrap_or(false) {
        return AppState::Stopped;
    }
    match (started, finished) {
        (Some(started), Some(finished)) if restarts >= CRASH_LIMIT && is_unsound(started, finished, now) => {
            AppState::CrashLooping {
                last_exit: "ended again and again".to_owned(),
            }
        }
        _ => AppState::Running,
    }
}

/// Whether an app that runs right now was started after a long pause; it may crash again at once.
fn is_unsound(started: DateTime<Utc>, finished: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    let pause = started - finished;
    pause >= LONG_PAUSE && pause <= LONGEST_PAUSE && now - started < SHORT_RUN
}

fn last_exit(state: &ContainerState) -> String {
    if state.oom_killed.unwrap_or(false) {
        return "ran out of memory".to_owned();
    }
    let code = state.exit_code.unwrap_or(0);
    let ending = match code {
        129..=159 => Ending::Signalled(i32::try_from(code - 128).unwrap_or(0)),
        _ => Ending::Exited(i32::try_from(code).unwrap_or(0)),
    };
    ending.to_string()
}

/// The engine's times; the year 1 stands for never.
fn time(text: Option<&str>) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(text?).ok()?.with_timezone(&Utc);
    (time.timestamp() > 0).then_some(time)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now(second: u32) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("2026-01-01T00:00:{second:02}Z"))
            .unwrap()
            .to_utc()
    }

    fn container(restarts: i64, restarting: bool, started: &str, finished: &str) -> ContainerInspectResponse {
        let at = |second: &str| Some(format!("2026-01-01T00:00:{second}Z"));
        ContainerInspectResponse {
            restart_count: Some(restarts),
            state: Some(ContainerState {
                running: Some(!restarting),
                restarting: Some(restarting),
                exit_code: Some(if restarting { 137 } else { 0 }),
                started_at: at(started),
                finished_at: at(finished),
                ..ContainerState::default()
            }),
            ..ContainerInspectResponse::default()
        }
    }

    #[test]
    fn f15_the_fifth_crash_in_a_row_is_a_crash_loop() {
        let crashed = |restarts| state_of(&container(restarts, true, "10.0", "11.0"), now(11));
        assert!(matches!(crashed(3), AppState::BackingOff { last_exit } if last_exit.contains("signal 9")));
        assert!(matches!(crashed(4), AppState::CrashLooping { .. }));
    }

    #[test]
    fn f15_an_app_that_ran_well_before_it_crashed_is_only_backing_off() {
        let state = state_of(&container(40, true, "10.0", "50.0"), now(51));
        assert!(matches!(state, AppState::BackingOff { .. }));
    }

    #[test]
    fn f15_a_run_after_a_long_pause_is_not_trusted_at_once() {
        let long = container(6, false, "13.2", "10.0");
        assert!(matches!(state_of(&long, now(14)), AppState::CrashLooping { .. }));
        assert_eq!(
            state_of(&long, now(24)),
            AppState::Running,
            "it has run for ten seconds"
        );
        let first = container(6, false, "10.2", "10.0");
        assert_eq!(
            state_of(&first, now(11)),
            AppState::Running,
            "a short pause means a first crash"
        );
    }
}
