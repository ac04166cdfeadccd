//! Environment variables.

use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{Caller, TestApi, assert_body};

async fn ready() -> (TestApi, Caller) {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    (api, owner)
}

fn set(variables: Value) -> Value {
    json!({"variables": variables})
}

#[tokio::test]
async fn all_variables_are_set_at_once_and_values_without_a_value_are_kept() {
    let (_api, owner) = ready().await;
    let first = set(json!([
        {"name": "A", "value": "1", "secret": false},
        {"name": "TOKEN", "value": "hunter2-hunter2"},
        {"name": "OLD", "value": "x", "secret": false, "scope": "build"}
    ]));
    let answer = owner
        .put("/projects/site/env", first)
        .await
        .expect(StatusCode::OK);
    assert_body!("env_vars", answer.json);
    let second = set(json!([{"name": "TOKEN"}, {"name": "A", "value": "2"}]));
    let rows = owner
        .put("/projects/site/env", second)
        .await
        .expect(StatusCode::OK)
        .json["items"]
        .clone();
    let short: Vec<_> = rows
        .as_array()
        .unwrap()
        .iter()
        .map(|row| (row["name"].as_str().unwrap(), &row["value"], &row["secret"]))
        .collect();
    assert_eq!(
        short,
        [
            ("A", &json!("2"), &json!(false)),
            ("TOKEN", &Value::Null, &json!(true))
        ]
    );
    let kept = json!({"variables": [{"name": "B", "value": "3"}], "keep_others": true});
    let rows = owner
        .put("/projects/site/env", kept)
        .await
        .expect(StatusCode::OK)
        .json["items"]
        .clone();
    assert_eq!(rows.as_array().unwrap().len(), 3);
    owner
        .put("/projects/site/env", set(json!([{"name": "NEW"}])))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(
        owner.get("/projects/site/env").await.json["items"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[tokio::test]
async fn one_variable_is_set_and_deleted() {
    let (_api, owner) = ready().await;
    let created = owner
        .put(
            "/projects/site/env/KEY",
            json!({"value": "a\nb\"$X'", "secret": false}),
        )
        .await
        .expect(StatusCode::OK);
    assert_eq!(created.json["value"], "a\nb\"$X'");
    owner
        .put("/projects/site/env/key", json!({"value": "other"}))
        .await
        .expect(StatusCode::OK);
    assert_eq!(
        owner.get("/projects/site/env").await.json["items"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let scoped = owner
        .put("/projects/site/env/KEY", json!({"scope": "runtime"}))
        .await
        .expect(StatusCode::OK)
        .json;
    assert_eq!(
        (&scoped["scope"], &scoped["value"]),
        (&json!("runtime"), &json!("a\nb\"$X'"))
    );
    owner
        .delete("/projects/site/env/KEY")
        .await
        .expect(StatusCode::NO_CONTENT);
    owner
        .delete("/projects/site/env/KEY")
        .await
        .expect_problem(404, "not_found");
}

#[tokio::test]
async fn input_63_names_of_the_platform_are_refused() {
    let (_api, owner) = ready().await;
    for name in [
        "PATH",
        "LD_PRELOAD",
        "DOCKER_HOST",
        "HOME",
        "GIT_SSH_COMMAND",
        "PLATFORM_X",
        "AETHER_X",
        "PORT",
    ] {
        owner
            .put(&format!("/projects/site/env/{name}"), json!({"value": "x"}))
            .await
            .expect_problem(422, "invalid");
        let answer = owner
            .put(
                "/projects/site/env",
                set(json!([{"name": "OK", "value": "1"}, {"name": name, "value": "x"}])),
            )
            .await;
        assert_eq!(
            answer.expect_problem(422, "invalid").wrong_fields(),
            ["variables[1].name"]
        );
    }
    owner
        .put(
            "/projects/site/env/NODE_OPTIONS",
            json!({"value": "--max-old-space-size=4096"}),
        )
        .await
        .expect(StatusCode::OK);
}

#[tokio::test]
async fn input_64_odd_names_and_values_are_refused_or_kept_to_the_byte() {
    let (api, owner) = ready().await;
    for name in ["", "A=B", "a b", "1A", "A\nB", "Ä", &"A".repeat(1000)] {
        owner
            .put("/projects/site/env", set(json!([{"name": name, "value": "x"}])))
            .await
            .expect_problem(422, "invalid");
    }
    for value in ["nul\0", &"x".repeat(65 * 1024)] {
        owner
            .put("/projects/site/env/KEY", json!({"value": value}))
            .await
            .expect_problem(422, "invalid");
    }
    let twice = set(json!([{"name": "A", "value": "1"}, {"name": "A", "value": "2"}]));
    assert_eq!(
        owner.put("/projects/site/env", twice).await.wrong_fields(),
        ["variables[1].name"]
    );
    let odd = "line\r\nline \u{1f680} 'q' \"d\" $X `c` \\ \u{7f}";
    let answer = owner
        .put("/projects/site/env/ODD", json!({"value": odd, "secret": false}))
        .await;
    assert_eq!(answer.json["value"], odd);
    owner
        .put("/projects/site/env/BIG", json!({"value": "x".repeat(64 * 1024)}))
        .await
        .expect(StatusCode::OK);
    let many: Vec<Value> = (0..2000)
        .map(|n| json!({"name": format!("K{n}"), "value": "x"}))
        .collect();
    owner
        .put("/projects/site/env", set(json!(many)))
        .await
        .expect_problem(422, "invalid");
    let thousand = owner
        .put("/projects/site/env", set(json!(many[..1000])))
        .await
        .expect(StatusCode::OK);
    assert_eq!(thousand.json["items"].as_array().unwrap().len(), 1000);
    owner
        .put("/projects/site/env/ONE_MORE", json!({"value": "x"}))
        .await
        .expect_problem(422, "invalid");
    assert_eq!(api.count("select count(*) from env_vars").await, 1000);
}

#[tokio::test]
async fn input_66_a_secret_value_never_comes_back() {
    let (api, owner) = ready().await;
    let canary = "canary-7f3a9c-value";
    let answer = owner
        .put("/projects/site/env/SECRET", json!({"value": canary}))
        .await
        .expect(StatusCode::OK);
    assert_eq!(answer.json["value"], Value::Null);
    owner
        .put("/projects/site/env/SECRET", json!({"secret": false}))
        .await
        .expect_problem(422, "invalid");
    let mut texts = vec![answer.text];
    owner.deploy("site").await;
    for path in [
        "/projects/site/env",
        "/projects/site",
        "/projects/site/deployments",
        "/projects",
    ] {
        texts.push(owner.get(path).await.text);
    }
    for table in ["env_vars", "deployments", "audit_log"] {
        let dump = format!("select coalesce(string_agg(t::text, ''), '') from {table} t");
        texts.push(
            sqlx::query_scalar(sqlx::AssertSqlSafe(dump))
                .fetch_one(api.store.raw_pool())
                .await
                .unwrap(),
        );
    }
    assert!(
        texts
            .iter()
            .all(|text| !text.contains(canary) && !text.contains(&hex::encode(canary)))
    );
}
