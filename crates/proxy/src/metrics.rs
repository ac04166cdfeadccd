//! Counters of the proxy. Each thread counts for itself, so that no request waits for another core's cache line; the
//! threads are added up when somebody asks.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::StatusCode;

use crate::server::{End, Shared};
use crate::traffic::{PROJECT_BOUNDS_US, ProjectTotals, Traffic, status_class};

/// Upper bounds of the latency histogram, in microseconds.
const BOUNDS_US: [u64; 14] = [
    100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 1_000_000, 5_000_000,
    30_000_000,
];

/// Who made an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Source {
    /// The proxy itself.
    Page,
    /// A static site.
    Static,
    /// An app.
    App,
}

const SOURCES: [(Source, &str); 3] = [
    (Source::Page, "page"),
    (Source::Static, "static"),
    (Source::App, "app"),
];
const ENDS: [(End, &str); 5] = [
    (End::RequestTimeout, "request_timeout"),
    (End::Idle, "idle"),
    (End::WriteStall, "write_stall"),
    (End::Drain, "drain"),
    (End::Flood, "flood"),
];

/// What one thread counted.
#[derive(Debug, Default)]
pub(crate) struct Stats {
    /// By source, then by class of status.
    requests: [[AtomicU64; 5]; 3],
    latency: [[AtomicU64; BOUNDS_US.len() + 1]; 3],
    latency_sum_us: [AtomicU64; 3],
    sent_bytes: AtomicU64,
    opened: AtomicU64,
    closed: AtomicU64,
    rejected: AtomicU64,
    refused_heads: AtomicU64,
    ends: [AtomicU64; 5],
    rested: AtomicU64,
    upstream_connects: AtomicU64,
    upstream_retries: AtomicU64,
    pub(crate) traffic: Traffic,
}

impl Stats {
    pub(crate) fn count_request(&self, source: Source, status: StatusCode, took: Duration) {
        let class = status_class(status);
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let bucket = BOUNDS_US
            .iter()
            .position(|&bound| took_us <= bound)
            .unwrap_or(BOUNDS_US.len());
        add(&self.requests[source as usize][class], 1);
        add(&self.latency[source as usize][bucket], 1);
        add(&self.latency_sum_us[source as usize], took_us);
    }

    pub(crate) fn add_sent(&self, bytes: usize) {
        add(&self.sent_bytes, bytes as u64);
    }

    pub(crate) fn connection_opened(&self) {
        add(&self.opened, 1);
    }

    pub(crate) fn connection_closed(&self) {
        add(&self.closed, 1);
    }

    /// A connection over a cap.
    pub(crate) fn connection_rejected(&self) {
        add(&self.rejected, 1);
    }

    pub(crate) fn head_refused(&self) {
        add(&self.refused_heads, 1);
    }

    pub(crate) fn count_end(&self, end: End) {
        add(&self.ends[end as usize], 1);
    }

    /// An idle connection has let go of its buffers.
    pub(crate) fn connection_rests(&self) {
        add(&self.rested, 1);
    }

    pub(crate) fn upstream_connect(&self) {
        add(&self.upstream_connects, 1);
    }

    pub(crate) fn upstream_retry(&self) {
        add(&self.upstream_retries, 1);
    }
}

/// Only the own thread writes, so reading and writing apart is enough and spares a locked instruction.
pub(crate) fn add(counter: &AtomicU64, value: u64) {
    counter.store(
        counter.load(Ordering::Relaxed).wrapping_add(value),
        Ordering::Relaxed,
    );
}

/// The metrics in Prometheus' text format.
pub(crate) fn render(shared: &Shared, stats: &[Arc<Stats>]) -> String {
    let mut page = Page {
        text: String::with_capacity(8 * 1024),
        stats,
    };
    page.requests();
    page.durations();
    page.ends();
    page.totals();
    page.gauges(shared);
    page.projects(shared);
    page.text
}

/// Finds a counter.
type Counter = fn(&Stats) -> &AtomicU64;

/// A page of metrics in the making.
struct Page<'s> {
    text: String,
    stats: &'s [Arc<Stats>],
}

impl Page<'_> {
    fn requests(&mut self) {
        let name = "aether_proxy_requests_total";
        self.header(name, "counter", "Requests answered.");
        for (source, label) in SOURCES {
            for class in 0..5 {
                let value = self.sum(|stats| &stats.requests[source as usize][class]);
                self.line(format_args!(
                    "{name}{{source=\"{label}\",status=\"{}xx\"}} {value}",
                    class + 1
                ));
            }
        }
    }

    fn durations(&mut self) {
        let name = "aether_proxy_request_duration_seconds";
        self.header(
            name,
            "histogram",
            "From the head of a request to the end of its answer.",
        );
        for (source, label) in SOURCES {
            let mut count = 0;
            for bucket in 0..=BOUNDS_US.len() {
                count += self.sum(|stats| &stats.latency[source as usize][bucket]);
                let bound = BOUNDS_US
                    .get(bucket)
                    .map_or("+Inf".to_owned(), |&us| (us as f64 / 1e6).to_string());
                self.line(format_args!(
                    "{name}_bucket{{source=\"{label}\",le=\"{bound}\"}} {count}"
                ));
            }
            let seconds = self.sum(|stats| &stats.latency_sum_us[source as usize]) as f64 / 1e6;
            self.line(format_args!("{name}_sum{{source=\"{label}\"}} {seconds}"));
            self.line(format_args!("{name}_count{{source=\"{label}\"}} {count}"));
        }
    }

    fn ends(&mut self) {
        let name = "aether_proxy_connections_ended_total";
        self.header(name, "counter", "Connections ended by a timer.");
        for (end, label) in ENDS {
            let value = self.sum(|stats| &stats.ends[end as usize]);
            self.line(format_args!("{name}{{reason=\"{label}\"}} {value}"));
        }
    }

    fn totals(&mut self) {
        let totals: [(&str, &str, Counter); 7] = [
            ("sent_bytes_total", "Bytes sent to clients.", |stats| {
                &stats.sent_bytes
            }),
            ("connections_opened_total", "Connections accepted.", |stats| {
                &stats.opened
            }),
            (
                "connections_rested_total",
                "Times an idle connection let go of its buffers.",
                |stats| &stats.rested,
            ),
            ("connections_rejected_total", "Connections over a cap.", |stats| {
                &stats.rejected
            }),
            (
                "requests_malformed_total",
                "Requests that could not be read.",
                |stats| &stats.refused_heads,
            ),
            ("upstream_connects_total", "Connections made to apps.", |stats| {
                &stats.upstream_connects
            }),
            (
                "upstream_retries_total",
                "Requests sent to an app again.",
                |stats| &stats.upstream_retries,
            ),
        ];
        for (name, help, counter) in totals {
            let value = self.sum(counter);
            self.single(name, "counter", help, value);
        }
    }

    fn gauges(&mut self, shared: &Shared) {
        let table = shared.table.load();
        let version = u64::try_from(table.version()).unwrap_or(0);
        let dropped = shared.access_log.dropped();
        self.single(
            "connections",
            "gauge",
            "Connections open.",
            shared.clients.open() as u64,
        );
        self.single("routes", "gauge", "Hosts in the route table.", table.len() as u64);
        self.single("route_version", "gauge", "Version of the route table.", version);
        self.single(
            "hot_file_bytes",
            "gauge",
            "Bytes of files held in memory.",
            shared.hot.used() as u64,
        );
        self.single(
            "access_log_dropped_total",
            "counter",
            "Lines the access log could not keep up with.",
            dropped,
        );
    }

    /// By project: who is busy, who fails, who is slow. Others are those beyond the bound.
    fn projects(&mut self, shared: &Shared) {
        let threads: Vec<&Traffic> = self.stats.iter().map(|stats| &stats.traffic).collect();
        let totals = shared.projects.totals(&threads);
        let labelled: Vec<(String, ProjectTotals)> = totals
            .into_iter()
            .map(|(project, totals)| (project.map_or("others".to_owned(), |id| id.to_string()), totals))
            .collect();
        let name = "aether_proxy_project_requests_total";
        self.header(name, "counter", "Requests answered for a project.");
        for (project, totals) in &labelled {
            for (class, count) in totals
                .answered
                .iter()
                .enumerate()
                .filter(|(_, count)| **count > 0)
            {
                let status = class + 1;
                self.line(format_args!(
                    "{name}{{project=\"{project}\",status=\"{status}xx\"}} {count}"
                ));
            }
        }
        let name = "aether_proxy_project_request_duration_seconds";
        self.header(
            name,
            "histogram",
            "From the head of a request to the end of its answer.",
        );
        for (project, totals) in &labelled {
            self.project_durations(name, project, totals);
        }
        let name = "aether_proxy_project_sent_bytes_total";
        self.header(name, "counter", "Bytes of answers' bodies.");
        for (project, totals) in &labelled {
            self.line(format_args!(
                "{name}{{project=\"{project}\"}} {}",
                totals.sent_bytes
            ));
        }
        let name = "aether_proxy_project_requests_in_flight";
        self.header(name, "gauge", "Requests that are being answered.");
        for (project, totals) in &labelled {
            self.line(format_args!(
                "{name}{{project=\"{project}\"}} {}",
                totals.in_flight
            ));
        }
    }

    fn project_durations(&mut self, name: &str, project: &str, totals: &ProjectTotals) {
        let mut count = 0;
        for (bucket, in_bucket) in totals.latency.iter().enumerate() {
            count += in_bucket;
            let bound = PROJECT_BOUNDS_US
                .get(bucket)
                .map_or("+Inf".to_owned(), |&us| (us as f64 / 1e6).to_string());
            self.line(format_args!(
                "{name}_bucket{{project=\"{project}\",le=\"{bound}\"}} {count}"
            ));
        }
        let seconds = totals.latency_sum_us as f64 / 1e6;
        self.line(format_args!("{name}_sum{{project=\"{project}\"}} {seconds}"));
        self.line(format_args!("{name}_count{{project=\"{project}\"}} {count}"));
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        let name = format!("aether_proxy_{name}");
        self.header(&name, kind, help);
        self.line(format_args!("{name} {value}"));
    }

    fn header(&mut self, name: &str, kind: &str, help: &str) {
        self.line(format_args!("# HELP {name} {help}\n# TYPE {name} {kind}"));
    }

    fn line(&mut self, line: std::fmt::Arguments<'_>) {
        // Writing to a string cannot fail.
        let _ = writeln!(self.text, "{line}");
    }

    fn sum(&self, counter: impl Fn(&Stats) -> &AtomicU64) -> u64 {
        let counters = self
            .stats
            .iter()
            .map(|stats| counter(stats).load(Ordering::Relaxed));
        counters.sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tables_follow_the_order_of_their_enums() {
        assert!(
            SOURCES
                .iter()
                .enumerate()
                .all(|(index, (source, _))| *source as usize == index)
        );
        assert!(
            ENDS.iter()
                .enumerate()
                .all(|(index, (end, _))| *end as usize == index)
        );
    }
}
