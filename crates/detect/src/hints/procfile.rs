//! Procfile, `app.json` and `project.toml` beside it: Heroku's way to say what is started.

use super::Hint;
use crate::folder::Folder;

pub(crate) fn read(folder: &Folder<'_>) -> Option<Hint> {
    let text = folder.text("Procfile")?;
    let mut hint = Hint {
        file: "Procfile".to_owned(),
        ..Hint::default()
    };
    let processes: Vec<(&str, &str)> = text
        .lines()
        .filter_map(|line| {
            let (name, command) = line.trim().split_once(':')?;
            let fits = !name.starts_with('#')
                && name
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
            (fits && !command.trim().is_empty()).then(|| (name, command.trim()))
        })
        .collect();
    let of = |wanted: &str| {
        processes
            .iter()
            .find(|(name, _)| *name == wanted)
            .map(|(_, command)| (*command).to_owned())
    };
    let only = || {
        processes
            .iter()
            .find(|(name, _)| *name != "release")
            .map(|(_, command)| (*command).to_owned())
    };
    hint.start = of("web").or_else(|| of("worker")).or_else(only);
    if let Some(release) = of("release") {
        hint.warnings.push(format!("The release command of the Procfile (`{release}`) is not run; put it before the start command if it must be."));
    }
    let others: Vec<&str> = processes
        .iter()
        .map(|(name, _)| *name)
        .filter(|name| !matches!(*name, "web" | "release"))
        .collect();
    if of("web").is_some() && !others.is_empty() {
        hint.warnings.push(format!(
            "Only the web process of the Procfile is started; make own projects for: {}.",
            others.join(", ")
        ));
    }
    Some(hint)
}
