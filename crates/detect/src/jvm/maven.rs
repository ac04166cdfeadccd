//! Maven: one module, or several below a parent.

use aether_models::Confidence;

use super::{MAX_MODULES, choose_module, port_option};
use crate::app::App;
use crate::draft::Draft;
use crate::shell::quote;
use crate::tree::{join, normalize_path};

/// What makes a jar that can be started by itself.
const PACKS: [&str; 8] = [
    "spring-boot-maven-plugin",
    "quarkus-maven-plugin",
    "micronaut-maven-plugin",
    "maven-shade-plugin",
    "maven-assembly-plugin",
    "<mainClass>",
    "<Main-Class>",
    "<packaging>quarkus<",
];

pub(crate) fn plan(app: &App<'_>, framework: &str, draft: &mut Draft) {
    let wrapper = app.folder.has_file("mvnw");
    let maven = if wrapper { "sh ./mvnw" } else { "mvn" };
    draft.plan.package_manager = Some("maven".to_owned());
    let programs: Vec<String> = modules(app)
        .into_iter()
        .filter(|dir| text(app, dir).is_some_and(|text| packs(&text)))
        .collect();
    let module = choose_module(&programs, draft);
    let dir = module.as_deref().unwrap_or_default();
    let pom = text(app, dir).unwrap_or_default();
    let only = match &module {
        Some(dir) => {
            draft.say(&join(dir, "pom.xml"), "makes the program of the build");
            format!("-pl {} -am ", quote(dir))
        }
        None => String::new(),
    };
    draft.plan.build_command = Some(format!("{maven} -B -DskipTests {only}clean package"));
    let war = pom.contains("<packaging>war<");
    let ending = if war { "war" } else { "jar" };
    let target = join(dir, "target");
    let jar = match framework {
        "quarkus" => quote(&format!("{target}/quarkus-app/quarkus-run.jar")).into_owned(),
        _ => format!(
            "$(ls -1 {}/*.{ending} | grep -v -e original -e sources -e javadoc | head -n 1)",
            quote(&target)
        ),
    };
    draft.make_server(Some(format!(
        "java {}$JAVA_OPTS -jar {jar}",
        port_option(framework)
    )));
    doubts(app, framework, &pom, war, module.is_none(), draft);
}

/// What speaks against `java -jar`.
fn doubts(app: &App<'_>, framework: &str, pom: &str, war: bool, root: bool, draft: &mut Draft) {
    let below = root && !modules(app).is_empty();
    if war && framework != "spring-boot" {
        draft.warn("The build makes a .war, which needs a servlet container to run in; set a start command or bring a Dockerfile.");
        draft.at_most(Confidence::Low);
    } else if below {
        draft.warn(
            "None of the modules is set up to make a program; set the commands in the project's settings.",
        );
        draft.at_most(Confidence::Low);
    } else if !packs(pom) {
        draft.warn("Nothing in pom.xml makes a jar that can be started: name its main class (maven-jar-plugin, maven-shade-plugin or the framework's plugin).");
        // A parent of the company's own may bring the framework's plugin.
        draft.at_most(if framework.is_empty() {
            Confidence::Low
        } else {
            Confidence::Medium
        });
    }
}

fn packs(pom: &str) -> bool {
    PACKS.iter().any(|sign| pom.contains(sign))
}

fn text(app: &App<'_>, dir: &str) -> Option<std::rc::Rc<str>> {
    app.folder.text(&join(dir, "pom.xml"))
}

/// Folders of the modules of a parent, and of the parents among them.
pub(crate) fn modules(app: &App<'_>) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut queue = vec![String::new()];
    while let Some(dir) = queue.pop() {
        let Some(pom) = text(app, &dir).filter(|pom| pom.contains("<modules>")) else {
            continue;
        };
        let named = pom
            .split("<module>")
            .skip(1)
            .filter_map(|part| part.split_once("</module>"));
        for folder in named.filter_map(|(name, _)| normalize_path(&join(&dir, name.trim()))) {
            let known = folder.is_empty() || found.contains(&folder) || found.len() >= MAX_MODULES;
            if !known && app.folder.has_file(&join(&folder, "pom.xml")) {
                queue.push(folder.clone());
                found.push(folder);
            }
        }
    }
    found.sort_unstable();
    found
}
