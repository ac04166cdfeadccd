//! `POST /github/manifest`

use actix_web::{HttpResponse, post, web};
use aether_forge::{APP_NAME_MAX, AppManifest, GitHubHost};
use aether_store::GitHubAppDraft;
use chrono::{DateTime, TimeDelta, Utc};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{CanWrite, digest, generate};
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::rate_limits::{CONNECT_GITHUB, limit_by_user};
use crate::state::AppState;
use crate::validate::Faults;

/// How long somebody may take to sign in at GitHub and confirm; the code GitHub then gives is good for an hour.
const STATE_AGE: TimeDelta = TimeDelta::minutes(30);
/// Longest name of an organisation at GitHub.
const ORGANIZATION_MAX: usize = 39;
/// Nobody needs more; each is one account's or organisation's.
const APPS_MAX: usize = 20;

/// A GitHub App to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewGitHubApp {
    /// Address of a GitHub Enterprise; without it github.com.
    #[serde(default)]
    base_url: Option<String>,
    /// Organisation that is to own the App; without it the account that confirms.
    #[serde(default)]
    organization: Option<String>,
    /// Its name at GitHub, where no two Apps have the same; without it made of this instance's address.
    #[serde(default)]
    name: Option<String>,
}

/// Where to go on.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct GitHubAppForm {
    /// A page of this instance that leads the browser to GitHub with the App's description.
    pub form_url: String,
    /// Until when GitHub's answer is taken.
    pub expires_at: DateTime<Utc>,
    /// GitHub will tell this instance of pushes. It does not when this instance's public address is only known to this
    /// machine or its network.
    pub has_webhook: bool,
}

/// Begins to connect a GitHub App. What GitHub brings back is taken from this session only, once.
#[utoipa::path(
    tag = "github",
    request_body = NewGitHubApp,
    responses((status = 201, body = GitHubAppForm), Problems)
)]
#[post("/github/manifest")]
pub(crate) async fn begin_github_app(
    state: web::Data<AppState>,
    actor: CanWrite,
    Json(body): Json<NewGitHubApp>,
) -> ApiResult<HttpResponse> {
    let session = actor.session()?;
    let draft = check(&state, body)?;
    limit_by_user(&state, &CONNECT_GITHUB, actor.user.id).await?;
    if state.store.github_apps(actor.team).await?.len() >= APPS_MAX {
        return Err(ApiError::conflict(
            "too_many_github_apps",
            format!("a team has at most {APPS_MAX} GitHub Apps"),
        ));
    }
    let draft = GitHubAppDraft {
        team_id: actor.team,
        session_id: session,
        ..draft
    };
    let secret = generate("");
    let seconds = f64::from(u32::try_from(STATE_AGE.num_seconds()).map_err(ApiError::internal)?);
    if !state
        .store
        .begin_github_app(&digest(&secret), &draft, seconds)
        .await?
    {
        return Err(ApiError::too_many(
            "too_many_drafts",
            "too many connections were begun and not finished",
            60,
        ));
    }
    let manifest = AppManifest::new(&draft.name, &state.settings.public_url);
    Ok(HttpResponse::Created().json(GitHubAppForm {
        form_url: format!("/api/v1/github/form?state={}", secret.expose_secret()),
        expires_at: state.clock.now() + STATE_AGE,
        has_webhook: manifest.has_webhook(),
    }))
}

fn check(state: &AppState, body: NewGitHubApp) -> ApiResult<GitHubAppDraft> {
    let mut faults = Faults::default();
    let host = match &body.base_url {
        Some(text) => faults.parse::<GitHubHost>("base_url", text),
        None => Some(GitHubHost::default()),
    };
    if let Some(Err(error)) = host.as_ref().map(|host| host.check(&state.settings.git_hosts)) {
        faults.add("base_url", error);
    }
    let is_organization = |name: &str| {
        (1..=ORGANIZATION_MAX).contains(&name.len())
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    if body
        .organization
        .as_deref()
        .is_some_and(|name| !is_organization(name))
    {
        faults.add(
            "organization",
            "Enter the name of an organisation at GitHub, as it stands in addresses",
        );
    }
    let name = match &body.name {
        Some(name) => faults.text("name", name),
        None => usual_name(state),
    };
    if name.chars().count() > APP_NAME_MAX {
        faults.add("name", format!("Use at most {APP_NAME_MAX} characters"));
    }
    faults.finish()?;
    let host = host.ok_or_else(|| ApiError::internal("an App passed the checks without its GitHub"))?;
    Ok(GitHubAppDraft {
        team_id: aether_models::TeamId::from_uuid(uuid::Uuid::nil()),
        session_id: aether_models::SessionId::from_uuid(uuid::Uuid::nil()),
        base_url: host.to_string(),
        organization: body.organization,
        name,
    })
}

fn usual_name(state: &AppState) -> String {
    let host = state.settings.public_url.host_str().unwrap_or_default();
    let name: String = format!("Aether {host}").chars().take(APP_NAME_MAX).collect();
    name.trim_end_matches(['.', '-', ' ']).to_owned()
}
