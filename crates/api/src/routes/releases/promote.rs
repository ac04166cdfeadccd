//! `POST /projects/{project}/promote`

use actix_web::{HttpResponse, post, web};

use super::{ReleaseSwitch, SwitchRelease, switch};
use crate::auth::CanDeploy;
use crate::error::{ApiResult, Problems};
use crate::extract::{Json, Path};
use crate::state::AppState;

/// Makes a ready release live, with the settings and variables it was made with.
#[utoipa::path(
    tag = "deployments",
    params(("project" = String, Path, description = "Id or slug.")),
    request_body = SwitchRelease,
    responses(
        (status = 200, body = ReleaseSwitch),
        (status = 202, body = ReleaseSwitch, description = "Its app is being started first."),
        Problems
    )
)]
#[post("/projects/{project}/promote")]
pub(crate) async fn promote_release(
    state: web::Data<AppState>,
    actor: CanDeploy,
    Path(project): Path<String>,
    Json(body): Json<SwitchRelease>,
) -> ApiResult<HttpResponse> {
    switch(&state, &actor, &project, body.deployment_id).await
}
