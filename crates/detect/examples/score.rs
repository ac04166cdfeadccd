//! Scores detection against a table of expected answers: `score TREES TSV [TREES TSV]...`.
//!
//! TREES is a folder that holds the example apps under the paths the table names; TSV is tab-separated with a header
//! (path, provider, package_manager, install_cmd, build_cmd, start_cmd, output_dir, override_files, ...). Different
//! spellings of one thing (golang/go, `npm i`/`npm install`) are brought to one form before they are compared. A line
//! is printed for every miss and a total for every column; columns of rows with an override file are not compared,
//! as such a file is there to change the answer.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people, run by hand"
)]

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use aether_detect::{DetectOptions, DiskTree, detect};
use aether_models::{BuildPlan, PlanKind};
use anyhow::Context;

/// Spellings of one thing: kind, from, to.
const ALIASES: &str = include_str!("score-aliases.tsv");
const FILES_THAT_LOCK: [&str; 6] = [
    "package-lock.json",
    "yarn.lock",
    "pnpm-lock.yaml",
    "bun.lock",
    "bun.lockb",
    "uv.lock",
];

fn main() -> anyhow::Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.is_empty() || arguments.len() % 2 == 1 {
        eprintln!("usage: score TREES TSV [TREES TSV]...");
        return Ok(ExitCode::from(2));
    }
    let mut totals = Totals::default();
    for pair in arguments.chunks(2) {
        score(Path::new(&pair[0]), Path::new(&pair[1]), &mut totals)?;
    }
    totals.print();
    Ok(ExitCode::SUCCESS)
}

#[derive(Default)]
struct Totals(BTreeMap<&'static str, (u32, u32)>);

impl Totals {
    fn add(&mut self, column: &'static str, row: &str, expected: &str, found: &str, right: bool) {
        let total = self.0.entry(column).or_default();
        total.1 += 1;
        if right {
            total.0 += 1;
        } else {
            println!("MISS {column:<16} {row}: expected `{expected}`, found `{found}`");
        }
    }

    fn print(&self) {
        for (column, (right, all)) in &self.0 {
            println!(
                "TOTAL {column:<16} {right}/{all} = {:.1} %",
                f64::from(*right) * 100.0 / f64::from(*all)
            );
        }
    }
}

fn score(trees: &Path, table: &Path, totals: &mut Totals) -> anyhow::Result<()> {
    let text = std::fs::read_to_string(table).with_context(|| format!("reading {}", table.display()))?;
    let mut lines = text.lines();
    let header: Vec<&str> = lines.next().context("the table is empty")?.split('\t').collect();
    for line in lines {
        let cells: Vec<&str> = line.split('\t').collect();
        let cell = |names: &[&str]| {
            let at = header.iter().position(|name| names.contains(name));
            at.and_then(|at| cells.get(at))
                .copied()
                .unwrap_or_default()
                .trim()
        };
        let root = trees.join(cell(&["path"]));
        let Ok(tree) = DiskTree::open(&root) else {
            println!("SKIP {}: not there", cell(&["path"]));
            continue;
        };
        if cell(&["notes"]).contains("FAILS") {
            println!("SKIP {}: the peer has no plan for it", cell(&["path"]));
            continue;
        }
        let overridden = !cell(&["override_files"]).is_empty() || !cell(&["test_env"]).is_empty();
        let expected = Expected {
            row: cell(&["path"]),
            language: cell(&["provider", "provider/framework"]),
            manager: cell(&["package_manager"]),
            install: cell(&["install_cmd"]),
            build: cell(&["build_cmd"]),
            start: cell(&["start_cmd"]),
            output: cell(&["output_dir"]),
        };
        let detection = detect(&tree, &DetectOptions::default());
        let locked = FILES_THAT_LOCK.iter().any(|file| root.join(file).exists())
            || std::fs::read_to_string(root.join("package.json"))
                .is_ok_and(|text| text.contains("\"packageManager\""));
        compare(
            &expected,
            detection.candidates.first(),
            overridden,
            locked,
            totals,
        );
    }
    Ok(())
}

struct Expected<'t> {
    row: &'t str,
    language: &'t str,
    manager: &'t str,
    install: &'t str,
    build: &'t str,
    start: &'t str,
    output: &'t str,
}

fn compare(
    expected: &Expected<'_>,
    plan: Option<&BuildPlan>,
    overridden: bool,
    locked: bool,
    totals: &mut Totals,
) {
    let row = expected.row;
    let language = alias(
        "language",
        expected.language.split('/').next().unwrap_or_default(),
    );
    let found = plan.map_or("nothing", |plan| plan.language.as_str());
    if !overridden {
        totals.add("language", row, language, found, language == found);
    }
    let (Some(plan), false) = (plan.filter(|plan| plan.language == language), overridden) else {
        return;
    };
    let manager = expected
        .manager
        .split('+')
        .map(|name| alias("manager", name))
        .collect::<Vec<_>>()
        .join("+");
    let found = plan.package_manager.as_deref().unwrap_or_default();
    if locked && !manager.is_empty() {
        totals.add("package manager", row, &manager, found, manager == found);
    }
    let is_static = !expected.output.is_empty();
    if is_static {
        let found = plan.output_directory.as_deref().unwrap_or_default();
        totals.add(
            "output",
            row,
            expected.output,
            found,
            expected.output.trim_end_matches('/') == found,
        );
    }
    let columns = [
        ("install", expected.install, &plan.install_command),
        ("build", expected.build, &plan.build_command),
        ("start", expected.start, &plan.start_command),
    ];
    for (column, wanted, found) in columns {
        if column == "start" && is_static {
            totals.add(
                column,
                row,
                "(static)",
                found.as_deref().unwrap_or_default(),
                plan.kind == PlanKind::Static,
            );
            continue;
        }
        // A peer without a start command has nothing to compare with.
        if column == "start" && wanted.is_empty() {
            continue;
        }
        let (wanted, found) = (
            normalize(column, wanted),
            normalize(column, found.as_deref().unwrap_or_default()),
        );
        totals.add(column, row, &wanted, &found, wanted == found);
    }
}

fn aliases(kind: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let rows = ALIASES.lines().filter(|line| !line.starts_with('#'));
    rows.filter_map(move |line| {
        let mut cells = line.split('\t');
        (cells.next()? == kind).then_some((cells.next()?, cells.next().unwrap_or_default()))
    })
}

fn alias<'n>(kind: &str, name: &'n str) -> &'n str {
    aliases(kind)
        .find(|(from, _)| *from == name)
        .map_or(name, |(_, to)| to)
}

/// Brings a command to its meaning: what is installed, built or started, without the ways to say so.
fn normalize(column: &str, command: &str) -> String {
    if let Some(meaning) = by_pattern(column, command) {
        return meaning;
    }
    let command = command.split("; if [ -d").next().unwrap_or_default();
    let parts = command.split(" && ").map(str::trim);
    let parts = parts.filter(|part| !aliases("prepare").any(|(start, _)| part.starts_with(start)));
    let mut parts: Vec<String> = parts
        .map(|part| one(column, part))
        .filter(|part| !part.is_empty())
        .collect();
    parts.dedup();
    parts.join(" && ")
}

/// Starts that look for their file with a shell pattern, or bring a web server, are compared by what they start.
fn by_pattern(column: &str, command: &str) -> Option<String> {
    let holds = |words: &[&str]| words.iter().any(|word| command.contains(word));
    let start = column == "start";
    if start && holds(&["php-fpm", "/start-container.sh", "php -S", "artisan serve"]) {
        return Some("php server".to_owned());
    }
    (start && holds(&["java "]) && holds(&["-jar"])).then(|| "java -jar".to_owned())
}

fn one(column: &str, part: &str) -> String {
    let mut text = format!(
        " {}",
        part.split_whitespace()
            .filter(|word| !is_setting(word))
            .collect::<Vec<_>>()
            .join(" ")
    );
    for (from, to) in aliases("command") {
        text = text.replace(from, to);
    }
    let text = text.trim().to_owned();
    if column == "install" {
        return install(&text);
    }
    for manager in ["npm", "pnpm", "yarn", "bun"] {
        for name in ["start", "build"] {
            if text == format!("{manager} {name}") {
                return format!("{manager} run {name}");
            }
        }
    }
    text
}

/// `NAME=value` before a command, as both sides set variables of their own platform.
fn is_setting(word: &str) -> bool {
    let upper = |name: &str| {
        name.chars()
            .all(|c| c.is_ascii_uppercase() || c == '_' || c.is_ascii_digit())
    };
    word.split_once('=')
        .is_some_and(|(name, _)| !name.is_empty() && upper(name))
}

/// The program and its verb: flags differ between platforms, what is installed does not.
fn install(text: &str) -> String {
    let mut words = text.split_whitespace();
    let program = words.next().unwrap_or_default();
    let verb = words.next().unwrap_or_default();
    let verb = if matches!(verb, "i" | "ci") {
        "install"
    } else {
        verb
    };
    // Peers compile a Rust crate's dependencies as their install step; cargo fetches them when it builds.
    if program.is_empty() || program == "cargo" {
        String::new()
    } else {
        format!("{program} {verb}")
    }
}
