//! Serves the bare repositories of a folder over HTTP on loopback, as a Git host would:
//! `git-server FOLDER [ADDRESS]`. For trying the platform out on repositories of one's own, and for benchmarks.

use std::path::PathBuf;

use aether_testkit::GitServer;
use anyhow::Context;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let mut arguments = std::env::args_os().skip(1);
    let folder = PathBuf::from(arguments.next().context("usage: git-server FOLDER [ADDRESS]")?);
    let address = arguments.next().map_or("127.0.0.1:0".to_owned(), |text| {
        text.to_string_lossy().into_owned()
    });
    let server = GitServer::serve_folder(
        &folder,
        address.parse().context("ADDRESS must be like 127.0.0.1:8080")?,
    )
    .await?;
    for entry in std::fs::read_dir(&folder)?.flatten() {
        if let Some(name) = entry
            .file_name()
            .to_str()
            .and_then(|name| name.strip_suffix(".git"))
        {
            say(&server.url(name));
        }
    }
    tokio::signal::ctrl_c().await?;
    Ok(())
}

#[allow(clippy::print_stdout, reason = "what the program is for")]
fn say(text: &str) {
    println!("{text}");
}
