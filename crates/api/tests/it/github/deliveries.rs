//! What GitHub delivers to an App.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::{App, NOW, World};
#[tokio::test]
async fn one_delivery_of_the_app_deploys_each_project_whose_files_changed() {
    let world = World::start().await;
    let (app, _, picked) = world.installed("octo/site").await;
    for (name, watched) in [("web", "web"), ("docs", "docs")] {
        let body = json!({"github_repository": picked, "name": name, "watch_paths": [watched]});
        world
            .owner
            .post("/projects", body)
            .await
            .expect(StatusCode::CREATED);
    }
    let push = world.push(&picked["repository_id"], "octo/site");
    let answer = world.deliver(&app, 1, "push", &push).await.expect(StatusCode::OK);
    let verdicts: Vec<_> = answer.json["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["verdict"].as_str().unwrap())
        .collect();
    assert_eq!(verdicts, ["deployed", "ignored"]);
    // Again the same delivery, and one of a repository that nobody picked.
    let answer = world.deliver(&app, 1, "push", &push).await.expect(StatusCode::OK);
    assert_eq!(answer.json["results"][0]["verdict"], "duplicate");
    let other = world.push(&json!(1), "octo/site");
    let answer = world
        .deliver(&app, 2, "push", &other)
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        answer.json["results"],
        json!([]),
        "the id counts, not the name (input 74)"
    );
    // A renamed repository is the same one.
    let renamed = world.push(&picked["repository_id"], "octo/site-new");
    let answer = world
        .deliver(&app, 3, "push", &renamed)
        .await
        .expect(StatusCode::OK);
    assert_eq!(answer.json["results"][0]["verdict"], "deployed");
    let project = world.owner.get("/projects/web").await.json;
    assert_eq!(project["github_repository"], "octo/site-new");
    assert_eq!(
        project["repo_url"],
        format!("{}/octo/site-new.git", world.github.base_url())
    );
}

#[tokio::test]
async fn input_71_only_the_apps_own_secret_opens_its_endpoint() {
    let world = World::start().await;
    let (app, _, picked) = world.installed("octo/site").await;
    let body = json!({"github_repository": picked, "name": "site"});
    world
        .owner
        .post("/projects", body)
        .await
        .expect(StatusCode::CREATED);
    let push = world.push(&picked["repository_id"], "octo/site");
    let forged = App {
        secret: "a secret of somebody else's".to_owned(),
        ..world.connect().await
    };
    for (github_id, secret) in [
        (app.github_id, forged.secret.clone()),
        (forged.github_id, app.secret.clone()),
        (1, app.secret.clone()),
    ] {
        let sender = App {
            id: String::new(),
            github_id,
            secret,
            shown: Value::Null,
        };
        world
            .deliver(&sender, 7, "push", &push)
            .await
            .expect_problem(401, "wrong_signature");
    }
    // An App of the team that does not reach the repository says nothing about it.
    let other = App {
        secret: world.github.webhook_secret(forged.github_id).unwrap(),
        ..forged
    };
    let answer = world
        .deliver(&other, 8, "push", &push)
        .await
        .expect(StatusCode::OK);
    assert_eq!(answer.json["results"], json!([]));
    assert_eq!(
        world.api.count("select count(*) from webhook_deliveries").await,
        0
    );
    assert_eq!(world.api.count("select count(*) from deployments").await, 0);
}

#[tokio::test]
async fn installations_follow_what_github_tells_in_whatever_order() {
    let world = World::start().await;
    let app = world.connect().await;
    let (repository, _) = world.github.create_repo("octo/site", true).unwrap();
    let installation = world.github.install(app.github_id, "octo", &[repository]);
    let event = |action: &str, at: i64| json!({"action": action, "installation": world.github.installation(installation, at)});
    let suspended = async || {
        let apps = world.owner.get("/github/apps").await.json;
        let installations = apps["items"][0]["installations"].as_array().unwrap().clone();
        installations.first().map(|one| !one["suspended_at"].is_null())
    };
    world
        .deliver(&app, 1, "installation", &event("created", NOW))
        .await
        .expect(StatusCode::OK);
    assert_eq!(suspended().await, Some(false));
    world.github.suspend(installation, true);
    let late = event("suspend", NOW + 10);
    world.github.suspend(installation, false);
    world
        .deliver(&app, 3, "installation", &event("unsuspend", NOW + 20))
        .await
        .expect(StatusCode::OK);
    world
        .deliver(&app, 2, "installation", &late)
        .await
        .expect(StatusCode::OK);
    assert_eq!(suspended().await, Some(false), "what is older changes nothing");
    let added = event("added", NOW + 30);
    world
        .deliver(&app, 4, "installation_repositories", &added)
        .await
        .expect(StatusCode::OK);
    world
        .deliver(&app, 5, "installation", &event("deleted", NOW + 40))
        .await
        .expect(StatusCode::OK);
    assert_eq!(suspended().await, None);
    world
        .deliver(&app, 4, "installation", &added)
        .await
        .expect(StatusCode::OK);
    assert_eq!(suspended().await, None, "it is gone for good");
    world
        .deliver(&app, 6, "installation", &json!({"action": "created"}))
        .await
        .expect_problem(400, "malformed_delivery");
}
