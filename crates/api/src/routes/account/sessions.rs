//! `GET /auth/sessions`

use actix_web::{get, web};
use aether_models::SessionId;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::SignedIn;
use crate::error::{ApiResult, Problems};
use crate::extract::Page;
use crate::state::AppState;

/// A browser that is signed in.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Session {
    /// Its id.
    pub id: SessionId,
    /// What the browser calls itself.
    pub user_agent: String,
    /// It is the one that asks.
    pub current: bool,
    /// When somebody signed in with it.
    pub created_at: DateTime<Utc>,
    /// When it was last used, to within a quarter of an hour.
    pub last_used_at: DateTime<Utc>,
    /// When it ends unless it is used again.
    pub expires_at: DateTime<Utc>,
}

/// Where the caller is signed in, the last used first.
#[utoipa::path(tag = "auth", responses((status = 200, body = Page<Session>), Problems))]
#[get("/auth/sessions")]
pub(crate) async fn list_sessions(
    state: web::Data<AppState>,
    actor: SignedIn,
) -> ApiResult<web::Json<Page<Session>>> {
    let current = actor.session()?;
    let sessions = state.store.sessions(actor.user.id).await?;
    let sessions = sessions.into_iter().map(|record| Session {
        current: record.id == current,
        id: record.id,
        user_agent: record.user_agent,
        created_at: record.created_at,
        last_used_at: record.last_used_at,
        expires_at: record.expires_at,
    });
    Ok(web::Json(Page::whole(sessions.collect())))
}
