//! Prints what a folder's `_redirects` and `_headers` mean, as JSON. `crates/proxy/tests/differential` compares it with
//! what other platforms make of the same files.

#![allow(clippy::print_stdout, reason = "the output is what it is for")]

use std::path::PathBuf;

use aether_models::{RuleProblem, parse_headers, parse_redirects};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = PathBuf::from(std::env::args_os().nth(1).ok_or("give the folder of a site")?);
    let redirects = parse_redirects(&text(&folder.join("_redirects"))?);
    let headers = parse_headers(&text(&folder.join("_headers"))?);
    let lines =
        |problems: &[RuleProblem]| -> Vec<usize> { problems.iter().map(|problem| problem.line).collect() };
    let answer = serde_json::json!({
        "redirects": redirects.rules,
        "headers": headers.rules,
        "bad_redirect_lines": lines(&redirects.problems),
        "bad_header_lines": lines(&headers.problems),
    });
    println!("{answer}");
    Ok(())
}

fn text(path: &std::path::Path) -> std::io::Result<String> {
    match std::fs::read_to_string(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        text => text,
    }
}
