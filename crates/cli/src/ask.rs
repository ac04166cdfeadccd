//! Questions to the person at the terminal. Where there is none, the flag that answers is named instead.

use std::io::{IsTerminal, Read};

use dialoguer::{Confirm, Input, Password};
use secrecy::SecretString;

use crate::output::Usage;

/// A password or value is a line, not a file.
const STDIN_MAX: u64 = 1024 * 1024;

/// Asks for a yes. `flag` is what answers without asking.
pub(crate) fn confirm(question: &str, flag: &str) -> anyhow::Result<bool> {
    require_terminal(question, flag)?;
    Ok(Confirm::new().with_prompt(question).default(true).interact()?)
}

/// Asks for a text.
pub(crate) fn text(question: &str, flag: &str) -> anyhow::Result<String> {
    require_terminal(question, flag)?;
    Ok(Input::<String>::new().with_prompt(question).interact_text()?)
}

/// Asks for a secret, which does not show.
pub(crate) fn secret(question: &str, flag: &str) -> anyhow::Result<SecretString> {
    require_terminal(question, flag)?;
    Ok(Password::new().with_prompt(question).interact()?.into())
}

/// Everything on standard input, without the line break at its end.
pub(crate) fn read_stdin(what: &str) -> anyhow::Result<String> {
    let mut text = String::new();
    std::io::stdin()
        .lock()
        .take(STDIN_MAX)
        .read_to_string(&mut text)?;
    let text = text.strip_suffix('\n').unwrap_or(&text);
    let text = text.strip_suffix('\r').unwrap_or(text);
    if text.is_empty() {
        return Err(Usage(format!("no {what} on standard input")).into());
    }
    Ok(text.to_owned())
}

fn require_terminal(question: &str, flag: &str) -> anyhow::Result<()> {
    if std::io::stdin().is_terminal() && std::io::stderr().is_terminal() {
        return Ok(());
    }
    Err(Usage(format!("there is no terminal to ask \"{question}\"; use {flag}")).into())
}
