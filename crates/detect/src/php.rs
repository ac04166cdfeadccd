//! PHP: Composer, the front controller's folder, and PHP's own server with several workers.

use aether_models::{Confidence, PlanKind};
use serde_json::Value;

use crate::app::{App, Dependencies, Dependency};
use crate::draft::Draft;
use crate::framework;
use crate::toolfiles::wish;
use crate::versions::{self, Wish};

const INSTALL: &str = "composer install --no-dev --optimize-autoloader --no-interaction";

pub(crate) fn dependencies(app: &App<'_>) -> Dependencies {
    let Some(value) = app.folder.value("composer.json") else {
        return Dependencies::new();
    };
    let table = value
        .get("require")
        .and_then(Value::as_object)
        .into_iter()
        .flatten();
    let entry = |(name, version): (&String, &Value)| {
        let version = version.as_str().unwrap_or_default().to_owned();
        (
            name.clone(),
            Dependency {
                file: "composer.json".to_owned(),
                version,
            },
        )
    };
    table.map(entry).collect()
}

pub(crate) fn plan(app: &App<'_>) -> Option<Draft> {
    let composer = app.folder.has_file("composer.json");
    let index = app.folder.first(&[
        "public/index.php",
        "index.php",
        "web/index.php",
        "html/index.php",
        "htdocs/index.php",
        "webroot/index.php",
    ]);
    if !composer && index.is_none() {
        return None;
    }
    let mut draft = Draft::new(&app.folder, "php", PlanKind::Server);
    if composer {
        draft.say("composer.json", "package manager composer");
        draft.plan.package_manager = Some("composer".to_owned());
        draft.plan.install_command = Some(INSTALL.to_owned());
    }
    let wanted = app.dependency("php", "php").map(|found| Wish {
        file: app.folder.path("composer.json"),
        version: found.version.clone(),
    });
    versions::decide(app, &mut draft, "php", wish(app, &["php"]).or(wanted).as_ref());
    let rule = framework::apply(app, "php", &mut draft);
    let laravel = rule.is_some_and(|rule| rule.slug == "laravel");
    crate::node::assets(app, &mut draft);
    if let Some(file) = &index {
        draft.say(file, "answers the requests");
        let folder = file.rsplit_once('/').map_or(".", |(folder, _)| folder);
        // Laravel and Symfony route every path through the front controller.
        let router = if rule.is_some() {
            format!(" {file}")
        } else {
            String::new()
        };
        draft.make_server(Some(format!(
            "PHP_CLI_SERVER_WORKERS=4 php -S 0.0.0.0:$PORT -t {folder}{router}"
        )));
        if laravel {
            draft.make_server(Some(
                "PHP_CLI_SERVER_WORKERS=4 php artisan serve --host=0.0.0.0 --port=$PORT --no-reload"
                    .to_owned(),
            ));
        }
    } else {
        draft.at_most(Confidence::Low);
        draft.warn("No index.php was found in the root folder or in public/. Set a start command in the project's settings.");
    }
    Some(draft)
}
