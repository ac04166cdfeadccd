//! Projects.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{TestApi, assert_body};

const REPO: &str = "https://git.example.com/octo/My_Site.git";

#[tokio::test]
async fn a_project_is_made_of_a_repository_alone() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let created = owner
        .post("/projects", json!({"repo_url": REPO}))
        .await
        .expect(StatusCode::CREATED);
    assert_body!("created_project", created.json);
    let id = created.json["id"].as_str().unwrap();
    let by_id = owner
        .get(&format!("/projects/{id}"))
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(by_id, owner.get("/projects/my-site").await.json);
    assert!(
        by_id.get("webhook").is_none(),
        "the secret is not shown again by itself"
    );
    let webhook = owner
        .get("/projects/my-site/webhook")
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(webhook, created.json["webhook"]);
    let rotated = owner
        .post("/projects/my-site/webhook/rotate", json!({}))
        .await
        .expect(StatusCode::OK)
        .json;
    assert_ne!(rotated["secret"], webhook["secret"]);
    assert_eq!(owner.get("/projects/my-site/webhook").await.json, rotated);
}

#[tokio::test]
async fn settings_stand_beside_the_other_fields_and_null_puts_them_back() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = json!({
        "repo_url": REPO, "name": "Site", "branch": "release/1", "root_dir": "./apps/web/", "kind": "server",
        "install_command": "npm ci", "build_command": "", "start_command": "node index.js", "port": 8080,
        "runtime_version": {"node": "22"}, "health_check_path": "/healthz", "build_timeout_seconds": 60,
        "app_limits": {"memory_mb": 256, "cpus": 0.5, "pids": 64, "disk_mb": 128}, "auto_deploy": false,
        "replicas": 3, "runtime": "docker", "volumes": [{"name": "data", "path": "/data"}]
    });
    let created = owner
        .post("/projects", body)
        .await
        .expect(StatusCode::CREATED)
        .json;
    let expected = [
        ("root_dir", json!("apps/web")),
        ("build_command", json!("")),
        ("port", json!(8080)),
        ("branch", json!("release/1")),
    ];
    for (field, value) in expected {
        assert_eq!(created[field], value, "{field}");
    }
    let change = json!({"build_command": null, "port": null, "app_limits": null, "branch": null, "auto_deploy": null, "name": "New name"});
    let changed = owner
        .patch("/projects/site", change)
        .await
        .expect(StatusCode::OK)
        .json;
    assert_body!("changed_project", changed);
    assert_eq!(
        owner.patch("/projects/site", json!({})).await.json["start_command"],
        "node index.js"
    );
}

#[tokio::test]
async fn inputs_35_to_41_and_44_addresses_that_are_no_public_repository_are_422() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    for url in [
        "file:///etc",
        "/etc",
        "../x",
        "C:\\x",
        ".",
        "ext::sh -c touch% /tmp/p",
        "fd::17",
        "transport::addr",
        "--upload-pack=touch /tmp/p;",
        "-c core.sshCommand=x",
        "ssh://-oProxyCommand=id/x",
        "git@-oProxyCommand=id:x",
        "http://git.example.com/x",
        "git://git.example.com/x",
        "HTTPS://git.example.com/x",
        " https://git.example.com/x",
        "https:/x",
        "https:///h/x",
        "https://127.0.0.1/x",
        "https://localhost/x",
        "https://0/x",
        "https://2130706433/x",
        "https://0x7f.1/x",
        "https://[::1]/x",
        "https://[::ffff:127.0.0.1]/x",
        "https://10.0.0.1/x",
        "https://100.64.0.1/x",
        "https://169.254.169.254/x",
        "https://metadata.google.internal/x",
        "https://h.com/x%0ahost=evil",
        "https://h.com:22/x",
        "https://аpple.com/x",
    ] {
        for (answer, what) in [
            (owner.post("/projects", json!({"repo_url": url})).await, "create"),
            (owner.post("/detect", json!({"repo_url": url})).await, "detect"),
        ] {
            assert_eq!(answer.status.as_u16(), 422, "{what} {url}: {}", answer.text);
            assert_eq!(answer.wrong_fields(), ["repo_url"], "{what} {url}");
        }
    }
    assert_eq!(api.count("select count(*) from projects").await, 0);
    assert_eq!(api.count("select count(*) from detections").await, 0);
}

#[tokio::test]
async fn input_44_credentials_in_an_address_are_sealed_and_never_come_back() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let url = "https://mona:hunter2-token@git.example.com/octo/site.git";
    let created = owner
        .post("/projects", json!({"repo_url": url}))
        .await
        .expect(StatusCode::CREATED);
    assert!(!created.text.contains("hunter2"), "{}", created.text);
    assert_eq!(
        (&created.json["repo_url"], &created.json["has_repo_credentials"]),
        (&json!("https://git.example.com/octo/site.git"), &json!(true))
    );
    let stored: Vec<u8> = sqlx::query_scalar("select repo_credentials from projects")
        .fetch_one(api.store.raw_pool())
        .await
        .unwrap();
    assert!(!String::from_utf8_lossy(&stored).contains("hunter2"));
    // Another repository must not be sent them.
    let moved = owner
        .patch(
            "/projects/site",
            json!({"repo_url": "https://git.example.com/other/site.git"}),
        )
        .await
        .expect(StatusCode::OK);
    assert_eq!(moved.json["has_repo_credentials"], false);
}

#[tokio::test]
async fn inputs_23_24_46_and_49_every_wrong_field_is_named() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let body = json!({
        "repo_url": REPO, "name": "a`id`", "slug": "a--b", "branch": "--help", "root_dir": "../../etc", "output_directory": "dist/../..",
        "framework": "Next JS", "install_command": "npm ci\nid", "health_check_path": "healthz", "port": 0,
        "runtime_version": {"node; id": "22"}, "replicas": 9, "volumes": [{"name": "x", "path": "/etc"}], "build_timeout_seconds": 0, "health_check_timeout_seconds": 100_000,
        "build_limits": {"memory_mb": 1, "cpus": 0.0, "pids": 0, "disk_mb": 1}
    });
    let answer = owner.post("/projects", body).await.expect_problem(422, "invalid");
    assert_body!("wrong_project_fields", answer.json);
    for name in [
        "$(id)",
        "a;id",
        "a|id",
        "a\nid",
        "'\"",
        "   ",
        "\u{202e}x",
        "\0",
        "-a",
        "..",
        "%2e%2e",
        &"x".repeat(10_000),
    ] {
        let created = owner
            .post("/projects", json!({"repo_url": REPO, "name": name}))
            .await;
        assert_eq!(created.status.as_u16(), 422, "{name:.20}");
        owner.project("site").await;
        let renamed = owner.patch("/projects/site", json!({"name": name})).await;
        assert_eq!(renamed.status.as_u16(), 422, "{name:.20}");
        owner
            .delete("/projects/site")
            .await
            .expect(StatusCode::NO_CONTENT);
    }
}

#[tokio::test]
async fn input_69_reserved_names_are_refused_and_a_deleted_one_is_kept_from_others() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    for slug in [
        "www",
        "api",
        "admin",
        "dash",
        "_acme-challenge",
        "mail",
        "a--b",
        "Ä",
        "",
    ] {
        let answer = owner
            .post("/projects", json!({"repo_url": REPO, "slug": slug}))
            .await
            .expect_problem(422, "invalid");
        assert_eq!(answer.wrong_fields(), ["slug"], "{slug}");
    }
    owner.project("site").await;
    let stranger = api.stranger().await;
    let again = json!({"repo_url": REPO, "slug": "site"});
    stranger
        .post("/projects", again.clone())
        .await
        .expect_problem(409, "slug_taken");
    owner
        .delete("/projects/site")
        .await
        .expect(StatusCode::NO_CONTENT);
    stranger
        .post("/projects", again.clone())
        .await
        .expect_problem(409, "slug_taken");
    owner
        .post("/projects", again.clone())
        .await
        .expect(StatusCode::CREATED);
    owner
        .delete("/projects/site")
        .await
        .expect(StatusCode::NO_CONTENT);
    api.sql("update projects set deleted_at = now() - interval '31 days'")
        .await;
    stranger
        .post("/projects", again)
        .await
        .expect(StatusCode::CREATED);
}

#[tokio::test]
async fn a_host_of_a_deployment_is_no_name_for_another_project() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    api.release_next().await;
    let body = json!({"repo_url": REPO, "slug": "site-1"});
    api.stranger()
        .await
        .post("/projects", body)
        .await
        .expect_problem(409, "slug_taken");
}

#[tokio::test]
async fn input_106_of_fifty_projects_of_one_name_at_once_one_is_made() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    let attempts = (0..50).map(|_| owner.post("/projects", json!({"repo_url": REPO, "slug": "site"})));
    let statuses: Vec<u16> = futures::future::join_all(attempts)
        .await
        .iter()
        .map(|answer| answer.status.as_u16())
        .collect();
    assert_eq!(statuses.iter().filter(|status| **status == 201).count(), 1);
    assert_eq!(statuses.iter().filter(|status| **status == 409).count(), 49);
    assert_eq!(api.count("select count(*) from environments").await, 1);
}

#[tokio::test]
async fn input_105_a_team_has_at_most_a_thousand_projects() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    api.sql(
        "insert into projects (id, team_id, slug, name, repo_url, settings, webhook_secret)
        select gen_random_uuid(), p.team_id, 'p' || n, 'p', p.repo_url, p.settings, p.webhook_secret
        from projects p, generate_series(1, 999) n",
    )
    .await;
    owner
        .post("/projects", json!({"repo_url": REPO, "slug": "one-more"}))
        .await
        .expect_problem(422, "invalid");
}

#[tokio::test]
async fn a_deleted_project_stops_answering_and_its_queue_is_emptied() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner.deploy("site").await;
    let running = api.claim().await;
    owner.deploy("site").await;
    let before = api.store.route_version().await.unwrap();
    owner
        .delete("/projects/site")
        .await
        .expect(StatusCode::NO_CONTENT);
    let changes = api.store.route_changes_since(before).await.unwrap();
    assert_eq!(
        changes
            .removed
            .iter()
            .map(|host| host.as_str())
            .collect::<Vec<_>>(),
        ["site.apps.test"]
    );
    assert_eq!(
        api.count("select count(*) from deployments where status = 'QUEUED'")
            .await,
        0
    );
    let heartbeat = api
        .store
        .heartbeat(&running.lease, std::time::Duration::from_secs(30))
        .await
        .unwrap();
    assert_eq!(
        heartbeat,
        aether_store::Heartbeat::Held {
            cancel_requested: true
        }
    );
}

#[tokio::test]
async fn a_project_shows_its_live_and_its_newest_deployment() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    let project = owner.get("/projects/site").await.json;
    assert_eq!(
        (&project["live_deployment"], &project["latest_deployment"]),
        (&Value::Null, &Value::Null)
    );
    let first = owner.deploy("site").await;
    api.release_next().await;
    let second = owner.deploy("site").await;
    let listed = owner.get("/projects").await.json["items"][0].clone();
    assert_eq!(
        (
            &listed["live_deployment"]["id"],
            &listed["latest_deployment"]["id"]
        ),
        (&first["id"], &second["id"])
    );
    let alone = owner.get("/projects/site").await.json;
    assert_eq!(
        (
            &alone["live_deployment"]["live"],
            &alone["latest_deployment"]["live"]
        ),
        (&json!(true), &json!(false))
    );
}
