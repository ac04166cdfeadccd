//! What the stand-in answers.

use std::time::{SystemTime, UNIX_EPOCH};

use http::Method;
use http::request::Parts;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use serde::Deserialize;
use serde_json::{Value, json};

use super::schema::{self, Manifest};
use super::state::{App, GitHubCall, GitHubDeployment, State, Token, time};
use super::{PRIVATE_KEY, PUBLIC_KEY};

/// An hour.
const TOKEN_SECONDS: i64 = 3600;
/// GitHub takes proofs of at most ten minutes.
const PROOF_MAX: i64 = 600;

pub(super) type Answer = (u16, Vec<(&'static str, String)>, String);

#[derive(Deserialize)]
struct Claims {
    iat: i64,
    exp: i64,
    iss: String,
}

/// The stand-in's time.
pub(super) fn now(state: &State) -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or_default() + state.behaviour.clock_ahead
}

/// The page on which a person confirms a new App: here everybody does at once, and is sent back with a code.
pub(super) fn page(state: &mut State, path: &str, head: &Parts, body: &[u8]) -> Answer {
    let plain = |status, text: &str| (status, Vec::new(), text.to_owned());
    if head.method != Method::POST || !path.ends_with("/settings/apps/new") {
        return plain(404, "no such page");
    }
    let field = |text: &[u8], wanted: &str| {
        let mut pairs = url::form_urlencoded::parse(text);
        pairs
            .find(|(name, _)| name == wanted)
            .map(|(_, value)| value.into_owned())
    };
    let manifest = field(body, "manifest").unwrap_or_default();
    let manifest: Manifest = match serde_json::from_str(&manifest) {
        Ok(manifest) => manifest,
        Err(error) => {
            state.faults.push(format!("manifest: {error}"));
            return plain(422, "invalid manifest");
        }
    };
    let id = state.new_id();
    let code = format!("code{id:036}");
    let app = App {
        id,
        name: manifest.name,
        webhook_secret: manifest
            .hook_attributes
            .map(|hook| format!("secret of {} at {}", id, hook.url)),
    };
    state.codes.insert(code.clone(), app);
    let query = head.uri.query().unwrap_or_default();
    let back = match field(query.as_bytes(), "state") {
        Some(state) => format!("{}?code={code}&state={state}", manifest.redirect_url),
        None => format!("{}?code={code}", manifest.redirect_url),
    };
    (302, vec![("location", back)], String::new())
}

/// The interface. `path` begins behind its base.
pub(super) fn api(state: &mut State, path: &str, head: &Parts, body: &[u8]) -> Answer {
    let parts: Vec<&str> = path.split('/').collect();
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    let authorization = header("authorization").unwrap_or_default().to_owned();
    if let Some(fault) = schema::fault(&head.method, &parts, body) {
        state.faults.push(format!("{} {path}: {fault}", head.method));
    }
    if header("user-agent").is_none() {
        state
            .faults
            .push(format!("{} {path}: no User-Agent", head.method));
    }
    let now = now(state);
    let date = chrono::DateTime::from_timestamp(now, 0).unwrap_or_default();
    let mut headers = vec![
        ("content-type", "application/json; charset=utf-8".to_owned()),
        ("date", date.format("%a, %d %b %Y %H:%M:%S GMT").to_string()),
    ];
    let value: Value = serde_json::from_slice(body).unwrap_or_default();
    let (status, answer) = match state.behaviour.refuse.clone() {
        Some((status, extra, message)) => {
            headers.extend(extra);
            (status, json!({"message": message}))
        }
        None => {
            let bearer = authorization.strip_prefix("Bearer ").unwrap_or_default();
            route(state, &head.method, &parts, head.uri.query(), bearer, &value, now)
        }
    };
    state.calls.push(GitHubCall {
        line: format!("{} {path}", head.method),
        authorization,
        body: value,
        status,
    });
    let text = if status == 204 {
        String::new()
    } else {
        answer.to_string()
    };
    (status, headers, text)
}

fn route(
    state: &mut State,
    method: &Method,
    parts: &[&str],
    query: Option<&str>,
    bearer: &str,
    body: &Value,
    now: i64,
) -> (u16, Value) {
    match (method.as_str(), parts) {
        ("POST", ["app-manifests", code, "conversions"]) => convert(state, code),
        ("GET", ["app", "installations"]) => as_app(state, bearer, now, |state, app| {
            let mut ids: Vec<_> = state
                .installations
                .iter()
                .filter(|(_, known)| known.app == app)
                .map(|(id, _)| *id)
                .collect();
            ids.sort_unstable();
            (
                200,
                ids.into_iter()
                    .map(|id| state.installation_json(id, now))
                    .collect(),
            )
        }),
        ("POST", ["app", "installations", id, "access_tokens"]) => {
            let id = id.parse().unwrap_or_default();
            as_app(state, bearer, now, |state, app| {
                access_token(state, app, id, body, now)
            })
        }
        ("GET", ["installation", "repositories"]) => {
            repositories(state, query.unwrap_or_default(), bearer, now)
        }
        (_, ["repos", owner, name, rest @ ..]) => {
            if state.opened(bearer, &format!("{owner}/{name}"), now).is_none() {
                let is_live = state.tokens.get(bearer).is_some_and(|token| token.ends_at > now);
                return if is_live {
                    message(404, "Not Found")
                } else {
                    message(401, "Bad credentials")
                };
            }
            told(state, method, rest, body)
        }
        _ => message(404, "Not Found"),
    }
}

fn message(status: u16, text: &str) -> (u16, Value) {
    (
        status,
        json!({"message": text, "documentation_url": "https://docs.github.com/rest"}),
    )
}

fn convert(state: &mut State, code: &str) -> (u16, Value) {
    let Some(app) = state.codes.remove(code) else {
        return message(404, "Not Found");
    };
    let slug = app.name.to_lowercase().replace([' ', '.'], "-");
    let answer = json!({
        "id": app.id, "node_id": "A_x", "slug": slug, "name": app.name, "description": null,
        "owner": {"login": "octo", "id": 1, "type": "Organization"},
        "external_url": "https://aether.example.com", "html_url": format!("{}/github-apps/{slug}", state.base),
        "created_at": "2026-01-01T00:00:00Z", "updated_at": "2026-01-01T00:00:00Z",
        "permissions": {"contents": "read"}, "events": ["push"],
        "client_id": format!("Iv1.{:016}", app.id), "client_secret": "the-client-secret-of-the-app",
        "webhook_secret": app.webhook_secret, "pem": PRIVATE_KEY,
    });
    state.apps.insert(app.id, app);
    (201, answer)
}

/// Lets in who proves to be an App: its signature, and times by GitHub's own clock.
fn as_app(
    state: &mut State,
    bearer: &str,
    now: i64,
    answer: impl FnOnce(&mut State, i64) -> (u16, Value),
) -> (u16, Value) {
    let mut validation = Validation::new(Algorithm::RS256);
    // The times are checked below, by another clock than this machine's.
    validation.validate_exp = false;
    let Ok(key) = DecodingKey::from_rsa_pem(PUBLIC_KEY.as_bytes()) else {
        return message(500, "the test key cannot be read");
    };
    let Ok(proof) = jsonwebtoken::decode::<Claims>(bearer, &key, &validation) else {
        state
            .faults
            .push("a proof that is not signed with the App's key".to_owned());
        return message(401, "A JSON web token could not be decoded");
    };
    let claims = proof.claims;
    if claims.exp <= now || claims.exp - now > PROOF_MAX || claims.iat > now {
        return message(
            401,
            "'Expiration time' claim ('exp') must be a numeric value representing the future time",
        );
    }
    match claims.iss.parse() {
        Ok(id) if state.apps.contains_key(&id) => answer(state, id),
        _ => message(401, "Integration not found"),
    }
}

fn access_token(state: &mut State, app: i64, id: i64, body: &Value, now: i64) -> (u16, Value) {
    let Some(installation) = state
        .installations
        .get(&id)
        .filter(|known| known.app == app)
        .cloned()
    else {
        return message(404, "Not Found");
    };
    if installation.suspended {
        return message(403, "This installation has been suspended");
    }
    let wanted: Vec<i64> = match body["repository_ids"].as_array() {
        Some(ids) => ids.iter().filter_map(Value::as_i64).collect(),
        None => installation.repositories.clone(),
    };
    if !wanted.iter().all(|id| installation.repositories.contains(id)) {
        return message(
            422,
            "There is at least one repository that does not exist or is not accessible to the parent installation.",
        );
    }
    let token = format!("ghs_{:036}", state.new_id());
    let seconds = match state.behaviour.token_seconds {
        0 => TOKEN_SECONDS,
        seconds => seconds,
    };
    let ends_at = now + seconds;
    let kept = Token {
        repositories: wanted.into_iter().collect(),
        ends_at,
    };
    state.tokens.insert(token.clone(), kept);
    (
        201,
        json!({"token": token, "expires_at": time(ends_at), "permissions": {"contents": "read"}}),
    )
}

fn repositories(state: &State, query: &str, bearer: &str, now: i64) -> (u16, Value) {
    let Some(token) = state.tokens.get(bearer).filter(|token| token.ends_at > now) else {
        return message(401, "Bad credentials");
    };
    let number = |wanted: &str, default: usize| {
        let mut pairs = url::form_urlencoded::parse(query.as_bytes());
        pairs
            .find(|(name, _)| name == wanted)
            .and_then(|(_, value)| value.parse().ok())
            .unwrap_or(default)
    };
    let (per_page, page) = (number("per_page", 30).min(100), number("page", 1).max(1));
    let mut ids: Vec<i64> = token.repositories.iter().copied().collect();
    ids.sort_unstable();
    let shown: Vec<Value> = ids
        .iter()
        .skip((page - 1) * per_page)
        .take(per_page)
        .map(|id| state.repository_json(*id))
        .collect();
    (
        200,
        json!({"total_count": ids.len(), "repository_selection": "selected", "repositories": shown}),
    )
}

/// What is said about a repository by who may.
fn told(state: &mut State, method: &Method, rest: &[&str], body: &Value) -> (u16, Value) {
    let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
    match (method.as_str(), rest) {
        ("POST", ["statuses", _]) => (201, json!({"id": state.new_id(), "state": body["state"]})),
        ("POST", ["issues", _, "comments"]) => {
            let id = state.new_id();
            state.comments.insert(id, text("body"));
            (201, json!({"id": id, "body": body["body"]}))
        }
        ("PATCH" | "DELETE", ["issues", "comments", id]) => {
            let id: i64 = id.parse().unwrap_or_default();
            let known = state.comments.remove(&id).is_some();
            match (known, method == Method::DELETE) {
                (false, _) => message(404, "Not Found"),
                (true, true) => (204, Value::Null),
                (true, false) => {
                    state.comments.insert(id, text("body"));
                    (200, json!({"id": id, "body": body["body"]}))
                }
            }
        }
        ("POST", ["deployments"]) => {
            let id = state.new_id();
            state.deployments.push(GitHubDeployment {
                id,
                environment: text("environment"),
                production: body["production_environment"] == true,
                commit: text("ref"),
                states: Vec::new(),
                environment_url: None,
            });
            (
                201,
                json!({"id": id, "sha": body["ref"], "environment": body["environment"]}),
            )
        }
        ("POST", ["deployments", id, "statuses"]) => {
            let id: i64 = id.parse().unwrap_or_default();
            let Some(known) = state.deployments.iter_mut().find(|known| known.id == id) else {
                return message(404, "Not Found");
            };
            known.states.push(text("state"));
            known.environment_url = body["environment_url"].as_str().map(str::to_owned);
            (201, json!({"id": 1, "state": body["state"]}))
        }
        _ => message(404, "Not Found"),
    }
}
