//! `aether init`: links the folder to a project.

use crate::args::{Init, Server};
use crate::client::Client;
use crate::config::Config;
use crate::link::Link;
use crate::output::Output;
use crate::project::selected_or_made;

pub(crate) async fn run(server: &Server, options: &Init, output: &Output) -> anyhow::Result<()> {
    let client = Client::signed_in(Config::load(output)?.target(server)?)?;
    let project = selected_or_made(&client, &options.project, &options.new, false, output).await?;
    Link::write(client.base(), project.id, project.slug.clone())?;
    if output.is_json() {
        return output.json(&client.get(&["projects", &project.id.to_string()]).await?);
    }
    output.progress(&format!(
        "This folder is linked to {}. Deploy it with: aether deploy",
        project.slug
    ));
    Ok(())
}
