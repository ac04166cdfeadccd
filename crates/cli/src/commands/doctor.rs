//! `aether doctor`: what this machine can do for the platform, what it cannot, and what to do about it.

mod checks;
mod machine;

use serde::Serialize;
use serde_json::json;

use crate::output::{Output, Told};

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Standing {
    /// There.
    Ok,
    /// Missing, and something works less well or not at all.
    Limited,
    /// Missing, and the platform cannot run.
    Missing,
}

/// One thing looked at.
#[derive(Debug, Clone, Serialize)]
struct Finding {
    name: &'static str,
    standing: Standing,
    /// What was found.
    found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
}

impl Finding {
    fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self {
            name,
            standing: Standing::Ok,
            found: found.into(),
            advice: None,
        }
    }

    fn limited(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            name,
            standing: Standing::Limited,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }

    fn missing(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            name,
            standing: Standing::Missing,
            found: found.into(),
            advice: Some(advice.into()),
        }
    }
}

pub(crate) async fn run(output: &Output) -> anyhow::Result<()> {
    let findings = checks::all().await;
    let able = findings
        .iter()
        .all(|finding| finding.standing != Standing::Missing);
    if output.is_json() {
        output.json(&json!({ "ready": able, "findings": findings }))?;
    } else {
        findings.iter().try_for_each(|finding| print(finding, output))?;
        let verdict = if able {
            "This machine can run Aether."
        } else {
            "This machine cannot run Aether yet."
        };
        output.line(&format!("\n{verdict}"))?;
    }
    if able { Ok(()) } else { Err(Told.into()) }
}

fn print(finding: &Finding, output: &Output) -> anyhow::Result<()> {
    let mark = match finding.standing {
        Standing::Ok => output.good("✓"),
        Standing::Limited => output.bold("!"),
        Standing::Missing => output.bad("✗"),
    };
    output.line(&format!("{mark} {:<12} {}", finding.name, finding.found))?;
    match &finding.advice {
        Some(advice) => output.line(&format!("  {:<12} {advice}", "")),
        None => Ok(()),
    }
}
