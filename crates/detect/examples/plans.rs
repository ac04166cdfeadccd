//! Prints the best plan for every folder below the given ones, a line each: to look over many repositories at once.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people, run by hand"
)]

use aether_detect::{DetectOptions, DiskTree, detect};

fn main() -> anyhow::Result<()> {
    for folder in std::env::args().skip(1) {
        let mut entries: Vec<_> = std::fs::read_dir(&folder)?
            .filter_map(Result::ok)
            .map(|entry| entry.path())
            .collect();
        entries.sort();
        for path in entries.into_iter().filter(|path| path.is_dir()) {
            let detection = detect(&DiskTree::open(&path)?, &DetectOptions::default());
            println!("## {}", path.display());
            if let Some(explanation) = &detection.explanation {
                println!("   {} {}", explanation.summary, explanation.hint);
            }
            let Some(plan) = detection.candidates.first() else {
                continue;
            };
            let text = |text: &Option<String>| text.clone().unwrap_or_default();
            println!(
                "   {:?} {:?} {} {} {} | {} | {} | {} | {}{}",
                plan.confidence,
                plan.kind,
                plan.language,
                text(&plan.framework),
                text(&plan.package_manager),
                text(&plan.install_command),
                text(&plan.build_command),
                text(&plan.start_command),
                text(&plan.output_directory),
                if plan.spa { " (spa)" } else { "" }
            );
            for warning in &plan.warnings {
                println!("   - {warning}");
            }
        }
    }
    Ok(())
}
