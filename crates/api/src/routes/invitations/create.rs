//! `POST /invitations`

use actix_web::{HttpResponse, post, web};
use aether_models::{Invitation, Role};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::auth::{CanWrite, digest, generate};
use crate::error::{ApiResult, Problems};
use crate::extract::Json;
use crate::state::AppState;
use crate::validate::{Faults, email};

/// Somebody to invite.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateInvitation {
    /// The address their account must have.
    #[schema(format = "email")]
    email: String,
    /// Their role in the team.
    role: Role,
}

/// An invitation with its secret, shown this once.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct CreatedInvitation {
    /// The invitation.
    #[serde(flatten)]
    pub invitation: Invitation,
    /// Goes into `invitation` of the registration.
    pub secret: String,
}

/// Invites somebody to the team. The secret is handed over by the caller; it works once, for a week.
#[utoipa::path(
    tag = "invitations",
    request_body = CreateInvitation,
    responses((status = 201, body = CreatedInvitation), Problems)
)]
#[post("/invitations")]
pub(crate) async fn create_invitation(
    state: web::Data<AppState>,
    actor: CanWrite,
    Json(body): Json<CreateInvitation>,
) -> ApiResult<HttpResponse> {
    let mut faults = Faults::default();
    let email = email(&mut faults, "email", &body.email);
    faults.finish()?;
    let secret = generate("");
    let invitation = state
        .store
        .create_invitation(actor.team, &email, body.role, &digest(&secret))
        .await?;
    Ok(HttpResponse::Created().json(CreatedInvitation {
        invitation,
        secret: secret.expose_secret().to_owned(),
    }))
}
