//! Builds that print too much, or strange things.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "helpers of tests are tests"
)]

mod runtime_support;

use aether_models::LogStream;
use aether_worker::runtime::{ExitReport, Runtime};
use runtime_support::{Setup, text};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const MIB: u64 = 1 << 20;

/// The most memory this process ever had.
fn peak() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

fn grown(before: u64) -> u64 {
    // The kernel's counters are a little off, in both directions.
    peak().saturating_sub(before)
}

#[tokio::test]
async fn f33_a_gigabyte_of_output_is_read_with_bounded_memory_when_the_log_has_had_enough() {
    let setup = Setup::new().await;
    let command = setup
        .command("yes 'a line of output like any other, some fifty bytes' | head -c 1G; echo end >&2")
        .await;
    let before = peak();
    let (sink, mut lines) = mpsc::channel(64);
    let reader = async {
        for _ in 0..10_000 {
            assert!(lines.recv().await.is_some());
        }
        // The log's cap is reached.
        drop(lines);
    };
    let (report, ()) = tokio::join!(
        setup.runtime.run_build(command, sink, CancellationToken::new()),
        reader
    );
    assert_eq!(report.unwrap(), ExitReport::Exited(0), "the build went on");
    assert!(grown(before) < 64 * MIB, "{} MiB", grown(before) / MIB);
}

#[tokio::test]
async fn f33_one_line_of_100_mb_is_cut_with_bounded_memory() {
    let setup = Setup::new().await;
    let before = peak();
    let (report, output) = setup
        .run("head -c 100m /dev/zero | tr '\\0' x; echo; echo next")
        .await;
    assert_eq!(report, ExitReport::Exited(0));
    assert_eq!(output.len(), 2);
    assert!(output[0].1.ends_with("x … [line cut at 64 KiB]"));
    assert_eq!(output[1].1, "next");
    assert!(grown(before) < 64 * MIB, "{} MiB", grown(before) / MIB);
}

#[tokio::test]
async fn f33_nul_invalid_utf8_colours_and_progress_arrive_as_text() {
    let setup = Setup::new().await;
    let (_, output) = setup
        .run(r"printf 'nul\0here\n'; printf 'bad\377\376\n'; printf '\033[31mred\033[0m\n'; printf '1%%\r2%%\r3%%\n'; printf 'no end'")
        .await;
    assert_eq!(
        text(&output),
        [
            "nul\u{FFFD}here",
            "bad\u{FFFD}\u{FFFD}",
            "\u{1b}[31mred\u{1b}[0m",
            "3%",
            "no end"
        ]
    );
}

#[tokio::test]
async fn streams_are_told_apart_and_each_keeps_its_order() {
    let setup = Setup::new().await;
    let (_, output) = setup
        .run("for i in $(seq 500); do echo out $i; echo err $i >&2; done")
        .await;
    for (stream, word) in [(LogStream::Stdout, "out"), (LogStream::Stderr, "err")] {
        let lines: Vec<&str> = output
            .iter()
            .filter(|(from, _)| *from == stream)
            .map(|(_, line)| line.as_str())
            .collect();
        let expected: Vec<String> = (1..=500).map(|number| format!("{word} {number}")).collect();
        assert_eq!(lines, expected);
    }
}

#[tokio::test]
async fn a_slow_log_slows_the_build_down_instead_of_losing_lines() {
    let setup = Setup::new().await;
    let command = setup.command("seq 20000").await;
    let (sink, mut lines) = mpsc::channel(1);
    let reader = async {
        let mut count = 0_u32;
        while lines.recv().await.is_some() {
            count += 1;
            if count.is_multiple_of(1000) {
                tokio::task::yield_now().await;
            }
        }
        count
    };
    let (report, count) = tokio::join!(
        setup.runtime.run_build(command, sink, CancellationToken::new()),
        reader
    );
    assert_eq!((report.unwrap(), count), (ExitReport::Exited(0), 20_000));
}
