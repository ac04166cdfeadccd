//! Times detection in a repository of 50,000 files: `cargo run --release -p aether-detect --example speed`.
//!
//! The tree is a workspace of 50 apps among 50,000 files, on disk. Prints the median of 21 runs.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people, run by hand"
)]

use std::time::Instant;

use aether_detect::{DetectOptions, DiskTree, detect};

const FOLDERS: usize = 500;
const FILES_PER_FOLDER: usize = 100;
const APPS: usize = 50;
const RUNS: usize = 21;

fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let root = folder.path();
    for dir in 0..FOLDERS {
        let path = root.join(format!("src/part{dir}"));
        std::fs::create_dir_all(&path)?;
        for file in 0..FILES_PER_FOLDER {
            std::fs::write(path.join(format!("file{file}.ts")), "export const x = 1\n")?;
        }
    }
    for app in 0..APPS {
        let path = root.join(format!("apps/app{app}"));
        std::fs::create_dir_all(&path)?;
        let package = format!(
            r#"{{"name": "app{app}", "dependencies": {{"next": "15"}}, "scripts": {{"build": "next build", "start": "next start"}}}}"#
        );
        std::fs::write(path.join("package.json"), package)?;
    }
    std::fs::write(
        root.join("package.json"),
        r#"{"name": "root", "workspaces": ["apps/*"]}"#,
    )?;
    let tree = DiskTree::open(root)?;
    let mut times = Vec::with_capacity(RUNS);
    for _ in 0..RUNS {
        let start = Instant::now();
        let found = detect(&tree, &DetectOptions::default()).candidates.len();
        times.push(start.elapsed());
        anyhow::ensure!(found > APPS, "only {found} candidates");
    }
    times.sort_unstable();
    println!(
        "{} files, {APPS} apps: median {:.1} ms, slowest {:.1} ms",
        FOLDERS * FILES_PER_FOLDER,
        times[RUNS / 2].as_secs_f64() * 1e3,
        times[RUNS - 1].as_secs_f64() * 1e3
    );
    Ok(())
}
