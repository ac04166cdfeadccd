//! `PUT /projects/{project}/provider`

use actix_web::{put, web};
use aether_forge::ProviderKind;
use aether_models::RepoUrl;
use aether_store::{ProviderConnection, SealContext};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{PROVIDER_TOKEN, ProviderView};
use crate::auth::CanWrite;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Json, Path};
use crate::routes::projects::find_project;
use crate::state::AppState;
use crate::validate::Faults;

/// Longest token; those of providers have 20 to 300 characters.
const TOKEN_MAX: usize = 1000;

/// A connection to a Git provider.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutProvider {
    /// `github`, `gitlab`, `gitea` (Forgejo too) or `bitbucket`.
    forge: String,
    /// Address of its interface; without it the usual one of the repository's host.
    #[serde(default)]
    api_url: Option<String>,
    /// An access token that may write commit statuses and comments; stored sealed and never shown again.
    token: String,
}

/// Reports to the Git provider from now on: a status on every commit that is deployed, and one comment with the preview's
/// address on a pull request.
#[utoipa::path(
    tag = "provider",
    params(("project" = String, Path, description = "Id or slug.")),
    request_body = PutProvider,
    responses((status = 200, body = ProviderView), Problems)
)]
#[put("/projects/{project}/provider")]
pub(crate) async fn put_provider(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
    Json(body): Json<PutProvider>,
) -> ApiResult<web::Json<ProviderView>> {
    let record = find_project(&state, actor.team, &project).await?;
    let mut faults = Faults::default();
    let kind = faults.parse::<ProviderKind>("forge", &body.forge);
    let is_token =
        |text: &str| (1..=TOKEN_MAX).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_graphic());
    if !is_token(&body.token) {
        faults.add(
            "token",
            "Enter a token of visible ASCII characters without spaces",
        );
    }
    let api_url = match (&body.api_url, kind) {
        (Some(text), _) => Some(text.trim_end_matches('/').to_owned()),
        (None, Some(kind)) => record
            .project
            .source
            .repo_url()
            .map(|repo_url| kind.default_api(repo_url)),
        (None, None) => None,
    };
    if record.project.source.repo_url().is_none() {
        faults.add("forge", "This project has no repository to report on");
    }
    if let Some(text) = &api_url {
        check_address(&state, &mut faults, text);
    }
    faults.finish()?;
    let (Some(kind), Some(api_url)) = (kind, api_url) else {
        return Err(ApiError::internal(
            "a connection passed the checks without its parts",
        ));
    };
    let context = SealContext {
        team: actor.team,
        project: record.project.id,
        name: PROVIDER_TOKEN,
    };
    let connection = ProviderConnection {
        team_id: actor.team,
        project_id: record.project.id,
        forge: kind.as_str().to_owned(),
        api_url,
        token: state
            .keyring
            .seal(&context, body.token.as_bytes())
            .map_err(ApiError::internal)?,
        last_error: None,
    };
    state.store.set_provider(&connection).await?;
    Ok(web::Json(connection.into()))
}

/// The interface is under the same rules as a repository: it may not lead inside this instance's own network.
fn check_address(state: &AppState, faults: &mut Faults, text: &str) {
    // The policy is one on repositories, whose addresses have a path.
    match format!("{text}/-").parse::<RepoUrl>() {
        Err(_) => faults.add(
            "api_url",
            "Enter an address that starts with https://, such as https://git.example.com/api/v4",
        ),
        Ok(url) => {
            if let Err(error) = state.settings.git_hosts.check_url(&url) {
                faults.add("api_url", error);
            }
        }
    }
}
