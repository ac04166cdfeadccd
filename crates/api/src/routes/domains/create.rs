//! `POST /projects/{project}/domains`

use actix_web::{HttpResponse, post, web};
use aether_models::Hostname;
use aether_store::NewDomain;
use secrecy::ExposeSecret;
use serde::Deserialize;
use utoipa::ToSchema;

use super::Domain;
use crate::auth::{CanWrite, generate};
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::{Json, Path};
use crate::routes::projects::find_project;
use crate::state::AppState;

/// Domains of one project.
const DOMAINS_MAX: i64 = 100;

/// A domain to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateDomain {
    /// The domain, like `www.example.com`.
    hostname: String,
}

/// Adds a domain. It gets traffic once the TXT record in the answer is found.
#[utoipa::path(
    tag = "domains",
    params(("project" = String, Path, description = "Id or slug.")),
    request_body = CreateDomain,
    responses((status = 201, body = Domain), Problems)
)]
#[post("/projects/{project}/domains")]
pub(crate) async fn create_domain(
    state: web::Data<AppState>,
    actor: CanWrite,
    Path(project): Path<String>,
    Json(body): Json<CreateDomain>,
) -> ApiResult<HttpResponse> {
    let record = find_project(&state, actor.team, &project).await?;
    let hostname =
        check(&state, &body.hostname).map_err(|message| ApiError::invalid_field("hostname", message))?;
    let new = NewDomain {
        team_id: actor.team,
        project_id: record.project.id,
        hostname,
        verification_token: generate("").expose_secret().to_owned(),
    };
    let domain = state
        .store
        .create_domain(&new, DOMAINS_MAX)
        .await?
        .ok_or_else(|| {
            ApiError::invalid_field("hostname", format!("a project has at most {DOMAINS_MAX} domains"))
        })?;
    Ok(HttpResponse::Created().json(Domain::from(domain)))
}

/// A name that somebody can own, and that is not the platform's (threats.md input 67).
fn check(state: &AppState, text: &str) -> Result<Hostname, String> {
    let hostname: Hostname = text
        .trim()
        .parse()
        .map_err(|error: aether_models::InvalidHostname| error.to_string())?;
    let name = hostname.as_str();
    let is_under = |domain: &str| name == domain || name.ends_with(&format!(".{domain}"));
    if is_under(state.hosts.apps_domain().as_str()) {
        return Err("is under the platform's own domain; projects have their hosts there already".to_owned());
    }
    if state.settings.public_url.host_str() == Some(name) {
        return Err("is the dashboard's own address".to_owned());
    }
    // `com` and `co.uk` belong to everybody; `localhost` and `printer.lan` to nobody the internet can reach.
    let registrable = psl::domain(name.as_bytes());
    if !registrable.is_some_and(|domain| domain.suffix().is_known()) {
        return Err("is not a domain that can be registered, like example.com".to_owned());
    }
    Ok(hostname)
}
