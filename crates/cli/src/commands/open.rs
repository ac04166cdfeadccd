//! `aether open`: the live site in the browser.

use std::process::Stdio;

use serde_json::json;
use tokio::process::Command;

use crate::args::{Open, Server};
use crate::client::Client;
use crate::config::Config;
use crate::output::Output;
use crate::project::selected;

/// Programs that open an address, by desktop.
const OPENERS: [&str; 3] = ["xdg-open", "open", "wslview"];

pub(crate) async fn run(server: &Server, options: &Open, output: &Output) -> anyhow::Result<()> {
    let client = Client::signed_in(Config::load(output)?.target(server)?)?;
    let (project, _) = selected(&client, &options.project, output).await?;
    if output.is_json() {
        return output.json(&json!({ "url": project.url }));
    }
    output.line(&project.url)?;
    // The platform chose the address; anything but a web address could start another program.
    let web = project.url.starts_with("https://") || project.url.starts_with("http://");
    if !options.print && web && !open(&project.url).await {
        output.progress("No browser was found; open the address yourself.");
    }
    Ok(())
}

async fn open(address: &str) -> bool {
    for opener in OPENERS {
        let mut command = Command::new(opener);
        command
            .arg(address)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        if command.status().await.is_ok_and(|status| status.success()) {
            return true;
        }
    }
    false
}
