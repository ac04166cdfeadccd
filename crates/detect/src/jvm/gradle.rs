//! Gradle: one project, or several named by the settings.

use aether_models::Confidence;

use super::{GRADLE_FILES, MAX_MODULES, choose_module, port_option};
use crate::app::App;
use crate::draft::Draft;
use crate::shell::quote;
use crate::tree::{join, normalize_path};

const SETTINGS: [&str; 2] = ["settings.gradle", "settings.gradle.kts"];
/// What makes a jar that can be started by itself.
const PACKS: [&str; 7] = [
    "org.springframework.boot",
    "io.quarkus",
    "io.micronaut.application",
    "io.ktor.plugin",
    "shadow",
    "Main-Class",
    "fatJar",
];

/// How a project's result is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Result {
    /// A jar with everything in it.
    Jar,
    /// A folder with a script, made by the application plugin.
    Script,
    Library,
}

pub(crate) fn plan(app: &App<'_>, framework: &str, draft: &mut Draft) {
    let wrapper = app.folder.has_file("gradlew");
    let gradle = if wrapper { "sh ./gradlew" } else { "gradle" };
    draft.plan.package_manager = Some("gradle".to_owned());
    let (module, script) = program(app, draft);
    let result = result(&script);
    let install = if result == Result::Script {
        " installDist"
    } else {
        ""
    };
    draft.plan.build_command = Some(format!("{gradle} clean build{install} -x check -x test"));
    let build = join(&module, "build");
    let war = has_plugin(&script, "war");
    let jar = match (framework, result) {
        ("quarkus", _) => quote(&format!("{build}/quarkus-app/quarkus-run.jar")).into_owned(),
        (_, _) if war => format!(
            "$(ls -1 {}/libs/*.war | grep -v plain | head -n 1)",
            quote(&build)
        ),
        (_, _) => format!(
            "$(ls -1 {}/libs/*.jar | grep -v plain | head -n 1)",
            quote(&build)
        ),
    };
    draft.make_server(Some(match result {
        Result::Script => format!(
            "JAVA_OPTS=\"{}$JAVA_OPTS\" sh $(ls -1 {}/install/*/bin/* | grep -v '[.]bat$' | head -n 1)",
            port_option(framework),
            quote(&build)
        ),
        _ => format!("java {}$JAVA_OPTS -jar {jar}", port_option(framework)),
    }));
    draft.cache(&[".gradle".to_owned()]);
    if war && framework != "spring-boot" {
        draft.warn("The build makes a .war, which needs a servlet container to run in; set a start command or bring a Dockerfile.");
        draft.at_most(Confidence::Low);
    } else if result == Result::Library {
        draft.warn("Nothing in the build files makes a program: the application plugin, a main class in the jar's manifest, or a framework's plugin is missing.");
        draft.at_most(if framework.is_empty() {
            Confidence::Low
        } else {
            Confidence::Medium
        });
    }
}

/// The folder of the project that makes the program, and its build script.
fn program(app: &App<'_>, draft: &mut Draft) -> (String, String) {
    let root = app
        .folder
        .first(&GRADLE_FILES)
        .and_then(|file| app.folder.text(&file));
    let root = root.map(|text| text.to_string()).unwrap_or_default();
    if result(&root) != Result::Library {
        return (String::new(), root);
    }
    let modules: Vec<(String, String, String)> = modules(app)
        .into_iter()
        .filter_map(|(dir, file)| {
            let text = app.folder.text(&file)?.to_string();
            Some((dir, file, text))
        })
        .collect();
    let programs: Vec<String> = modules
        .iter()
        .filter(|(_, _, text)| result(text) != Result::Library)
        .map(|(dir, _, _)| dir.clone())
        .collect();
    let chosen = choose_module(&programs, draft).or_else(|| {
        // The only project of the build is its program, whatever plugins a convention of the build's own applies.
        let [(only, _, _)] = modules.as_slice() else {
            return None;
        };
        root.is_empty().then(|| only.clone())
    });
    let found = chosen.and_then(|dir| modules.into_iter().find(|(module, _, _)| *module == dir));
    match found {
        Some((dir, file, text)) => {
            draft.say(&file, "makes the program of the build");
            (dir, text)
        }
        None => (String::new(), root),
    }
}

fn result(script: &str) -> Result {
    // `apply false` only names a plugin's version for the projects below.
    let applied = |sign: &str| {
        let mut lines = script.lines().filter(|line| line.contains(sign));
        lines.any(|line| !line.contains("apply false") && !line.trim_start().starts_with("//"))
    };
    if PACKS.iter().any(|sign| applied(sign)) {
        Result::Jar
    } else if has_plugin(script, "application") {
        Result::Script
    } else if has_plugin(script, "war") {
        Result::Jar
    } else {
        Result::Library
    }
}

/// `id 'war'`, `id("war")`, `apply plugin: 'war'`, or the bare word in a Kotlin script's block of plugins.
fn has_plugin(script: &str, name: &str) -> bool {
    script.lines().map(str::trim).any(|line| {
        let quoted = line.contains(&format!("'{name}'")) || line.contains(&format!("\"{name}\""));
        line == name || quoted && (line.contains("id") || line.contains("plugin"))
    })
}

/// The projects the settings include: folder and build script.
pub(crate) fn modules(app: &App<'_>) -> Vec<(String, String)> {
    let text = app
        .folder
        .first(&SETTINGS)
        .and_then(|file| app.folder.text(&file));
    let Some(text) = text else { return Vec::new() };
    let lines = text.lines().map(str::trim);
    let names = lines
        .filter(|line| {
            line.starts_with(['"', '\''])
                || line
                    .strip_prefix("include")
                    .is_some_and(|rest| rest.starts_with(['(', ' ']))
        })
        .flat_map(|line| line.split(['"', '\'']).skip(1).step_by(2));
    let folders = names.filter_map(|name| normalize_path(&name.trim_start_matches(':').replace(':', "/")));
    let scripts = folders.filter_map(|dir| {
        let file = GRADLE_FILES
            .iter()
            .map(|name| join(&dir, name))
            .find(|file| app.folder.has_file(file))?;
        (!dir.is_empty()).then_some((dir, file))
    });
    scripts.take(MAX_MODULES).collect()
}
