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
    /// The domain, like `www.example.com`; of an address that was pasted its host is taken.
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
            ApiError::invalid_field("hostname", format!("A project has at most {DOMAINS_MAX} domains"))
        })?;
    let domain = Domain::new(domain, &record.project.slug, &state);
    Ok(HttpResponse::Created().json(domain))
}

/// The host of an address as it is copied out of a browser; the text itself when it is none.
fn host_of(text: &str) -> &str {
    let text = text.trim();
    let after_scheme = ["https://", "http://"].iter().find_map(|scheme| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    });
    match after_scheme {
        Some(rest) => rest.split(['/', '?', '#']).next().unwrap_or_default(),
        None => text.strip_suffix('/').unwrap_or(text),
    }
}

/// A name that somebody can own, and that is not the platform's (threats.md input 67).
fn check(state: &AppState, text: &str) -> Result<Hostname, String> {
    let hostname: Hostname = host_of(text)
        .parse()
        .map_err(|_| "Enter a domain, such as www.example.com".to_owned())?;
    let name = hostname.as_str();
    let is_under = |domain: &str| name == domain || name.ends_with(&format!(".{domain}"));
    if is_under(state.hosts.apps_domain().as_str()) {
        return Err(
            "This domain belongs to the platform, and projects have their hosts there already".to_owned(),
        );
    }
    if state.settings.public_url.host_str() == Some(name) {
        return Err("This is the dashboard's own address".to_owned());
    }
    // `com` and `co.uk` belong to everybody; `localhost` and `printer.lan` to nobody the internet can reach.
    let registrable = psl::domain(name.as_bytes());
    if !registrable.is_some_and(|domain| domain.suffix().is_known()) {
        return Err("Enter a domain that can be registered, such as example.com".to_owned());
    }
    Ok(hostname)
}
