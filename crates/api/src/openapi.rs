//! The description of the API, made from the code. `openapi.json` at the repository's root is its copy for everybody
//! else; a test fails when it is stale.

use std::collections::HashSet;

use actix_web::App;
use utoipa::openapi::schema::{ArrayItems, Schema};
use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Ref, RefOr};
use utoipa::{Modify, OpenApi};
use utoipa_actix_web::AppExt;

use crate::error::{FieldError, Problem};
use crate::router::routes;

/// Fields of answers that are left out when there is nothing to say; every other one is always there, if only as null.
const LEFT_OUT: &[(&str, &str)] = &[
    ("BuildPlan", "name"),
    ("LogLine", "step"),
    ("Problem", "errors"),
    ("Problem", "hint"),
    ("Project", "github_repository"),
    ("CreatedProject", "github_repository"),
];

#[derive(OpenApi)]
#[openapi(
    info(
        title = "Aether",
        description = "Give it a Git repository; it builds, deploys and serves it.",
        license(name = "Apache-2.0", identifier = "Apache-2.0")
    ),
    components(schemas(Problem, FieldError)),
    security(("bearer" = [])),
    modifiers(&Bearer)
)]
struct Description;

struct Bearer;

impl Modify for Bearer {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = Http::builder()
            .scheme(HttpAuthScheme::Bearer)
            .description(Some(
                "An access token from signing in, or an API token (`aether_…`).",
            ))
            .build();
        let components = openapi.components.get_or_insert_default();
        components.add_security_scheme("bearer", SecurityScheme::Http(scheme));
    }
}

/// The API's description.
#[must_use]
pub fn openapi() -> utoipa::openapi::OpenApi {
    let app = App::new().into_utoipa_app().openapi(Description::openapi());
    let (_, mut api) = app.configure(routes).split_for_parts();
    name_items_of_pages(&mut api);
    require_fields_of_answers(&mut api);
    api
}

/// The generator writes the schema of a page's items inside of the page's own; they have a name, and it is said here.
fn name_items_of_pages(api: &mut utoipa::openapi::OpenApi) {
    let Some(components) = &mut api.components else {
        return;
    };
    let known: HashSet<String> = components.schemas.keys().cloned().collect();
    for (page, schema) in &mut components.schemas {
        let Some(item) = page.strip_prefix("Page_").filter(|item| known.contains(*item)) else {
            continue;
        };
        if let RefOr::T(Schema::Object(page)) = schema
            && let Some(RefOr::T(Schema::Array(items))) = page.properties.get_mut("items")
        {
            items.items = ArrayItems::RefOrSchema(Box::new(RefOr::Ref(Ref::from_schema_name(item))));
        }
    }
}

/// The generator takes every optional field for one that may be missing. In what we answer it is there, as null, and
/// clients should not have to ask twice.
fn require_fields_of_answers(api: &mut utoipa::openapi::OpenApi) {
    let asked = schemas_of_requests(api);
    let Some(components) = &mut api.components else {
        return;
    };
    for (name, schema) in &mut components.schemas {
        if !asked.contains(name)
            && let RefOr::T(schema) = schema
        {
            require_fields(name, schema);
        }
    }
}

fn require_fields(name: &str, schema: &mut Schema) {
    match schema {
        Schema::Object(object) => {
            let is_kept = |field: &&String| !LEFT_OUT.contains(&(name, field.as_str()));
            object.required = object.properties.keys().filter(is_kept).cloned().collect();
        }
        Schema::AllOf(parts) => {
            for part in &mut parts.items {
                if let RefOr::T(part) = part {
                    require_fields(name, part);
                }
            }
        }
        _ => {}
    }
}

/// Names of the schemas that requests refer to, directly or through others.
fn schemas_of_requests(api: &utoipa::openapi::OpenApi) -> HashSet<String> {
    let bodies = api
        .paths
        .paths
        .values()
        .flat_map(|item| [&item.post, &item.put, &item.patch]);
    let bodies = bodies.filter_map(|operation| operation.as_ref()?.request_body.as_ref());
    let mut open: Vec<String> = bodies.flat_map(references).collect();
    let mut found = HashSet::new();
    while let Some(name) = open.pop() {
        let schema = api
            .components
            .as_ref()
            .and_then(|components| components.schemas.get(&name));
        if found.insert(name) {
            open.extend(schema.into_iter().flat_map(references));
        }
    }
    found
}

/// Names of the schemas that a part of the description refers to.
fn references<T: serde::Serialize>(part: T) -> Vec<String> {
    let text = serde_json::to_string(&part).unwrap_or_default();
    let names = text.split("\"#/components/schemas/").skip(1);
    names
        .filter_map(|rest| rest.split('"').next().map(str::to_owned))
        .collect()
}
