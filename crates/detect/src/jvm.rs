//! Java and Kotlin: Maven and Gradle, by their wrappers where the repository has them.
//!
//! A build of several modules is planned from its root: the one module that makes a program is built with what it
//! needs, and started from its own folder.

mod gradle;
mod maven;

use aether_models::{Confidence, PlanKind};

use crate::app::{App, Dependencies, Dependency};
use crate::draft::Draft;
use crate::framework::{self, between};
use crate::toolfiles::{version_file, wish};
use crate::versions::{self, Wish};

const GRADLE_FILES: [&str; 2] = ["build.gradle", "build.gradle.kts"];
/// Builds with more modules are looked at as far as this.
const MAX_MODULES: usize = 50;
/// What in the text of the build files tells the framework.
const KNOWN: [(&str, &str); 7] = [
    ("spring-boot", "spring-boot"),
    ("org.springframework.boot", "spring-boot"),
    ("quarkus", "quarkus"),
    ("micronaut", "micronaut"),
    ("ktor", "ktor"),
    ("javalin", "javalin"),
    ("vertx", "vertx"),
];

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let mut found = Dependencies::new();
    for file in build_files(app) {
        let Some(text) = app.folder.text(&file) else {
            continue;
        };
        let names = KNOWN.iter().filter(|(sign, _)| text.contains(sign));
        found.extend(names.map(|(_, name)| {
            (
                (*name).to_owned(),
                Dependency {
                    file: file.clone(),
                    version: String::new(),
                },
            )
        }));
    }
    found
}

fn build_files(app: &App<'_>) -> Vec<String> {
    let own = ["pom.xml", "build.gradle", "build.gradle.kts"].map(str::to_owned);
    let own = own.into_iter().filter(|file| app.folder.has_file(file));
    let poms = maven::modules(app)
        .into_iter()
        .map(|dir| format!("{dir}/pom.xml"));
    let scripts = gradle::modules(app).into_iter().map(|(_, file)| file);
    own.chain(poms).chain(scripts).collect()
}

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let mut draft = Draft::new(&app.folder, "java", PlanKind::Server);
    let settings = app.folder.first(&["settings.gradle", "settings.gradle.kts"]);
    let gradle = app
        .folder
        .first(&GRADLE_FILES)
        .or(settings)
        .filter(|_| !app.folder.has_file("pom.xml"));
    if let Some(file) = &gradle {
        draft.say(file, "package manager gradle");
    } else if app.folder.has_file("pom.xml") {
        draft.say("pom.xml", "package manager maven");
    } else {
        return None;
    }
    let rule = framework::apply(app, "java", &mut draft);
    let framework = rule.map(|rule| rule.slug.as_str()).unwrap_or_default();
    versions::decide(app, &mut draft, "java", version(app).as_ref());
    if gradle.is_some() {
        gradle::plan(app, framework, &mut draft);
    } else {
        maven::plan(app, framework, &mut draft);
    }
    Some(draft)
}

/// Which module is the program; `None` when no module is known to be one, and the root is taken.
fn choose_module(programs: &[String], draft: &mut Draft) -> Option<String> {
    let chosen = programs.first()?;
    if programs.len() > 1 {
        draft.warn(format!(
            "The build makes several programs ({}); `{chosen}` is taken. Set the commands in the project's settings for another.",
            programs.join(", ")
        ));
        draft.at_most(Confidence::Low);
    }
    Some(chosen.clone())
}

/// How each framework is told its port.
fn port_option(framework: &str) -> &'static str {
    match framework {
        "spring-boot" => "-Dserver.port=$PORT ",
        "quarkus" => "-Dquarkus.http.host=0.0.0.0 -Dquarkus.http.port=$PORT ",
        "micronaut" => "-Dmicronaut.server.port=$PORT ",
        _ => "",
    }
}

fn version(app: &App<'_>) -> Option<Wish> {
    let exact = version_file(app, ".java-version")
        .or_else(|| wish(app, &["java"]))
        .or_else(|| {
            let text = app.folder.text("system.properties")?;
            let version = framework::value_of_line(&text, "java.runtime.version")?.to_owned();
            Some(Wish {
                file: app.folder.path("system.properties"),
                version,
            })
        });
    let plain = |wish: Wish| {
        let digits = wish.version.trim_start_matches(|c: char| !c.is_ascii_digit());
        let major = digits
            .strip_prefix("1.")
            .unwrap_or(digits)
            .split(['.', '+', '_', '-'])
            .next()
            .unwrap_or_default();
        Wish {
            version: major.to_owned(),
            ..wish
        }
    };
    exact.map(plain).or_else(|| {
        // A newer JDK builds for an older target, except through Gradle's toolchains, which want the very one.
        build_files(app).into_iter().find_map(|file| {
            let text = app.folder.text(&file)?;
            let tags = [
                "java.version",
                "maven.compiler.release",
                "maven.compiler.source",
                "maven.compiler.target",
            ];
            let target = tags
                .iter()
                .find_map(|tag| between(&text, &format!("<{tag}>"), "<"));
            let toolchain = between(&text, "JavaLanguageVersion.of(", ")")
                .or_else(|| between(&text, "jvmToolchain(", ")"));
            let version = match (toolchain, target) {
                (Some(version), _) => version.to_owned(),
                (None, Some(version)) => format!(">={}", version.trim_start_matches("1.")),
                (None, None) => return None,
            };
            version.ends_with(|c: char| c.is_ascii_digit()).then(|| Wish {
                file: app.folder.path(&file),
                version,
            })
        })
    })
}
