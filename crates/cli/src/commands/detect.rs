//! `aether detect`: how a folder would be built. Reads files and nothing else.

use aether_detect::{DetectOptions, Detection, DiskTree, detect};
use aether_models::{BuildPlan, Confidence};
use anyhow::Context;

use crate::args::Detect;
use crate::output::{Output, Told};
use crate::text::for_terminal;

pub(crate) fn run(options: &Detect, output: &Output) -> anyhow::Result<()> {
    let tree = DiskTree::open(&options.path).with_context(|| options.path.display().to_string())?;
    let detection = detect(
        &tree,
        &DetectOptions {
            root_dir: options.root_dir.clone(),
            ..DetectOptions::default()
        },
    );
    if output.is_json() {
        output.json(&detection.candidates)?;
    } else {
        for (index, plan) in detection.candidates.iter().enumerate() {
            print(plan, index == 0, output)?;
        }
    }
    unclear(&detection, output)
}

fn print(plan: &BuildPlan, first: bool, output: &Output) -> anyhow::Result<()> {
    let text = |text: &str| for_terminal(text, false);
    let kind = format!("{:?}", plan.kind).to_lowercase();
    let confidence = match plan.confidence {
        Confidence::High => "certain",
        Confidence::Medium => "likely",
        Confidence::Low => "a guess",
    };
    let name = plan.framework.as_deref().unwrap_or(&plan.language);
    let title = format!(
        "{} in {} ({kind}, {confidence})",
        text(name),
        text(&plan.root_dir)
    );
    if !first {
        output.line("")?;
    }
    output.line(&title)?;
    let versions: Vec<_> = plan
        .runtime_version
        .iter()
        .map(|(name, version)| format!("{name} {version}"))
        .collect();
    let rows = [
        (
            "runtime",
            Some(versions.join(", ")).filter(|versions| !versions.is_empty()),
        ),
        ("packages", plan.package_manager.clone()),
        ("install", plan.install_command.clone()),
        ("build", plan.build_command.clone()),
        ("start", plan.start_command.clone()),
        ("output", plan.output_directory.clone()),
    ];
    for (name, value) in rows {
        if let Some(value) = value {
            output.line(&format!("  {name:<9} {}", text(&value)))?;
        }
    }
    for evidence in &plan.evidence {
        output.line(&format!(
            "  {:<9} {}: {}",
            "because",
            text(&evidence.file),
            text(&evidence.says)
        ))?;
    }
    for warning in &plan.warnings {
        output.line(&format!("  {:<9} {}", "warning", text(warning)))?;
    }
    Ok(())
}

/// Without a plan that can be taken, the command fails and says what is missing.
fn unclear(detection: &Detection, output: &Output) -> anyhow::Result<()> {
    let Err(explanation) = detection.chosen() else {
        return Ok(());
    };
    let error = explanation.to_user_error();
    output.note(&format!(
        "{} {}",
        output.bad("unclear:"),
        for_terminal(&error.title, false)
    ));
    for line in error.detail.lines() {
        output.note(&format!("  {}", for_terminal(line, false)));
    }
    if let Some(hint) = &error.hint {
        output.note(&format!("{} {}", output.bold("hint:"), for_terminal(hint, false)));
    }
    Err(Told.into())
}
