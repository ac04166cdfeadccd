//! Repositories that bring their own image, and compose files, which are answered with advice.

use aether_models::{Confidence, PlanKind};

use crate::app::App;
use crate::draft::Draft;
use crate::explain::Problem;

const DOCKERFILES: [&str; 4] = ["Dockerfile", "Containerfile", "dockerfile", "Dockerfile.prod"];
const COMPOSE_FILES: [&str; 4] = [
    "compose.yaml",
    "compose.yml",
    "docker-compose.yml",
    "docker-compose.yaml",
];

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let file = DOCKERFILES.into_iter().find(|file| app.folder.has_file(file))?;
    let text = app.folder.text(file)?;
    let instructions = instructions(&text);
    let value = |name: &str| {
        instructions
            .iter()
            .rev()
            .find(|(instruction, _)| instruction == name)
            .map(|(_, rest)| rest.clone())
    };
    if value("FROM").is_none() {
        app.folder.report(
            file,
            "has no FROM instruction".to_owned(),
            "A Dockerfile names the image it builds on.",
        );
        return None;
    }
    let mut draft = Draft::new(&app.folder, "dockerfile", PlanKind::Docker);
    draft.say(file, "builds an image of its own");
    if let Some(port) = value("EXPOSE").and_then(|rest| rest.split(['/', ' ']).next()?.parse().ok()) {
        draft.say(file, format!("EXPOSE {port}"));
        draft.plan.port = Some(port);
    }
    if value("CMD").is_none() && value("ENTRYPOINT").is_none() {
        draft.warn(format!(
            "{file} has neither CMD nor ENTRYPOINT; the image's base must say what to start."
        ));
        draft.at_most(Confidence::Medium);
    }
    Some(draft)
}

/// A compose file describes several containers; Aether builds one app from one folder.
pub(crate) fn compose_problem(app: &App<'_>) -> Option<Problem> {
    let file = COMPOSE_FILES.into_iter().find(|file| app.folder.has_file(file))?;
    let services = app.folder.value(file).and_then(|value| {
        let services = value.get("services")?.as_object()?.clone();
        let built = services.iter().filter_map(|(name, service)| {
            let build = service.get("build")?;
            let context = build
                .as_str()
                .or_else(|| build.get("context")?.as_str())
                .unwrap_or(".");
            Some(format!("{name} (root directory `{context}`)"))
        });
        Some(built.collect::<Vec<_>>())
    });
    let built = services
        .filter(|built| !built.is_empty())
        .map(|built| built.join(", "));
    let fix = match built {
        Some(built) => format!(
            "Make one project for each service it builds: {built}. Databases are connected by environment variables."
        ),
        None => {
            "It builds nothing from this repository: connect the services it names by environment variables."
                .to_owned()
        }
    };
    Some(Problem {
        file: app.folder.path(file),
        says: "is a compose file, which is not run as a whole".to_owned(),
        fix,
    })
}

/// Instructions in upper case with their arguments, comments and continued lines resolved.
fn instructions(text: &str) -> Vec<(String, String)> {
    let joined = text.replace("\\\r\n", " ").replace("\\\n", " ");
    let lines = joined
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'));
    let split = lines.filter_map(|line| line.split_once(char::is_whitespace));
    split
        .map(|(name, rest)| (name.to_uppercase(), rest.trim().to_owned()))
        .collect()
}
