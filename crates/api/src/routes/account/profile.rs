//! `PATCH /auth/me`

use actix_web::{HttpRequest, patch, web};
use aether_store::ProfileChange;
use secrecy::SecretString;
use serde::Deserialize;
use utoipa::ToSchema;

use super::require_password;
use crate::auth::SignedIn;
use crate::error::{ApiError, ApiResult, Problems};
use crate::extract::Json;
use crate::state::AppState;
use crate::validate::{Faults, email};
use crate::views::UserView;

/// What to change; what is left out stays as it is.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UpdateMe {
    /// Name for people.
    #[serde(default)]
    name: Option<String>,
    /// Address; the sign-in name. Changing it takes the password.
    #[serde(default)]
    #[schema(format = "email")]
    email: Option<String>,
    /// The password, for another address.
    #[serde(default)]
    #[schema(value_type = Option<String>, format = "password")]
    current_password: Option<SecretString>,
}

/// Changes the caller's name or address.
#[utoipa::path(tag = "auth", request_body = UpdateMe, responses((status = 200, body = UserView), Problems))]
#[patch("/auth/me")]
pub(crate) async fn update_me(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: SignedIn,
    Json(body): Json<UpdateMe>,
) -> ApiResult<web::Json<UserView>> {
    actor.session()?;
    let mut faults = Faults::default();
    let change = ProfileChange {
        name: body.name.as_ref().map(|name| faults.text("name", name)),
        email: body
            .email
            .as_ref()
            .map(|text| email(&mut faults, "email", text))
            .filter(|email| *email != actor.user.email),
    };
    if change.email.is_some() && body.current_password.is_none() {
        faults.add(
            "current_password",
            "Enter your password to change the email address",
        );
    }
    faults.finish()?;
    if let (Some(_), Some(password)) = (&change.email, &body.current_password) {
        require_password(&state, &request, &actor, password).await?;
    }
    let user = state.store.change_profile(actor.user.id, &change).await?;
    let user = user.ok_or_else(|| ApiError::not_found("account"))?;
    Ok(web::Json(UserView::signed_in(user, actor.team, actor.role)))
}
