//! `POST /projects`

use actix_web::{HttpResponse, post, web};
use aether_models::{GitRef, ProjectId, ProjectName, ProjectSettings, RepoUrl, Slug};
use aether_store::{NewProject, SealContext};
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use super::present::present_single;
use super::{REPO_CREDENTIALS, WEBHOOK_SECRET, check_repo_url};
use crate::auth::{CanWrite, generate};
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::rate_limits::{CREATE_PROJECT, limit_by_user};
use crate::state::AppState;
use crate::validate::Faults;
use crate::views::{ProjectView, WebhookView, settings_fields};

/// Projects of one team; nobody looks after more by hand.
pub(crate) const PROJECTS_MAX: i64 = 1000;

settings_fields! {
    /// A new project.
    pub(crate) struct CreateProject {
        /// Where the code is; a user name and password in it are stored sealed and never shown again.
        pub repo_url: String,
        /// Name for people; without it the repository's own.
        #[serde(default)]
        pub name: Option<String>,
        /// Label of its host; without it made of the name.
        #[serde(default)]
        pub slug: Option<String>,
        /// Branch that production follows; without it the repository's default branch.
        #[serde(default)]
        pub branch: Option<String>,
    }
}

/// A project, and its webhook with the secret.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedProject {
    /// The project.
    #[serde(flatten)]
    pub project: ProjectView,
    /// What to enter at the Git provider, so that a push deploys.
    pub webhook: WebhookView,
}

struct Checked {
    repo_url: RepoUrl,
    credentials: Option<aether_models::RepoCredentials>,
    name: String,
    slug: Slug,
    branch: Option<GitRef>,
    settings: ProjectSettings,
}

/// Makes a project. Nothing is deployed by it.
#[utoipa::path(
    tag = "projects",
    request_body = CreateProject,
    responses((status = 201, body = CreatedProject), Problems)
)]
#[post("/projects")]
pub(crate) async fn create_project(
    state: web::Data<AppState>,
    actor: CanWrite,
    Json(body): Json<CreateProject>,
) -> ApiResult<HttpResponse> {
    limit_by_user(&state, &CREATE_PROJECT, actor.user.id).await?;
    let checked = check(&state, body)?;
    let secret = generate("");
    let new = seal(&state, &actor, checked, &secret)?;
    let record = state
        .store
        .create_project(&new, &state.hosts, PROJECTS_MAX)
        .await?
        .ok_or_else(|| {
            ApiError::invalid_field("repo_url", format!("a team has at most {PROJECTS_MAX} projects"))
        })?;
    let webhook = WebhookView {
        url: state.urls.webhook(record.project.id),
        secret: secret.expose_secret().to_owned(),
    };
    let project = present_single(&state, actor.team, record).await?;
    Ok(HttpResponse::Created().json(CreatedProject { project, webhook }))
}

fn check(state: &AppState, mut body: CreateProject) -> ApiResult<Checked> {
    let mut faults = Faults::default();
    let mut settings = ProjectSettings::default();
    body.take_settings().apply(&mut settings, &mut faults);
    let repo = check_repo_url(state, &mut faults, &body.repo_url);
    let branch = body
        .branch
        .as_ref()
        .and_then(|text| faults.parse::<GitRef>("branch", text));
    let name = match (&body.name, &repo) {
        (Some(name), _) => faults
            .parse::<ProjectName>("name", name.trim())
            .map(|name| name.to_string()),
        (None, Some((url, _))) => Some(url.repository_name().chars().take(100).collect()),
        (None, None) => None,
    };
    let slug = match (&body.slug, &name) {
        (Some(slug), _) => faults.parse::<Slug>("slug", slug),
        (None, Some(name)) => Slug::from_name(name)
            .map_err(|error| faults.add("name", format!("gives no host name: {error}")))
            .ok(),
        (None, None) => None,
    };
    faults.finish()?;
    match (repo, name, slug) {
        (Some((repo_url, credentials)), Some(name), Some(slug)) => Ok(Checked {
            repo_url,
            credentials,
            name,
            slug,
            branch,
            settings,
        }),
        _ => Err(ApiError::internal(
            "a project passed the checks without its parts",
        )),
    }
}

fn seal(
    state: &AppState,
    actor: &CanWrite,
    checked: Checked,
    secret: &SecretString,
) -> ApiResult<NewProject> {
    let id = ProjectId::generate();
    let seal = |name: &'static str, plain: &[u8]| {
        let context = SealContext {
            team: actor.team,
            project: id,
            name,
        };
        state.keyring.seal(&context, plain).map_err(ApiError::internal)
    };
    let repo_credentials = match &checked.credentials {
        None => None,
        Some(credentials) => {
            let plain = serde_json::to_vec(credentials).map_err(ApiError::internal)?;
            Some(seal(REPO_CREDENTIALS, &plain)?)
        }
    };
    Ok(NewProject {
        id,
        team_id: actor.team,
        slug: checked.slug,
        name: checked.name,
        repo_url: checked.repo_url,
        repo_credentials,
        branch: checked.branch,
        settings: checked.settings,
        webhook_secret: seal(WEBHOOK_SECRET, secret.expose_secret().as_bytes())?,
    })
}
