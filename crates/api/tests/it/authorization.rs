//! Every route of `openapi.json` as nobody and as a stranger. A route that this file does not know fails the test.

use std::collections::HashMap;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Caller, TestApi, send};

/// Routes that are public on purpose.
const PUBLIC: &[&str] = &[
    "get_health",
    "get_ready",
    "get_metrics",
    "setup_state",
    "register_user",
    "log_in",
    "log_out",
    "refresh_session",
    "get_github_app_form",
];
/// Routes that prove the sender by a signature.
const SIGNED: &[&str] = &["receive_webhook", "receive_github_webhook"];
/// Routes about the caller's own things, without an id of anything.
const OWN: &[&str] = &[
    "get_me",
    "update_me",
    "change_password",
    "list_sessions",
    "end_other_sessions",
    "list_templates",
    "list_tokens",
    "create_token",
    "list_invitations",
    "create_invitation",
    "list_projects",
    "create_project",
    "detect_repository",
    "system_status",
    "begin_github_app",
    "finish_github_app",
    "list_github_apps",
    "list_github_repositories",
];

struct Operation {
    id: String,
    method: Method,
    path: String,
}

fn operations() -> Vec<Operation> {
    let api = serde_json::to_value(aether_api::openapi()).unwrap();
    let paths = api["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, item)| {
        item.as_object()
            .unwrap()
            .iter()
            .map(move |(method, operation)| Operation {
                id: operation["operationId"].as_str().unwrap().to_owned(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
            })
    });
    each.collect()
}

/// A body that is right as far as its form goes.
fn body(operation: &str, deployment: &str) -> Option<Value> {
    Some(match operation {
        "create_token" => json!({"name": "x", "scopes": ["read"]}),
        "create_invitation" => json!({"email": "x@example.com", "role": "viewer"}),
        "create_project" | "detect_repository" => json!({"repo_url": "https://git.example.com/a/b"}),
        "update_project" | "create_deployment" | "update_me" => json!({}),
        "change_password" => json!({"current_password": "x", "new_password": "y"}),
        "rollback_release" | "promote_release" => json!({"deployment_id": deployment}),
        "replace_env_vars" => json!({"variables": []}),
        "put_env_var" => json!({"value": "x"}),
        "create_upload" => {
            json!({"entries": [{"path": "a", "type": "file", "sha256": "0".repeat(64), "size": 0}]})
        }
        "begin_github_app" => json!({}),
        "finish_github_app" => json!({"code": "x", "state": "x"}),
        "put_provider" => json!({"forge": "github", "token": "x"}),
        "approve_preview" => json!({"head": "59b20b8d5c6ff8d09518454d4dd8b7b30f095ab5"}),
        "create_domain" => json!({"hostname": "www.example.com"}),
        _ => return None,
    })
}

/// A team with one of everything.
async fn furnished(api: &TestApi) -> (Caller, HashMap<&'static str, String>) {
    let owner = api.owner().await;
    let project = owner.project("site").await;
    owner
        .put("/projects/site/env/KEY", json!({"value": "value"}))
        .await
        .expect(StatusCode::OK);
    owner
        .post("/projects/site/domains", json!({"hostname": "www.example.org"}))
        .await
        .expect(StatusCode::CREATED);
    owner.deploy("site").await;
    let deployment = api.release_next().await;
    let token = owner
        .post("/tokens", json!({"name": "t", "scopes": ["read"]}))
        .await
        .json;
    let invitation = owner
        .post(
            "/invitations",
            json!({"email": "i@example.com", "role": "viewer"}),
        )
        .await
        .json;
    crate::webhooks::deliver_ping(&owner, &project).await;
    let delivery = owner.get("/projects/site/webhook-deliveries").await.json["items"][0]["id"].clone();
    let session = owner.get("/auth/sessions").await.json["items"][0]["id"].clone();
    let upload = owner
        .post("/projects/site/uploads", body("create_upload", "").unwrap())
        .await
        .json["id"]
        .clone();
    let environment = owner.get("/projects/site/environments").await.json["items"][0]["id"].clone();
    api.sql(
        "insert into github_apps (id, team_id, base_url, github_id, slug, name, owner, html_url, client_id, client_secret,
            private_key)
        select '01890a5d-ac96-774b-bcce-b302099a8057', team_id, 'https://github.com', 1, 'a', 'a', 'a',
            'https://github.com/apps/a', 'a', 'x', 'x' from projects where slug = 'site'",
    )
    .await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let ids = HashMap::from([
        ("project", text(&project["id"])),
        ("deployment", deployment.to_string()),
        ("token", text(&token["id"])),
        ("invitation", text(&invitation["id"])),
        ("session", text(&session)),
        ("delivery", text(&delivery)),
        ("environment", text(&environment)),
        ("upload", text(&upload)),
        ("github_app", "gha_01h455vb4pex5vsknk084sn02q".to_owned()),
    ]);
    (owner, ids)
}

/// The concrete path of an operation on these things.
fn fill(operation: &Operation, ids: &HashMap<&'static str, String>) -> String {
    let id = match operation.path.as_str() {
        path if path.contains("/deployments/{id}") => &ids["deployment"],
        path if path.contains("/github/apps/") => &ids["github_app"],
        path if path.contains("/uploads/") => &ids["upload"],
        path if path.contains("/environments/") => &ids["environment"],
        path if path.contains("/tokens/") => &ids["token"],
        path if path.contains("/invitations/") => &ids["invitation"],
        path if path.contains("/sessions/") => &ids["session"],
        _ => &ids["delivery"],
    };
    operation
        .path
        .replace("{project}", &ids["project"])
        .replace("{id}", id)
        .replace("{key}", "KEY")
        .replace("{sha256}", &"0".repeat(64))
        .replace("{hostname}", "www.example.org")
}

async fn call(caller: &Caller, operation: &Operation, path: &str, deployment: &str) -> u16 {
    let request = caller.request(operation.method.clone(), path);
    let request = match body(&operation.id, deployment) {
        Some(body) => request.json(&body),
        None if SIGNED.contains(&operation.id.as_str()) => request.json(&json!({})),
        None => request,
    };
    send(request).await.status.as_u16()
}

#[tokio::test]
async fn input_26_nobody_gets_past_any_route_that_is_not_public() {
    let api = TestApi::start().await;
    let (_, ids) = furnished(&api).await;
    let nobody = api.nobody();
    let mut open = Vec::new();
    for operation in operations() {
        if !PUBLIC.contains(&operation.id.as_str()) {
            let status = call(&nobody, &operation, &fill(&operation, &ids), &ids["deployment"]).await;
            if status != 401 {
                open.push((operation.id, status));
            }
        }
    }
    assert_eq!(open, []);
}

#[tokio::test]
async fn input_26_a_stranger_finds_nothing_of_another_team_on_any_route() {
    let api = TestApi::start().await;
    let (owner, ids) = furnished(&api).await;
    let stranger = api.stranger().await;
    let mut open = Vec::new();
    let mut tried = 0;
    for operation in operations() {
        let id = operation.id.as_str();
        if PUBLIC.contains(&id) || SIGNED.contains(&id) || OWN.contains(&id) {
            continue;
        }
        tried += 1;
        assert!(
            operation.path.contains('{'),
            "{id} names nothing and is in none of the lists of this test"
        );
        let status = call(&stranger, &operation, &fill(&operation, &ids), &ids["deployment"]).await;
        let by_slug = fill(&operation, &ids).replace(&ids["project"], "site");
        let status_by_slug = call(&stranger, &operation, &by_slug, &ids["deployment"]).await;
        if (status, status_by_slug) != (404, 404) {
            open.push((operation.id, status, status_by_slug));
        }
    }
    assert_eq!(open, []);
    let listed = PUBLIC.len() + SIGNED.len() + OWN.len();
    assert_eq!(
        tried + listed,
        operations().len(),
        "the lists of this test name a route that is no more"
    );
    // Nothing was changed on the way, and the owner still finds everything.
    for path in [
        "/projects/site/env",
        "/projects/site/domains",
        "/projects/site/environments",
        "/tokens",
        "/invitations",
        "/projects/site/deployments",
    ] {
        assert_eq!(
            owner.get(path).await.json["items"].as_array().unwrap().len(),
            1,
            "{path}"
        );
    }
}

#[tokio::test]
async fn input_27_and_28_ids_of_another_team_under_an_own_parent_or_in_a_body_name_nothing() {
    let api = TestApi::start().await;
    let (_, ids) = furnished(&api).await;
    let stranger = api.stranger().await;
    stranger.project("mine").await;
    for path in [
        format!("/projects/mine/webhook-deliveries/{}/replay", ids["delivery"]),
        "/projects/mine/rollback".to_owned(),
        "/projects/mine/promote".to_owned(),
    ] {
        let answer = stranger
            .post(&path, json!({"deployment_id": ids["deployment"]}))
            .await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}: {}", answer.text);
    }
    stranger
        .delete("/projects/mine/domains/www.example.org")
        .await
        .expect_problem(404, "not_found");
    stranger
        .delete("/projects/mine/env/KEY")
        .await
        .expect_problem(404, "not_found");
    // A team that the caller is not in cannot be chosen.
    let team: String =
        sqlx::query_scalar::<_, uuid::Uuid>("select team_id from projects where slug = 'site'")
            .fetch_one(api.store.raw_pool())
            .await
            .map(|id| aether_models::TeamId::from_uuid(id).to_string())
            .unwrap();
    let request = stranger
        .request(Method::GET, "/projects")
        .header("x-aether-team", team);
    send(request).await.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn input_29_odd_ids_name_nothing() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    for id in [
        "0",
        "-1",
        "1",
        "..%2fx",
        "%00",
        "dep_",
        "DEP_01h455vb4pex5vsknk084sn02q",
        "01890a5d-ac96-774b-bcce-b302099a8057",
        "00000000-0000-0000-0000-000000000000",
        &"9".repeat(10_000),
        "prj_01h455vb4pex5vsknk084sn02q",
        "%ff",
        "[]",
        "Site",
        "site%20",
    ] {
        for path in [
            format!("/deployments/{id}"),
            format!("/projects/{id}"),
            format!("/deployments/{id}/logs"),
        ] {
            let answer = owner.get(&path).await;
            assert!(
                matches!(answer.status.as_u16(), 400 | 404),
                "{path:.60}: {} {}",
                answer.status,
                answer.text
            );
        }
    }
}

#[tokio::test]
async fn input_30_a_deleted_project_is_gone_with_everything_below_it() {
    let api = TestApi::start().await;
    let (owner, ids) = furnished(&api).await;
    owner
        .delete("/projects/site")
        .await
        .expect(StatusCode::NO_CONTENT);
    for path in [
        "/projects/site",
        "/projects/site/env",
        "/projects/site/deployments",
        "/projects/site/logs",
    ] {
        owner.get(path).await.expect_problem(404, "not_found");
    }
    owner
        .get(&format!("/projects/{}", ids["project"]))
        .await
        .expect_problem(404, "not_found");
    owner
        .delete("/projects/site")
        .await
        .expect_problem(404, "not_found");
    owner
        .get(&format!("/deployments/{}", ids["deployment"]))
        .await
        .expect_problem(404, "not_found");
    assert_eq!(owner.get("/projects").await.json["items"], json!([]));
}
