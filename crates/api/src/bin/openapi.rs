//! Writes the API's description to `openapi.json` at the repository's root (or the path given).

use std::path::PathBuf;

fn main() -> anyhow::Result<()> {
    let default = concat!(env!("CARGO_MANIFEST_DIR"), "/../../openapi.json");
    let path = std::env::args_os()
        .nth(1)
        .map_or_else(|| PathBuf::from(default), PathBuf::from);
    std::fs::write(path, aether_api::openapi().to_pretty_json()? + "\n")?;
    Ok(())
}
