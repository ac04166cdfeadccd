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
    let root = project_files(app, "");
    let files = if root.is_empty() {
        program_below(app).into_iter().collect()
    } else {
        root
    };
    for file in files {
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
    if text.contains("Microsoft.NET.Sdk.BlazorWebAssembly") {
        draft.make_static("out/wwwroot");
        draft.plan.spa = true;
    } else {
        doubts(&project, &text, &mut draft);
    }
    if app.folder.has_file(&project) && project.contains('/') {
        several_programs(app, &project, &mut draft);
    }
    Some(draft)
}

/// What speaks against a server.
fn doubts(project: &str, text: &str, draft: &mut Draft) {
    if text.contains("<AzureFunctionsVersion>") {
        draft.warn(format!(
            "{project} is made for Azure Functions, whose host is not run here."
        ));
        draft.at_most(Confidence::Low);
    } else if !text.contains("Microsoft.NET.Sdk.Web") && text.contains("<OutputType>Exe") {
        draft.warn(format!(
            "{project} makes a console program: nothing says that it answers requests."
        ));
        draft.at_most(Confidence::Medium);
    } else if !text.contains("Microsoft.NET.Sdk.Web") {
        draft.warn(format!("{project} makes a library, not a program."));
        draft.at_most(Confidence::Low);
    }
}

/// A solution with several web programs is several apps.
fn several_programs(app: &App<'_>, chosen: &str, draft: &mut Draft) {
    let web = |file: &String| {
        let text = app.folder.text(file);
        text.is_some_and(|text| {
            text.contains("Microsoft.NET.Sdk.Web") && !text.contains("Microsoft.NET.Test.Sdk")
        })
    };
    let others: Vec<String> = projects_below(app)
        .into_iter()
        .filter(|file| file != chosen && web(file))
        .collect();
    if !others.is_empty() {
        draft.warn(format!(
            "The solution has several web programs ({chosen}, {}); set the root directory to the folder of the one to deploy.",
            others.join(", ")
        ));
        draft.at_most(Confidence::Low);
    }
}

fn project_files(app: &App<'_>, dir: &str) -> Vec<String> {
    PROJECTS
        .iter()
        .flat_map(|pattern| app.folder.matching(&join(dir, pattern)))
        .collect()
}

/// In a solution, the first project that makes a program, one or two folders down.
fn program_below(app: &App<'_>) -> Option<String> {
    let files = projects_below(app);
    let makes = |words: &str| {
        files
            .iter()
            .find(|file| app.folder.text(file).is_some_and(|text| text.contains(words)))
            .cloned()
    };
    makes("Microsoft.NET.Sdk.Web")
        .or_else(|| makes("Microsoft.NET.Sdk.BlazorWebAssembly"))
        .or_else(|| makes("<OutputType>Exe"))
}

/// The project files one folder down, and below `src`.
fn projects_below(app: &App<'_>) -> Vec<String> {
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
    folders
        .chain(below)
        .flat_map(|dir| project_files(app, &dir))
        .collect()
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
