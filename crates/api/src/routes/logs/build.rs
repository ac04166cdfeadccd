//! `GET /deployments/{id}/logs`: the build log, in pages, or live with `Accept: text/event-stream`.
//!
//! Lines are numbered from 1 without gaps. The stream sends a line only when it is the next one; whatever is missing in
//! between is read from Postgres, so nothing is lost or doubled, whether or not Redis is there.

use actix_web::{HttpRequest, HttpResponse, get, web};
use aether_models::{Deployment, DeploymentId, DeploymentStatus, LogLine, Step};
use aether_store::{DeploymentEvent, LOG_PAGE_MAX, Store};
use serde::Serialize;
use utoipa::ToSchema;

use super::LogQuery;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Path, Query};
use crate::routes::deployments::find_deployment;
use crate::sse::{self, Ended, Feed, Sink, Stop};
use crate::state::AppState;

/// A part of a build log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct BuildLogPage {
    /// Lines, in order.
    pub items: Vec<LogLine>,
    /// Give it as `cursor` to get what follows; null when the deployment has ended and all was read.
    pub next_cursor: Option<String>,
}

/// Data of a `status` event.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct StatusEvent {
    /// Where the deployment stands.
    pub status: DeploymentStatus,
    /// The step it is in, when that is known.
    pub step: Option<Step>,
}

/// A deployment's build log.
///
/// With `Accept: text/event-stream` live: `log` events (data: a line; id: its number), `status` events when the
/// deployment goes on, one `end` event after the last line. `Last-Event-ID` resumes behind that line.
#[utoipa::path(
    tag = "logs",
    params(
        ("id" = DeploymentId, Path),
        ("Last-Event-ID" = Option<i64>, Header, description = "Resumes a live stream."),
        LogQuery
    ),
    responses(
        (status = 200, content((BuildLogPage = "application/json"), (StatusEvent = "text/event-stream"))),
        Problems
    )
)]
#[get("/deployments/{id}/logs")]
pub(crate) async fn get_build_log(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: CanRead,
    Path(id): Path<DeploymentId>,
    Query(query): Query<LogQuery>,
) -> ApiResult<HttpResponse> {
    let (limit, after) = (query.limit()?, query.after()?);
    let resumed = sse::last_event_id(&request)?;
    let (_, deployment) = find_deployment(&state, actor.team, id).await?;
    if !sse::is_wanted(&request) {
        return Ok(HttpResponse::Ok().json(page(&state.store, &deployment, after.unwrap_or(0), limit).await?));
    }
    let slot = state.streams.take(actor.user.id)?;
    let events = state.store.watch_deployment(id);
    let feed = BuildLog {
        store: state.store.clone(),
        deployment: id,
        after: start(&state.store, id, resumed.or(after).unwrap_or(0)).await?,
        status: None,
    };
    Ok(sse::respond(state, actor.clone(), slot, feed, events))
}

async fn page(store: &Store, deployment: &Deployment, after: i64, limit: i64) -> ApiResult<BuildLogPage> {
    let items = store.log_page(deployment.id, after, limit).await?;
    let is_full = i64::try_from(items.len()).is_ok_and(|count| count == limit);
    let goes_on = is_full || !deployment.status.is_terminal();
    let last = items.last().map_or(after, |line| line.seq);
    Ok(BuildLogPage {
        items,
        next_cursor: goes_on.then(|| last.to_string()),
    })
}

/// A number beyond the log is of another deployment: the stream begins at the start.
async fn start(store: &Store, deployment: DeploymentId, after: i64) -> ApiResult<i64> {
    if after == 0 {
        return Ok(0);
    }
    let is_known = !store.log_page(deployment, after - 1, 1).await?.is_empty();
    Ok(if is_known { after } else { 0 })
}

struct BuildLog {
    store: Store,
    deployment: DeploymentId,
    /// Number of the last line that was sent.
    after: i64,
    /// The last status that was sent.
    status: Option<DeploymentStatus>,
}

impl Feed for BuildLog {
    type Live = DeploymentEvent;

    async fn catch_up(&mut self, sink: &Sink) -> Result<(), Stop> {
        // Read first: when it says that the deployment has ended, its last lines are there already.
        let status = self
            .store
            .deployment_status(self.deployment)
            .await?
            .ok_or(Stop::Ended)?;
        loop {
            let lines = self
                .store
                .log_page(self.deployment, self.after, LOG_PAGE_MAX)
                .await?;
            let is_last = i64::try_from(lines.len()).is_ok_and(|count| count < LOG_PAGE_MAX);
            self.send_next(sink, &lines).await?;
            if is_last {
                break;
            }
        }
        self.send_status(sink, status, None).await?;
        if status.is_terminal() {
            sink.send("end", None, &StatusEvent { status, step: None })
                .await?;
            return Err(Stop::Ended);
        }
        Ok(())
    }

    async fn live(&mut self, sink: &Sink, event: DeploymentEvent) -> Result<(), Stop> {
        match event {
            DeploymentEvent::Lines { lines } => {
                self.send_next(sink, &lines).await?;
                if lines.last().is_some_and(|line| line.seq > self.after) {
                    return self.catch_up(sink).await;
                }
                Ok(())
            }
            DeploymentEvent::Status { status, .. } if status.is_terminal() => self.catch_up(sink).await,
            DeploymentEvent::Status { status, step } => {
                if step.is_some() {
                    self.status = None;
                }
                Ok(self.send_status(sink, status, step).await?)
            }
        }
    }
}

impl BuildLog {
    /// Sends those of `lines` that follow what was sent, without a gap.
    async fn send_next(&mut self, sink: &Sink, lines: &[LogLine]) -> Result<(), Ended> {
        for line in lines {
            if line.seq == self.after + 1 {
                sink.send("log", Some(line.seq), line).await?;
                self.after = line.seq;
            }
        }
        Ok(())
    }

    async fn send_status(
        &mut self,
        sink: &Sink,
        status: DeploymentStatus,
        step: Option<Step>,
    ) -> Result<(), Ended> {
        if self.status.replace(status) == Some(status) {
            return Ok(());
        }
        sink.send("status", None, &StatusEvent { status, step }).await
    }
}
