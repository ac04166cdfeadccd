//! Where values come from: the environment, `.env`, files.

use std::collections::BTreeMap;
use std::io::Read;

/// A secret is a line or a key file; a larger file is the wrong one.
const SECRET_FILE_MAX: u64 = 64 * 1024;

/// Variables that are text. The others cannot be ours.
pub(super) fn environment() -> impl Iterator<Item = (String, String)> {
    std::env::vars_os().filter_map(|(key, value)| Some((key.into_string().ok()?, value.into_string().ok()?)))
}

/// What `.env` in the working directory says. The parser's own message would quote the line.
pub(super) fn dotenv() -> Result<BTreeMap<String, String>, String> {
    let lines = match dotenvy::from_path_iter(".env") {
        Ok(lines) => lines,
        Err(error) if error.not_found() => return Ok(BTreeMap::new()),
        Err(_) => return Err("cannot be read".to_owned()),
    };
    let numbered = lines.enumerate();
    numbered
        .map(|(index, line)| line.map_err(|_| format!("entry {} is not of the form KEY=value", index + 1)))
        .collect()
}

/// The content of a file, without the line break editors add.
pub(super) fn secret_file(path: &str) -> Result<String, String> {
    let unreadable = |error: std::io::Error| format!("cannot be read ({})", error.kind());
    let mut text = String::new();
    let file = std::fs::File::open(path).map_err(unreadable)?;
    file.take(SECRET_FILE_MAX + 1)
        .read_to_string(&mut text)
        .map_err(unreadable)?;
    if text.len() as u64 > SECRET_FILE_MAX {
        return Err("is too large to be a secret".to_owned());
    }
    let value = text.trim_end_matches(['\r', '\n']);
    if value.is_empty() {
        Err("is empty".to_owned())
    } else {
        Ok(value.to_owned())
    }
}
