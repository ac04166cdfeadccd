//! Which project a folder belongs to: `.aether/project`, kept at the top of the repository and out of Git.
//!
//! A link never says which platform to talk to. It comes with the folder, perhaps from a stranger, and must not be able
//! to send a token anywhere; a link made on another platform is only left unused.

use std::path::Path;

use aether_models::{ProjectId, Slug};
use anyhow::Context;
use serde::{Deserialize, Serialize};
use url::Url;

use crate::config::origin;
use crate::output::Output;
use crate::repository::Checkout;

const FOLDER: &str = ".aether";
const FILE: &str = "project";

/// The file's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Link {
    /// Origin of the platform that knows the project.
    url: String,
    /// The project's id.
    pub(crate) project: ProjectId,
    /// Its slug, for people who look into the file.
    slug: Slug,
}

impl Link {
    /// The link of the working directory on this platform.
    pub(crate) fn find(platform: &Url, output: &Output) -> Option<Self> {
        let here = std::env::current_dir().ok()?;
        let path = Checkout::root_of(&here).join(FOLDER).join(FILE);
        let text = std::fs::read_to_string(&path).ok()?;
        let Ok(link) = toml::from_str::<Self>(&text) else {
            output.warning(&format!(
                "{} is not a link to a project; it is ignored",
                path.display()
            ));
            return None;
        };
        if link.url != origin(platform) {
            output.warning(&format!(
                "{} belongs to another platform; it is ignored",
                path.display()
            ));
            return None;
        }
        Some(link)
    }

    /// Links the working directory.
    pub(crate) fn write(platform: &Url, project: ProjectId, slug: Slug) -> anyhow::Result<()> {
        let here = std::env::current_dir().context("the working directory is gone")?;
        let folder = Checkout::root_of(&here).join(FOLDER);
        let link = Self {
            url: origin(platform),
            project,
            slug,
        };
        link.write_into(&folder)
            .with_context(|| format!("writing {}", folder.join(FILE).display()))
    }

    fn write_into(&self, folder: &Path) -> anyhow::Result<()> {
        std::fs::create_dir_all(folder)?;
        // Who else works on the repository has another platform, or another account.
        let ignore = folder.join(".gitignore");
        if !ignore.exists() {
            std::fs::write(ignore, "*\n")?;
        }
        Ok(std::fs::write(folder.join(FILE), toml::to_string(self)?)?)
    }
}
