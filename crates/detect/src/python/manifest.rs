//! Which packages a Python app declares, in any of the files the ecosystem uses.

use serde_json::Value;

use crate::app::{App, Dependencies, Dependency};
use crate::source::python::PythonSource;

/// Requirement files in the order that decides which one is installed.
pub(crate) const REQUIREMENTS: [&str; 5] = [
    "requirements.txt",
    "requirements/production.txt",
    "requirements/prod.txt",
    "requirements/base.txt",
    "requirements.in",
];

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let mut found = Dependencies::new();
    for file in ["setup.py", "setup.cfg"] {
        setup(app, file, &mut found);
    }
    conda(app, &mut found);
    pipfile(app, &mut found);
    pyproject(app, &mut found);
    if let Some(file) = REQUIREMENTS.iter().find(|file| app.folder.has_file(file)) {
        requirements(app, file, &mut found, true);
    }
    found
}

/// PEP 503: case, `-`, `_` and `.` make no difference.
pub(crate) fn normalize(name: &str) -> String {
    name.trim().to_lowercase().replace(['_', '.'], "-")
}

/// Adds one requirement in PEP 508 notation (`Django[argon2] >= 5 ; python_version > "3.9"`).
fn add(text: &str, file: &str, found: &mut Dependencies) {
    let text = text.split([';', '#']).next().unwrap_or_default().trim();
    let end = text
        .find(|c: char| !(c.is_alphanumeric() || "-_.".contains(c)))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() || name.starts_with(['-', '.']) {
        return;
    }
    // Extras that bring a server along count as the server.
    if let Some((extras, _)) = rest
        .trim_start()
        .strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
    {
        for extra in extras
            .split(',')
            .map(|extra| format!("{}[{}]", normalize(name), extra.trim()))
        {
            found.insert(
                extra,
                Dependency {
                    file: file.to_owned(),
                    version: String::new(),
                },
            );
        }
    }
    let version = rest.rsplit(']').next().unwrap_or_default().trim().to_owned();
    found.insert(
        normalize(name),
        Dependency {
            file: file.to_owned(),
            version,
        },
    );
}

fn requirements(app: &App<'_>, file: &str, found: &mut Dependencies, follow: bool) {
    let Some(text) = app.folder.text(file) else { return };
    for line in text.lines().map(str::trim) {
        let included = line
            .strip_prefix("-r")
            .or_else(|| line.strip_prefix("--requirement"));
        match included {
            Some(other) if follow => {
                let folder = file.rsplit_once('/').map_or("", |(folder, _)| folder);
                if let Some(path) = crate::tree::normalize_path(&crate::tree::join(folder, other.trim())) {
                    requirements(app, &path, found, false);
                }
            }
            _ => add(line, file, found),
        }
    }
}

fn pyproject(app: &App<'_>, found: &mut Dependencies) {
    let file = "pyproject.toml";
    let Some(value) = app.folder.value(file) else {
        return;
    };
    let lists = [
        value.pointer("/project/dependencies"),
        value.pointer("/tool/uv/dev-dependencies"),
    ];
    let groups = [
        value.pointer("/project/optional-dependencies"),
        value.get("dependency-groups"),
    ];
    let grouped = groups
        .into_iter()
        .flatten()
        .filter_map(Value::as_object)
        .flat_map(|group| group.values());
    for list in lists.into_iter().flatten().chain(grouped) {
        for text in list.as_array().into_iter().flatten().filter_map(Value::as_str) {
            add(text, file, found);
        }
    }
    let poetry = value.pointer("/tool/poetry");
    let groups = poetry
        .and_then(|poetry| poetry.get("group")?.as_object())
        .into_iter()
        .flat_map(|group| group.values());
    let tables = poetry
        .into_iter()
        .chain(groups)
        .flat_map(|table| [table.get("dependencies"), table.get("dev-dependencies")]);
    for table in tables.flatten() {
        table_of_names(table, file, found);
    }
}

fn table_of_names(table: &Value, file: &str, found: &mut Dependencies) {
    for (name, value) in table.as_object().into_iter().flatten() {
        let version = value
            .as_str()
            .or_else(|| value.get("version")?.as_str())
            .unwrap_or_default();
        found.insert(
            normalize(name),
            Dependency {
                file: file.to_owned(),
                version: version.to_owned(),
            },
        );
        for extra in value
            .get("extras")
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
        {
            let name = format!("{}[{extra}]", normalize(name));
            found.insert(
                name,
                Dependency {
                    file: file.to_owned(),
                    version: String::new(),
                },
            );
        }
    }
}

fn pipfile(app: &App<'_>, found: &mut Dependencies) {
    let Some(value) = app.folder.value("Pipfile") else {
        return;
    };
    for table in ["dev-packages", "packages"] {
        if let Some(table) = value.get(table) {
            table_of_names(table, "Pipfile", found);
        }
    }
}

fn setup(app: &App<'_>, file: &str, found: &mut Dependencies) {
    let Some(text) = app.folder.text(file) else { return };
    if file == "setup.py" {
        for requirement in PythonSource::new(&text).quoted_list("install_requires") {
            add(&requirement, file, found);
        }
        return;
    }
    let behind = text.split_once("install_requires").map_or("", |(_, rest)| rest);
    let behind = behind.trim_start().trim_start_matches('=');
    for line in behind
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with([' ', '\t']))
    {
        add(line, file, found);
    }
}

fn conda(app: &App<'_>, found: &mut Dependencies) {
    let Some(file) = app.folder.first(&["environment.yml", "environment.yaml"]) else {
        return;
    };
    let Some(value) = app.folder.value(&file) else {
        return;
    };
    for entry in value
        .get("dependencies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
    {
        let pip = entry.get("pip").and_then(Value::as_array).into_iter().flatten();
        for text in entry.as_str().into_iter().chain(pip.filter_map(Value::as_str)) {
            add(text, &file, found);
        }
    }
}
