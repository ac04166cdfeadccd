//! `GET /projects/{project}/traffic`

use std::collections::BTreeMap;

use actix_web::{get, web};
use aether_store::{TRAFFIC_KEPT_MINUTES, TrafficCounts};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::find_project;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Path, Query};
use crate::state::AppState;

/// A point of an hour, in minutes: 60 of them.
const HOUR_STEP: i64 = 1;
/// A point of a day, in minutes: 96 of them.
const DAY_STEP: i64 = 15;

/// How far back.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct TrafficQuery {
    /// `hour` (by the minute) or `day` (by the quarter of an hour, without it).
    #[param(inline)]
    range: Option<TrafficRange>,
}

/// How far back.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TrafficRange {
    /// The last 60 minutes.
    Hour,
    /// The last 24 hours.
    #[default]
    Day,
}

/// What visitors asked of a project, on all of its addresses.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ProjectTraffic {
    /// Proxies that report right now; without one nothing is counted.
    pub proxies: usize,
    /// Seconds from one point to the next.
    pub step_seconds: i64,
    /// In order of time, without a gap; the last is not over yet.
    pub points: Vec<TrafficPoint>,
    /// All points together.
    pub total: TrafficFigures,
}

/// What was asked in one stretch of time.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrafficPoint {
    /// Its beginning.
    pub at: DateTime<Utc>,
    #[serde(flatten)]
    pub figures: TrafficFigures,
}

/// Counts of requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct TrafficFigures {
    /// Requests answered.
    pub requests: u64,
    /// Those answered with a status of 500 or above.
    pub errors: u64,
    /// Bytes of the answers' bodies.
    pub sent_bytes: u64,
    /// Half of the requests took at most so many milliseconds, by the bounds 5, 25, 100, 500, 2500 and 10000; null
    /// without requests, and for more than the last bound.
    pub p50_at_most_ms: Option<u64>,
    /// As many as 99 of 100 requests took at most so long.
    pub p99_at_most_ms: Option<u64>,
}

/// What visitors asked of a project in the last hour or day, as the proxies counted it. It begins anew when Redis does.
#[utoipa::path(
    tag = "projects",
    params(("project" = String, Path, description = "Id or slug."), TrafficQuery),
    responses((status = 200, body = ProjectTraffic), Problems)
)]
#[get("/projects/{project}/traffic")]
pub(crate) async fn get_project_traffic(
    state: web::Data<AppState>,
    actor: CanRead,
    Path(project): Path<String>,
    Query(query): Query<TrafficQuery>,
) -> ApiResult<web::Json<ProjectTraffic>> {
    let record = find_project(&state, actor.team, &project).await?;
    let (minutes, step) = match query.range.unwrap_or_default() {
        TrafficRange::Hour => (60, HOUR_STEP),
        TrafficRange::Day => (TRAFFIC_KEPT_MINUTES, DAY_STEP),
    };
    // Whole steps of the clock, so that a point stays the same from one look to the next.
    let end = (state.clock.now().timestamp().div_euclid(60).div_euclid(step) + 1) * step;
    let counts = state.store.traffic(record.project.id, end - minutes..end).await?;
    Ok(web::Json(ProjectTraffic {
        proxies: state.store.proxy_reports().await?.len(),
        step_seconds: step * 60,
        points: (end - minutes..end)
            .step_by(usize::try_from(step).unwrap_or(1))
            .filter_map(|start| point(&counts, start, step))
            .collect(),
        total: figures(&sum(counts.values())),
    }))
}

fn point(counts: &BTreeMap<i64, TrafficCounts>, start: i64, step: i64) -> Option<TrafficPoint> {
    Some(TrafficPoint {
        at: DateTime::from_timestamp(start * 60, 0)?,
        figures: figures(&sum(counts.range(start..start + step).map(|(_, counts)| counts))),
    })
}

fn sum<'a>(counts: impl Iterator<Item = &'a TrafficCounts>) -> TrafficCounts {
    counts.fold(TrafficCounts::default(), |mut sum, more| {
        sum.add(more);
        sum
    })
}

fn figures(counts: &TrafficCounts) -> TrafficFigures {
    let at_most = |percent| counts.quantile_us(percent).map(|bound| bound / 1000);
    TrafficFigures {
        requests: counts.requests,
        errors: counts.errors,
        sent_bytes: counts.sent_bytes,
        p50_at_most_ms: at_most(50),
        p99_at_most_ms: at_most(99),
    }
}
