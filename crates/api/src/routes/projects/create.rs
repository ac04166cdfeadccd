//! `POST /projects`

use actix_web::{HttpResponse, post, web};
use aether_models::{
    GitRef, InvalidSlug, ProjectId, ProjectName, ProjectSettings, ProjectSource, RepoCredentials, Slug,
    SourceKind,
};
use aether_store::{Conflict, NewProject, ProjectRecord, SealContext, StoreError};
use rand::RngExt;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use utoipa::ToSchema;

use super::present::present_single;
use super::{REPO_CREDENTIALS, WEBHOOK_SECRET, check_repo_url};
use crate::auth::{CanWrite, generate};
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::rate_limits::{CREATE_PROJECT, limit_by_user};
use crate::routes::github::{GitHubRepositoryRef, Picked, pick};
use crate::state::AppState;
use crate::validate::Faults;
use crate::views::{ProjectView, WebhookView, settings_fields};

/// Projects of one team; nobody looks after more by hand.
pub(crate) const PROJECTS_MAX: i64 = 1000;
/// Of 456,976 ends of a slug one is soon found that is free.
const SLUG_ATTEMPTS: u32 = 6;

settings_fields! {
    /// A new project: of a repository, of a template, or of folders that are sent.
    pub(crate) struct CreateProject {
        /// Where the code is; a user name and password in it are stored sealed and never shown again.
        #[serde(default)]
        pub repo_url: Option<String>,
        /// A repository of `GET /github/repositories`, instead of an address: its GitHub App clones it, hears of its pushes and
        /// reports on it.
        #[serde(default)]
        pub github_repository: Option<GitHubRepositoryRef>,
        /// Name of a template that comes with Aether, instead of a repository.
        #[serde(default)]
        pub template: Option<String>,
        /// What kind of source it has; follows from the address or the template. `upload` has neither: folders are sent to it.
        #[serde(default)]
        pub source: Option<SourceKind>,
        /// Name for people; without it the repository's or the template's own. One that is sent needs a name.
        #[serde(default)]
        pub name: Option<String>,
        /// Label of its host; without it made of the name, and for a template without a name one that is free.
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
    source: ProjectSource,
    credentials: Option<RepoCredentials>,
    name: String,
    slug: Slug,
    /// Nobody chose the slug: another one will do as well.
    any_slug: bool,
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
    Json(mut body): Json<CreateProject>,
) -> ApiResult<HttpResponse> {
    limit_by_user(&state, &CREATE_PROJECT, actor.user.id).await?;
    let picked = match body.github_repository {
        Some(reference) => Some(pick_repository(&state, &actor, &mut body, reference).await?),
        None => None,
    };
    let checked = check(&state, body)?;
    let secret = generate("");
    let any_slug = checked.any_slug;
    let mut new = seal(&state, &actor, checked, &secret)?;
    new.github = picked.as_ref().map(Picked::to_store).transpose()?;
    let record = store(&state, new, any_slug).await?;
    let webhook = WebhookView {
        url: state.urls.webhook(record.project.id),
        secret: secret.expose_secret().to_owned(),
    };
    let project = present_single(&state, actor.team, record).await?;
    Ok(HttpResponse::Created().json(CreatedProject { project, webhook }))
}

/// From here on the picked repository is one with an address like any other.
async fn pick_repository(
    state: &AppState,
    actor: &CanWrite,
    body: &mut CreateProject,
    reference: GitHubRepositoryRef,
) -> ApiResult<Picked> {
    if body.repo_url.is_some() || body.template.is_some() {
        return Err(ApiError::invalid_field(
            "github_repository",
            "Name a repository of GitHub, an address or a template, not several of them",
        ));
    }
    let picked = pick(state, actor.team, reference).await?;
    body.repo_url = Some(picked.repository.clone_url.clone());
    Ok(picked)
}

fn check(state: &AppState, mut body: CreateProject) -> ApiResult<Checked> {
    let mut faults = Faults::default();
    let mut settings = ProjectSettings::default();
    body.take_settings().apply(&mut settings, &mut faults);
    let origin = check_source(state, &mut faults, &body);
    let branch = body
        .branch
        .as_ref()
        .and_then(|text| faults.parse::<GitRef>("branch", text));
    if body.branch.is_some()
        && origin
            .as_ref()
            .is_some_and(|origin| origin.source.repo_url().is_none())
    {
        faults.add("branch", "Only a repository has branches");
    }
    let name = match (&body.name, &origin) {
        (Some(name), _) => faults
            .parse::<ProjectName>("name", name.trim())
            .map(|name| name.to_string()),
        (None, Some(origin)) => {
            if origin.name.is_none() {
                faults.add("name", "A project whose folder is sent needs a name");
            }
            origin.name.clone()
        }
        (None, None) => None,
    };
    let slug = match (&body.slug, &name) {
        (Some(slug), _) => faults.parse::<Slug>("slug", slug),
        (None, Some(name)) => Slug::from_name(name)
            .map_err(|error| faults.add("name", no_slug(&error)))
            .ok(),
        (None, None) => None,
    };
    faults.finish()?;
    match (origin, name, slug) {
        (Some(origin), Some(name), Some(slug)) => Ok(Checked {
            any_slug: body.template.is_some() && body.name.is_none() && body.slug.is_none(),
            source: origin.source,
            credentials: origin.credentials,
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

/// Why a name without a slug of its own gives none.
fn no_slug(error: &InvalidSlug) -> String {
    match error {
        InvalidSlug::Form => {
            "Use at least one letter from a to z or digit: the project's address is made of its name"
                .to_owned()
        }
        InvalidSlug::Reserved(name) => format!("{name} is kept for the platform; choose another name"),
    }
}

/// Where a project is to come from, and what it is called there.
struct Origin {
    source: ProjectSource,
    credentials: Option<RepoCredentials>,
    name: Option<String>,
}

fn check_source(state: &AppState, faults: &mut Faults, body: &CreateProject) -> Option<Origin> {
    let given = match (&body.repo_url, &body.template) {
        (Some(_), _) => Some(SourceKind::Git),
        (None, Some(_)) => Some(SourceKind::Template),
        (None, None) => None,
    };
    if let (Some(named), Some(given)) = (body.source, given)
        && named != given
    {
        faults.add(
            "source",
            format!("The other fields say that it is {}", given.as_str()),
        );
    }
    match (&body.repo_url, &body.template) {
        (Some(text), None) => {
            let (repo_url, credentials) = check_repo_url(state, faults, text)?;
            Some(Origin {
                name: Some(repo_url.repository_name().chars().take(100).collect()),
                source: ProjectSource::Git { repo_url },
                credentials,
            })
        }
        (None, Some(text)) => {
            let known = aether_templates::template(text).and_then(|known| Some((known, text.parse().ok()?)));
            let Some((known, template)) = known else {
                faults.add(
                    "template",
                    "There is no template of this name; GET /templates lists them",
                );
                return None;
            };
            Some(Origin {
                name: Some(known.title.clone()),
                source: ProjectSource::Template { template },
                credentials: None,
            })
        }
        (Some(_), Some(_)) => {
            faults.add(
                "template",
                "A project comes from a repository or from a template, not from both",
            );
            None
        }
        (None, None) if body.source == Some(SourceKind::Upload) => Some(Origin {
            source: ProjectSource::Upload,
            credentials: None,
            name: None,
        }),
        (None, None) => {
            faults.add(
                "repo_url",
                "Enter the address of a repository, or name a template, or choose upload as the source",
            );
            None
        }
    }
}

/// Stores the project. Where any slug will do, a taken one is followed by others until one is free.
async fn store(state: &AppState, mut new: NewProject, any_slug: bool) -> ApiResult<ProjectRecord> {
    let wanted = new.slug.clone();
    for attempt in 1.. {
        match state.store.create_project(&new, &state.hosts, PROJECTS_MAX).await {
            Err(StoreError::Conflict(Conflict::SlugTaken)) if any_slug && attempt < SLUG_ATTEMPTS => {
                new.slug = with_random_end(&wanted)?;
            }
            Err(error) => return Err(error.into()),
            Ok(Some(record)) => return Ok(record),
            Ok(None) => break,
        }
    }
    let field = match new.source.kind() {
        SourceKind::Git => "repo_url",
        SourceKind::Template => "template",
        SourceKind::Upload => "source",
    };
    Err(ApiError::invalid_field(
        field,
        format!("A team has at most {PROJECTS_MAX} projects"),
    ))
}

/// Letters only: a number at the end would make it look like a deployment's own host.
fn with_random_end(slug: &Slug) -> ApiResult<Slug> {
    let mut random = rand::rng();
    let end: String = (0..4)
        .map(|_| char::from(random.random_range(b'a'..=b'z')))
        .collect();
    format!("{slug}-{end}").parse().map_err(ApiError::internal)
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
        source: checked.source,
        repo_credentials,
        branch: checked.branch,
        settings: checked.settings,
        webhook_secret: seal(WEBHOOK_SECRET, secret.expose_secret().as_bytes())?,
        github: None,
    })
}
