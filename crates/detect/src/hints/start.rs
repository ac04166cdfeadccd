//! Start commands of other platforms, brought to what runs here.
//!
//! The program a command begins with tells which of a repository's languages it belongs to. Some programs exist only
//! on the platform the file was written for: Heroku's web servers for PHP, the folders it puts Go programs into,
//! the files Nixpacks adds to an image.

use aether_models::{Confidence, PlanKind};

use super::{Hint, on_path};
use crate::draft::Draft;
use crate::shell::quote;

/// Programs that belong to one language.
const PROGRAMS: [(&str, &[&str]); 5] = [
    (
        "python",
        &[
            "gunicorn",
            "uvicorn",
            "hypercorn",
            "daphne",
            "waitress-serve",
            "uwsgi",
            "flask",
            "fastapi",
            "streamlit",
            "chainlit",
            "granian",
            "python",
            "python3",
            "celery",
            "django-admin",
        ],
    ),
    (
        "ruby",
        &[
            "bundle",
            "puma",
            "rails",
            "rackup",
            "ruby",
            "unicorn",
            "thin",
            "passenger",
        ],
    ),
    (
        "node",
        &[
            "node", "npm", "npx", "yarn", "pnpm", "bun", "next", "nuxt", "nest", "tsx", "ts-node",
        ],
    ),
    ("php", &["php", "heroku-php-apache2", "heroku-php-nginx"]),
    ("elixir", &["mix", "elixir"]),
];

/// The first word of a command that is no setting (`NAME=value`).
pub(super) fn program(command: &str) -> &str {
    let mut words = command.split_whitespace().filter(|word| !word.contains('='));
    let first = words.next().unwrap_or_default();
    if matches!(first, "exec" | "env") {
        return words.next().unwrap_or_default();
    }
    first
}

/// The language a command's program belongs to.
pub(super) fn language(command: &str) -> Option<&'static str> {
    let program = program(command);
    let name = program.rsplit('/').next().unwrap_or(program);
    let known = PROGRAMS.iter().find(|(_, names)| names.contains(&name));
    known.map(|(language, _)| *language)
}

/// The language the start command of `hint` belongs to, when one of the plans is for it.
pub(super) fn meant(hint: &Hint, drafts: &[Draft]) -> Option<&'static str> {
    let meant = language(hint.start.as_ref()?)?;
    drafts
        .iter()
        .any(|draft| draft.plan.language == meant)
        .then_some(meant)
}

/// Where the repository says what is started, plans of other languages are not what it means.
pub(super) fn defer_to_language(hints: &[Hint], drafts: &mut [Draft]) {
    let Some((hint, start)) = hints.iter().find_map(|hint| Some((hint, hint.start.as_ref()?))) else {
        return;
    };
    let Some(meant) = meant(hint, drafts) else { return };
    for draft in drafts.iter_mut() {
        if draft.plan.language != meant && draft.plan.kind != PlanKind::Docker {
            draft.say(&hint.file, format!("starts a program for {meant}: `{start}`"));
            draft.at_most(Confidence::Low);
        }
    }
}

/// Makes `command` the plan's start command, in words that work here; `false` when it cannot run here.
pub(super) fn translate(command: &str, file: &str, draft: &mut Draft) -> bool {
    if command.contains("/assets/") {
        draft.warn(format!(
            "The start command of {file} (`{command}`) needs files that Nixpacks adds to its images; it is not used."
        ));
        return false;
    }
    if draft.plan.language == "php" && program(command).contains("heroku-php-") {
        return php(command, file, draft);
    }
    if draft.plan.language == "go" && go(command, draft) {
        return true;
    }
    if draft.plan.language == "dotnet" {
        let command = dotnet(command, draft);
        draft.make_server(Some(command));
        return true;
    }
    draft.make_server(Some(on_path(command, draft)));
    true
}

/// `heroku-php-apache2 public/`: the folder is kept, the server is PHP's own.
fn php(command: &str, file: &str, draft: &mut Draft) -> bool {
    let folder = command
        .split_whitespace()
        .skip(1)
        .filter(|word| !word.starts_with('-') && !word.ends_with(".conf"));
    let folder = folder
        .last()
        .and_then(crate::tree::normalize_path)
        .unwrap_or_default();
    let folder = if folder.is_empty() { "." } else { folder.as_str() };
    draft.warn(format!(
        "{file} asks for Heroku's web server for PHP; PHP's own server answers from `{folder}` instead."
    ));
    if draft.plan.framework.is_none() || draft.plan.start_command.is_none() {
        draft.make_server(Some(format!(
            "PHP_CLI_SERVER_WORKERS=4 php -S 0.0.0.0:$PORT -t {}",
            quote(folder)
        )));
    }
    true
}

/// Heroku builds Go programs into `bin/`, which is on its path: `web: bin/api`, `web: api --flag`.
fn go(command: &str, draft: &mut Draft) -> bool {
    const OTHERS: [&str; 8] = ["go", "sh", "bash", "make", "air", "exec", "env", "docker"];
    let program = program(command);
    let (folder, name) = program.rsplit_once('/').unwrap_or(("", program));
    let built = ["", ".", "bin", "./bin", "/app/bin", "/go/bin", "$GOPATH/bin"].contains(&folder);
    let plain = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
    if !built || !plain || OTHERS.contains(&name) {
        return false;
    }
    let Some(build) = draft
        .plan
        .build_command
        .as_ref()
        .filter(|build| build.contains(" -o out"))
    else {
        return false;
    };
    draft.plan.build_command = Some(build.replacen(" -o out", &format!(" -o bin/{name}"), 1));
    draft.make_server(Some(command.replacen(program, &format!("./bin/{name}"), 1)));
    true
}

/// Heroku publishes .NET programs into `bin/publish` and puts them on its path.
fn dotnet(command: &str, draft: &Draft) -> String {
    let published = command
        .split_whitespace()
        .find(|word| word.contains("bin/publish"));
    let folder = published.and_then(|word| {
        let end = word.find("bin/publish")? + "bin/publish".len();
        word.get(..end)
    });
    let command = folder.map_or_else(
        || command.to_owned(),
        |folder| command.replacen(folder, "./out", 1),
    );
    if draft.plan.name.as_deref() == Some(program(&command)) {
        return format!("./out/{command}");
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn published_programs_of_dotnet_are_started_from_where_they_lie() {
        let tree = crate::MemoryTree::new();
        let mut draft = Draft::new(&crate::folder::Folder::new(&tree, ""), "dotnet", PlanKind::Server);
        draft.plan.name = Some("shop".to_owned());
        for (command, here) in [
            ("shop --urls http://*:$PORT", "./out/shop --urls http://*:$PORT"),
            ("cd src/shop/bin/publish; ./shop", "cd ./out; ./shop"),
            ("bin/publish/shop", "./out/shop"),
            ("./run", "./run"),
        ] {
            assert_eq!(dotnet(command, &draft), here, "{command}");
        }
    }

    #[test]
    fn the_program_of_a_command_tells_its_language() {
        for (command, meant) in [
            ("gunicorn app:app", Some("python")),
            ("DEBUG=1 python3 -u main.py", Some("python")),
            ("bundle exec puma", Some("ruby")),
            ("exec node server.js", Some("node")),
            ("vendor/bin/heroku-php-apache2 public/", Some("php")),
            ("./run", None),
            ("bin/server", None),
        ] {
            assert_eq!(language(command), meant, "{command}");
        }
    }
}
