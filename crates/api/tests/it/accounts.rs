//! Set-up, registration, sign-in, sessions.

use aether_api::Registration;
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

use crate::support::{Answer, PASSWORD, TestApi, assert_body, send};

fn account(email: &str) -> Value {
    json!({"email": email, "password": PASSWORD, "name": "Ann"})
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn refresh(api: &TestApi, cookie: &str) -> Answer {
    send(
        api.nobody()
            .request(Method::POST, "/auth/refresh")
            .header("cookie", cookie),
    )
    .await
}

#[tokio::test]
async fn the_set_up_link_makes_the_owner_and_works_once() {
    let api = TestApi::start_with(|settings| settings.registration = Registration::Invite).await;
    let file = api.services.directory().join("setup-token");
    let token = std::fs::read_to_string(&file).unwrap();
    let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert_eq!(
        api.set_up_link.as_deref(),
        Some(format!("http://localhost:3000/setup#token={token}").as_str())
    );
    assert_body!("setup_before", api.nobody().get("/auth/setup").await.json);

    let mut body = account("first@example.com");
    body["setup_token"] = json!("wrong");
    api.nobody()
        .post("/auth/register", body.clone())
        .await
        .expect_problem(403, "setup_token_wrong");
    body["setup_token"] = json!(token);
    let answer = api
        .nobody()
        .post("/auth/register", body.clone())
        .await
        .expect(StatusCode::CREATED);
    assert_body!("registered_owner", answer.json);

    assert!(!file.exists());
    body["email"] = json!("second@example.com");
    api.nobody()
        .post("/auth/register", body)
        .await
        .expect_problem(409, "owner_exists");
    api.nobody()
        .post("/auth/register", account("x@example.com"))
        .await
        .expect_problem(403, "registration_closed");
}

#[tokio::test]
async fn input_13_of_many_who_claim_the_instance_at_once_one_becomes_the_owner() {
    let api = TestApi::start().await;
    let token = api.set_up_link.as_ref().unwrap().split_once("#token=").unwrap().1;
    let nobody = api.nobody();
    let claims = (0..8).map(|n| {
        let mut body = account(&format!("claimer{n}@example.com"));
        body["setup_token"] = json!(token);
        let nobody = &nobody;
        async move { nobody.post("/auth/register", body).await.status.as_u16() }
    });
    let mut statuses = futures::future::join_all(claims).await;
    statuses.sort_unstable();
    assert_eq!(statuses, [201, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(
        api.count("select count(*) from users where instance_owner").await,
        1
    );
}

#[tokio::test]
async fn input_14_an_invitation_works_once_for_its_address() {
    let api = TestApi::start_with(|settings| settings.registration = Registration::Invite).await;
    let owner = api.owner().await;
    let invited = owner
        .post(
            "/invitations",
            json!({"email": "Ann@example.com", "role": "viewer"}),
        )
        .await;
    let invited = invited.expect(StatusCode::CREATED);
    assert_body!("created_invitation", invited.json);
    let mut other = account("eve@example.com");
    other["invitation"] = invited.json["secret"].clone();
    api.nobody()
        .post("/auth/register", other)
        .await
        .expect_problem(410, "invitation_gone");
    let mut body = account("ann@example.com");
    body["invitation"] = invited.json["secret"].clone();
    let ann = api.nobody().sign_up(body.clone()).await;
    let me = ann.get("/auth/me").await.expect(StatusCode::OK).json;
    assert_eq!(
        (me["role"].as_str(), &me["team_id"]),
        (Some("viewer"), &owner.get("/auth/me").await.json["team_id"])
    );
    ann.post("/projects", json!({"repo_url": "https://git.example.com/a/b"}))
        .await
        .expect_problem(403, "role_too_low");
    body["email"] = json!("ann2@example.com");
    api.nobody()
        .post("/auth/register", body)
        .await
        .expect_problem(410, "invitation_gone");

    let second = owner
        .post(
            "/invitations",
            json!({"email": "bob@example.com", "role": "member"}),
        )
        .await
        .json;
    owner
        .delete(&format!("/invitations/{}", second["id"].as_str().unwrap()))
        .await
        .expect(StatusCode::NO_CONTENT);
    let mut bob = account("bob@example.com");
    bob["invitation"] = second["secret"].clone();
    api.nobody()
        .post("/auth/register", bob)
        .await
        .expect_problem(410, "invitation_gone");
}

#[tokio::test]
async fn input_11_bad_registrations_name_every_fault() {
    let api = TestApi::start().await;
    let bad = json!({"email": "nobody", "password": "qwertyui", "name": "\u{202e}"});
    let answer = api
        .nobody()
        .post("/auth/register", bad)
        .await
        .expect_problem(422, "invalid");
    assert_body!("bad_registration", answer.json);
    let answer = api
        .nobody()
        .post("/auth/register", account("a@example.com"))
        .await
        .expect(StatusCode::CREATED);
    assert!(
        answer
            .header("set-cookie")
            .contains("HttpOnly; SameSite=Strict; Path=/"),
        "{:?}",
        answer.headers
    );
    api.nobody()
        .post("/auth/register", account("A@Example.com"))
        .await
        .expect_problem(409, "email_taken");
}

#[tokio::test]
async fn input_10_a_wrong_password_and_an_unknown_address_get_the_same_answer() {
    let api = TestApi::start().await;
    api.owner().await;
    let mut bodies = Vec::new();
    for email in ["owner@example.com", "nobody@example.com"] {
        let body = json!({"email": email, "password": "not the right password"});
        let mut answer = api
            .nobody()
            .post("/auth/login", body)
            .await
            .expect_problem(401, "wrong_credentials")
            .json;
        answer["request_id"].take();
        bodies.push(answer);
    }
    assert_eq!(bodies[0], bodies[1]);
}

#[tokio::test]
async fn input_9_after_nine_wrong_passwords_even_the_right_one_has_to_wait_but_only_from_there() {
    let api = TestApi::start().await;
    api.owner().await;
    let login = |password: &str| json!({"email": "owner@example.com", "password": password});
    for _ in 0..9 {
        api.nobody()
            .post("/auth/login", login("wrong wrong wrong"))
            .await
            .expect_problem(401, "wrong_credentials");
    }
    let refused = api
        .nobody()
        .post("/auth/login", login(PASSWORD))
        .await
        .expect_problem(429, "rate_limited");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() > 0);
    api.nobody_at(2)
        .post("/auth/login", login(PASSWORD))
        .await
        .expect(StatusCode::OK);
}

#[tokio::test]
async fn input_9_fifty_accounts_tried_from_one_address_are_stopped_too() {
    let api = TestApi::start().await;
    let nobody = api.nobody_at(3);
    let mut refused = 0;
    for n in 0..50 {
        let body = json!({"email": format!("user{n}@example.com"), "password": "guess guess guess"});
        if nobody.post("/auth/login", body).await.status == StatusCode::TOO_MANY_REQUESTS {
            refused += 1;
        }
    }
    assert_eq!(refused, 41);
}

#[tokio::test]
async fn input_9_right_passwords_do_not_count() {
    let api = TestApi::start().await;
    api.owner().await;
    for _ in 0..15 {
        let body = json!({"email": " OWNER@example.com ", "password": PASSWORD});
        api.nobody()
            .post("/auth/login", body)
            .await
            .expect(StatusCode::OK);
    }
}

#[tokio::test]
async fn input_6_signing_out_ends_the_access_token_at_once() {
    let api = TestApi::start().await;
    let login = api
        .nobody()
        .post("/auth/register", account("a@example.com"))
        .await;
    let ann = api
        .nobody()
        .with_token(login.json["access_token"].as_str().unwrap());
    ann.get("/auth/me").await.expect(StatusCode::OK);
    let out = send(
        api.nobody()
            .request(Method::POST, "/auth/logout")
            .header("cookie", cookie(&login)),
    )
    .await;
    assert_eq!(out.status, StatusCode::NO_CONTENT);
    assert!(out.header("set-cookie").contains("Max-Age=0"));
    ann.get("/auth/me").await.expect_problem(401, "invalid_token");
    refresh(&api, &cookie(&login))
        .await
        .expect_problem(401, "session_ended");
}

#[tokio::test]
async fn input_6_a_deleted_user_is_nobody_at_once() {
    let api = TestApi::start().await;
    let stranger = api.stranger().await;
    api.sql("delete from users where email = 'stranger@example.com'")
        .await;
    stranger
        .get("/auth/me")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn a_refresh_secret_changes_at_every_use_and_a_stolen_one_ends_the_session() {
    let api = TestApi::start().await;
    let first = api
        .nobody()
        .post("/auth/register", account("a@example.com"))
        .await;
    let second = refresh(&api, &cookie(&first)).await.expect(StatusCode::OK);
    assert_ne!(cookie(&first), cookie(&second));
    // Two tabs at the same moment, or an answer that was lost: no theft, and no third secret.
    let other_tab = refresh(&api, &cookie(&first)).await.expect(StatusCode::OK);
    assert_eq!(cookie(&other_tab), cookie(&second));
    api.sql("update sessions set rotated_at = now() - interval '1 minute'")
        .await;
    refresh(&api, &cookie(&first))
        .await
        .expect_problem(401, "session_ended");
    refresh(&api, &cookie(&second))
        .await
        .expect_problem(401, "session_ended");
    let ann = api
        .nobody()
        .with_token(second.json["access_token"].as_str().unwrap());
    ann.get("/auth/me").await.expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn input_12_a_cookie_from_before_the_sign_in_is_never_adopted() {
    let api = TestApi::start().await;
    let request = api
        .nobody()
        .request(Method::POST, "/auth/register")
        .header("cookie", "aether_session=planted");
    let answer = send(request.json(&account("a@example.com"))).await;
    assert!(!cookie(&answer).contains("planted"));
    refresh(&api, "aether_session=planted")
        .await
        .expect_problem(401, "session_ended");
}

#[tokio::test]
async fn input_16_pages_of_other_origins_cannot_use_the_cookie() {
    let api = TestApi::start().await;
    let cookie = cookie(
        &api.nobody()
            .post("/auth/register", account("a@example.com"))
            .await,
    );
    let attempt = |name: &'static str, value: String| {
        let request = api
            .nobody()
            .request(Method::POST, "/auth/refresh")
            .header("cookie", &cookie);
        send(request.header(name, value))
    };
    for (name, value) in [
        ("origin", "https://evil.apps.test"),
        ("origin", "null"),
        ("origin", "http://localhost:3000.evil.example"),
        ("sec-fetch-site", "same-site"),
        ("sec-fetch-site", "cross-site"),
    ] {
        attempt(name, value.to_owned())
            .await
            .expect_problem(403, "cross_origin");
    }
    attempt("origin", "http://localhost:3000".to_owned())
        .await
        .expect(StatusCode::OK);
    // Two cookies of the name: one of them was planted.
    refresh(&api, &format!("{cookie}; {cookie}"))
        .await
        .expect_problem(400, "duplicate_cookie");
}

#[tokio::test]
async fn input_8_odd_authorization_headers_are_malformed() {
    let api = TestApi::start().await;
    for value in [
        "Basic YTpi",
        "Bearer",
        "Bearer ",
        "Bearer a b",
        "bearer\u{e9}",
        &format!("Bearer {}", " ".repeat(10_000)),
        &"x".repeat(50_000),
    ] {
        let request = api
            .nobody()
            .request(Method::GET, "/auth/me")
            .header("authorization", value.as_bytes());
        send(request).await.expect_problem(400, "malformed_authorization");
    }
    let request = api.nobody().request(Method::GET, "/auth/me");
    let twice = request
        .header("authorization", "Bearer a")
        .header("authorization", "Bearer b");
    send(twice).await.expect_problem(400, "malformed_authorization");
    api.nobody()
        .with_token("a.b.c")
        .get("/auth/me")
        .await
        .expect_problem(401, "invalid_token");
    api.nobody()
        .with_token("aether_unknown")
        .get("/auth/me")
        .await
        .expect_problem(401, "invalid_token");
}

#[tokio::test]
async fn what_was_done_and_what_was_refused_stands_in_the_audit_log() {
    let api = TestApi::start().await;
    let owner = api.owner().await;
    owner.project("site").await;
    owner
        .post("/projects", json!({"repo_url": "nonsense"}))
        .await
        .expect_problem(422, "invalid");
    api.nobody()
        .post("/projects", json!({}))
        .await
        .expect_problem(401, "missing_token");
    let rows: Vec<(String, String, bool, bool)> = sqlx::query_as(
        "select action, outcome, user_id is not null, team_id is not null from audit_log order by id",
    )
    .fetch_all(api.store.raw_pool())
    .await
    .unwrap();
    let row =
        |action: &str, outcome: &str, known: bool| (action.to_owned(), outcome.to_owned(), known, known);
    assert_eq!(
        rows,
        [
            row("register_user", "allowed", true),
            row("create_project", "allowed", true),
            row("create_project", "refused", false)
        ]
    );
}
