//! `GET /ready`

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, get, web};
use serde::Serialize;
use utoipa::ToSchema;

use crate::routes::system::Health;
use crate::state::AppState;

/// Whether requests can be answered.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Ready {
    /// Requests can be answered.
    pub ready: bool,
    /// The database, without which nothing can be answered.
    pub postgres: Health,
    /// Live events and rate limits, without which everything else works.
    pub redis: Health,
}

/// The service can answer requests: Postgres is there. Redis is reported, but not needed.
#[utoipa::path(
    tag = "health",
    security(()),
    responses((status = 200, body = Ready), (status = 503, body = Ready, description = "Postgres does not answer."))
)]
#[get("/ready")]
pub(crate) async fn get_ready(state: web::Data<AppState>) -> HttpResponse {
    let (postgres, redis) = tokio::join!(state.store.ping_postgres(), state.store.ping_redis());
    let health = |up: bool| if up { Health::Up } else { Health::Down };
    let status = if postgres.is_ok() {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    HttpResponse::build(status).json(Ready {
        ready: postgres.is_ok(),
        postgres: health(postgres.is_ok()),
        redis: health(redis.is_ok()),
    })
}
