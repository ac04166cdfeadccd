//! `GET /templates`

use actix_web::{get, web};
use aether_templates::Template as Known;
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::Page;
use crate::state::AppState;

/// Name of the runtime that builds from a Dockerfile.
const DOCKER: &str = "docker";

/// Something to begin with: give its name as `template` to `POST /projects`.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Template {
    /// Its name.
    pub name: String,
    /// Name for people.
    pub title: String,
    /// What it is, in a sentence.
    pub description: String,
    /// What it is written in.
    pub language: String,
    /// Why this instance cannot deploy it; null when it can.
    pub unavailable: Option<String>,
}

/// The templates that come with Aether.
#[utoipa::path(tag = "templates", responses((status = 200, body = Page<Template>), Problems))]
#[get("/templates")]
pub(crate) async fn list_templates(
    state: web::Data<AppState>,
    _actor: CanRead,
) -> ApiResult<web::Json<Page<Template>>> {
    // Without Redis nothing is known about the workers, and the build itself will say it.
    let workers = state.store.worker_reports().await.unwrap_or_default();
    let docker_is_missing = !workers.is_empty() && workers.iter().all(|worker| worker.runtime != DOCKER);
    let present = |known: &Known| Template {
        name: known.name.clone(),
        title: known.title.clone(),
        description: known.description.clone(),
        language: known.language.clone(),
        unavailable: (known.needs_docker && docker_is_missing)
            .then(|| "Needs a Docker engine, and no worker of this instance has one.".to_owned()),
    };
    Ok(web::Json(Page::whole(
        aether_templates::templates().iter().map(present).collect(),
    )))
}
