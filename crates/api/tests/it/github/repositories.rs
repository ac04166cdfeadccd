//! Repositories of installations: listed, searched, and picked for a project.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::World;
#[tokio::test]
async fn repositories_are_listed_and_searched() {
    let world = World::start().await;
    let (app, ..) = world.installed("octo/Site").await;
    let ids: Vec<i64> = (0..64)
        .map(|n| {
            world
                .github
                .create_repo(&format!("acme/tool-{n}"), n % 2 == 0)
                .unwrap()
                .0
        })
        .collect();
    world.github.install(app.github_id, "acme", &ids);
    let refresh = format!("/github/apps/{}/refresh", app.id);
    let shown = world
        .owner
        .post(&refresh, json!({}))
        .await
        .expect(StatusCode::OK)
        .json;
    let accounts: Vec<_> = shown["installations"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["account"].clone())
        .collect();
    assert_eq!(accounts, [json!("octo"), json!("acme")]);

    let all = world
        .owner
        .get("/github/repositories")
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!((&all["total"], &all["next_page"]), (&json!(65), &json!(2)));
    assert_eq!(all["items"][0]["full_name"], "acme/tool-63", "last pushed first");
    let third = world.owner.get("/github/repositories?page=3").await.json;
    assert_eq!(
        (third["items"].as_array().unwrap().len(), &third["next_page"]),
        (5, &Value::Null)
    );
    let found = world.owner.get("/github/repositories?q=SITE%20octo").await.json;
    let item = &found["items"][0];
    assert_eq!(
        (&found["total"], &item["full_name"], &item["private"]),
        (&json!(1), &json!("octo/Site"), &json!(true))
    );
    assert_eq!(item["default_branch"], "main");
    // Search asks GitHub once.
    let lists = |calls: &[aether_testkit::GitHubCall]| {
        calls
            .iter()
            .filter(|call| call.line == "GET installation/repositories")
            .count()
    };
    assert_eq!(lists(&world.github.calls()), 2);
    assert!(world.github.faults().is_empty(), "{:?}", world.github.faults());
}

#[tokio::test]
async fn a_repository_is_picked_within_the_team() {
    let world = World::start().await;
    let (app, installation, picked) = world.installed("octo/Site").await;
    let body = json!({"github_repository": picked, "name": "site"});
    let stranger = world.api.stranger().await;
    stranger
        .post("/projects", body.clone())
        .await
        .expect_problem(422, "invalid");
    assert_eq!(stranger.get("/github/repositories").await.json["total"], 0);
    let foreign = json!({"app_id": app.id, "installation_id": installation + 99, "repository_id": picked["repository_id"]});
    world
        .owner
        .post("/projects", json!({"github_repository": foreign}))
        .await
        .expect_problem(422, "invalid");
    let both = json!({"github_repository": picked, "repo_url": "https://git.example.com/a/b"});
    world
        .owner
        .post("/projects", both)
        .await
        .expect_problem(422, "invalid");

    let project = world
        .owner
        .post("/projects", body)
        .await
        .expect(StatusCode::CREATED)
        .json;
    assert_eq!(project["github_repository"], "octo/Site");
    assert_eq!(
        project["repo_url"],
        format!("{}/octo/Site.git", world.github.base_url())
    );
    let provider = world
        .owner
        .get("/projects/site/provider")
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        (&provider["forge"], &provider["api_url"]),
        (&json!("github"), &json!(world.github.api_url()))
    );
    // Another address by hand ends that.
    let moved = json!({"repo_url": "https://git.example.com/a/b"});
    let moved = world
        .owner
        .patch("/projects/site", moved)
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(moved["github_repository"], Value::Null);
    world
        .owner
        .get("/projects/site/provider")
        .await
        .expect_problem(404, "not_found");
    assert!(world.github.faults().is_empty(), "{:?}", world.github.faults());
}
