//! .NET: the project that makes a program, published self-hosted.

use aether_models::{Confidence, PlanKind};

use crate::app::{App, Dependencies, Dependency};
use crate::draft::Draft;
use crate::framework::{self, between};
use crate::shell::quote;
use crate::toolfiles::wish;
use crate::tree::{EntryKind, join};
use crate::versions::{self, Wish};

const PROJECTS: [&str; 3] = ["*.csproj", "*.fsproj", "*.vbproj"];

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let mut found = Dependencies::new();
    for file in project_files(app, "") {
        let Some(text) = app.folder.text(&file) else {
            continue;
        };
        if let Some(sdk) = between(&text, "Sdk=\"", "\"") {
            found.insert(
                sdk.to_owned(),
                Dependency {
                    file: file.clone(),
                    version: String::new(),
                },
            );
        }
        for part in text.split("<PackageReference ").skip(1) {
            if let Some(name) = between(part, "Include=\"", "\"") {
                let version = between(part, "Version=\"", "\"").unwrap_or_default().to_owned();
                found.insert(
                    name.to_owned(),
                    Dependency {
                        file: file.clone(),
                        version,
                    },
                );
            }
        }
    }
    found
}

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let solution = app.folder.first(&["*.sln", "*.slnx"]);
    let project = project_files(app, "").into_iter().next().or_else(|| {
        solution.as_ref()?;
        program_below(app)
    })?;
    let text = app.folder.text(&project)?;
    let mut draft = Draft::new(&app.folder, "dotnet", PlanKind::Server);
    let stem = project
        .rsplit('/')
        .next()
        .and_then(|name| name.rsplit_once('.'))
        .map_or("app", |(stem, _)| stem);
    let name = between(&text, "<AssemblyName>", "<").unwrap_or(stem);
    draft.plan.name = Some(name.to_owned());
    draft.plan.package_manager = Some("dotnet".to_owned());
    draft.say(&project, format!("makes the program {name}"));
    framework::apply(app, "dotnet", &mut draft);
    versions::decide(app, &mut draft, "dotnet", version(app, &project, &text).as_ref());
    let target = if project.contains('/') {
        format!(" {}", quote(&project))
    } else {
        String::new()
    };
    draft.plan.install_command = Some(format!("dotnet restore{target}"));
    draft.plan.build_command = Some(format!("dotnet publish{target} --no-restore -c Release -o out"));
    draft.make_server(Some(format!(
        "ASPNETCORE_URLS=http://0.0.0.0:$PORT ./out/{}",
        quote(name)
    )));
    let web = text.contains("Microsoft.NET.Sdk.Web");
    let program = web || text.contains("<OutputType>Exe");
    if !program {
        draft.at_most(Confidence::Low);
        draft.warn(format!("{project} makes a library, not a program."));
    }
    Some(draft)
}

fn project_files(app: &App<'_>, dir: &str) -> Vec<String> {
    PROJECTS
        .iter()
        .flat_map(|pattern| app.folder.matching(&join(dir, pattern)))
        .collect()
}

/// In a solution, the first project that makes a program, one or two folders down.
fn program_below(app: &App<'_>) -> Option<String> {
    let folders = app
        .folder
        .folders()
        .filter(|name| !name.starts_with('.'))
        .map(str::to_owned);
    let below = app
        .folder
        .has_folder("src")
        .then(|| app.folder.tree().list(&app.folder.path("src")));
    let below = below
        .into_iter()
        .flatten()
        .filter(|entry| entry.kind == EntryKind::Directory)
        .map(|entry| join("src", &entry.name));
    let files: Vec<String> = folders
        .chain(below)
        .flat_map(|dir| project_files(app, &dir))
        .collect();
    let makes = |words: &str| {
        files
            .iter()
            .find(|file| app.folder.text(file).is_some_and(|text| text.contains(words)))
            .cloned()
    };
    makes("Microsoft.NET.Sdk.Web").or_else(|| makes("<OutputType>Exe"))
}

fn version(app: &App<'_>, project: &str, text: &str) -> Option<Wish> {
    let pinned = app
        .folder
        .value("global.json")
        .and_then(|value| value.pointer("/sdk/version")?.as_str().map(str::to_owned));
    if let Some(version) = pinned {
        let line: Vec<&str> = version.split('.').take(2).collect();
        return Some(Wish {
            file: app.folder.path("global.json"),
            version: line.join("."),
        });
    }
    wish(app, &["dotnet", "dotnet-core"]).or_else(|| {
        let target = between(text, "<TargetFramework>", "<")?;
        let version = target.strip_prefix("net")?.split('-').next()?.to_owned();
        version.contains('.').then(|| Wish {
            file: app.folder.path(project),
            version,
        })
    })
}
