//! Java and Kotlin: Maven and Gradle, by their wrappers where the repository has them.

use aether_models::PlanKind;

use crate::app::{App, Dependencies, Dependency};
use crate::draft::Draft;
use crate::framework::{self, between};
use crate::toolfiles::{version_file, wish};
use crate::versions::{self, Wish};

const GRADLE_FILES: [&str; 2] = ["build.gradle", "build.gradle.kts"];
/// Artifacts whose presence tells the framework; names are looked for in the build files' text.
const KNOWN: [&str; 6] = ["spring-boot", "quarkus", "micronaut", "ktor", "javalin", "vertx"];

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let mut found = Dependencies::new();
    for file in build_files(app) {
        let Some(text) = app.folder.text(&file) else {
            continue;
        };
        let names = KNOWN.iter().filter(|name| text.contains(**name));
        found.extend(names.map(|name| {
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
    let own = [
        "pom.xml",
        "build.gradle",
        "build.gradle.kts",
        "app/build.gradle",
        "app/build.gradle.kts",
    ];
    own.into_iter()
        .filter(|file| app.folder.has_file(file))
        .map(str::to_owned)
        .collect()
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
        with_gradle(app, framework, &mut draft);
    } else {
        with_maven(app, framework, &mut draft);
    }
    Some(draft)
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

fn with_maven(app: &App<'_>, framework: &str, draft: &mut Draft) {
    let wrapper = app.folder.has_file("mvnw");
    let maven = if wrapper { "sh ./mvnw" } else { "mvn" };
    draft.plan.package_manager = Some("maven".to_owned());
    draft.plan.build_command = Some(format!("{maven} -B -DskipTests clean package"));
    let war = app
        .folder
        .text("pom.xml")
        .is_some_and(|text| text.contains("<packaging>war<"));
    let ending = if war { "war" } else { "jar" };
    let jar = match framework {
        "quarkus" => "target/quarkus-app/quarkus-run.jar".to_owned(),
        _ => format!("$(ls -1 target/*.{ending} | grep -v -e original -e sources -e javadoc | head -n 1)"),
    };
    draft.make_server(Some(format!(
        "java {}$JAVA_OPTS -jar {jar}",
        port_option(framework)
    )));
}

fn with_gradle(app: &App<'_>, framework: &str, draft: &mut Draft) {
    let wrapper = app.folder.has_file("gradlew");
    let gradle = if wrapper { "sh ./gradlew" } else { "gradle" };
    draft.plan.package_manager = Some("gradle".to_owned());
    draft.plan.build_command = Some(format!("{gradle} clean build -x check -x test"));
    let module = if app.folder.first(&GRADLE_FILES).is_none() && app.folder.has_folder("app") {
        "app/"
    } else {
        ""
    };
    let jar = match framework {
        "quarkus" => format!("{module}build/quarkus-app/quarkus-run.jar"),
        _ => format!("$(ls -1 {module}build/libs/*.jar | grep -v plain | head -n 1)"),
    };
    draft.make_server(Some(format!(
        "java {}$JAVA_OPTS -jar {jar}",
        port_option(framework)
    )));
    draft.cache(&[".gradle".to_owned()]);
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
