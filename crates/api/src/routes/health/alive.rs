//! `GET /health`

use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;

/// The process answers.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alive {
    /// Always `ok`.
    pub status: &'static str,
}

/// The process answers. Asks nobody, so that a database outage does not restart every API.
#[utoipa::path(tag = "health", security(()), responses((status = 200, body = Alive)))]
#[get("/health")]
pub(crate) async fn get_health() -> web::Json<Alive> {
    web::Json(Alive { status: "ok" })
}
