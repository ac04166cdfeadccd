//! Files of version managers that name versions of many runtimes: `.tool-versions`, `mise.toml`.

use crate::app::App;
use crate::folder::Folder;
use crate::versions::Wish;

const MISE_FILES: [&str; 4] = ["mise.toml", ".mise.toml", ".config/mise.toml", "mise/config.toml"];

/// What a version manager's file asks for, in the app's folder or at its workspace's root.
pub(crate) fn wish(app: &App<'_>, names: &[&str]) -> Option<Wish> {
    let root = app.workspace.as_deref().map(|workspace| &workspace.root);
    let folders = std::iter::once(&app.folder).chain(root);
    folders
        .into_iter()
        .find_map(|folder| tool_versions(folder, names).or_else(|| mise(folder, names)))
}

/// The first line of a file that holds nothing but a version.
pub(crate) fn version_file(app: &App<'_>, name: &str) -> Option<Wish> {
    let root = app.workspace.as_deref().map(|workspace| &workspace.root);
    let folders = std::iter::once(&app.folder).chain(root);
    folders.into_iter().find_map(|folder| {
        let text = folder.text(name)?;
        let line = text
            .lines()
            .map(|line| line.split('#').next().unwrap_or_default().trim());
        let version = line.into_iter().find(|line| !line.is_empty())?.to_owned();
        Some(Wish {
            file: folder.path(name),
            version,
        })
    })
}

fn tool_versions(folder: &Folder<'_>, names: &[&str]) -> Option<Wish> {
    let text = folder.text(".tool-versions")?;
    text.lines().find_map(|line| {
        let mut words = line.split('#').next()?.split_whitespace();
        let (name, version) = (words.next()?, words.next()?);
        names.contains(&name).then(|| Wish {
            file: folder.path(".tool-versions"),
            version: version.to_owned(),
        })
    })
}

fn mise(folder: &Folder<'_>, names: &[&str]) -> Option<Wish> {
    let file = folder.first(&MISE_FILES)?;
    let value = folder.value(&file)?;
    let tools = value.get("tools")?;
    let wanted = names.iter().find_map(|name| tools.get(*name))?;
    let wanted = wanted.as_array().and_then(|list| list.first()).unwrap_or(wanted);
    let version = wanted.as_str().or_else(|| wanted.get("version")?.as_str())?;
    Some(Wish {
        file: folder.path(&file),
        version: version.to_owned(),
    })
}
