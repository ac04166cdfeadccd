//! `GET /projects/{project}/logs`: what the running apps of a project print, in pages, or live.
//!
//! The ids are shared by all projects, so they have gaps, and two copies of an app may store their lines in another order
//! than their ids say. The stream therefore looks back a little and remembers what it has sent.

use std::collections::BTreeSet;

use actix_web::{HttpRequest, HttpResponse, get, web};
use aether_models::{DeploymentId, InstanceId, LogStream, ProjectId, TeamId};
use aether_store::{RuntimeLine, Store};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;

use super::LogQuery;
use crate::auth::CanRead;
use crate::error::{ApiResult, Problems};
use crate::extract::{Path, Query};
use crate::routes::projects::find_project;
use crate::sse::{self, Feed, Sink, Stop};
use crate::state::AppState;

/// Ids that are remembered as sent; lines of one moment lie far closer together.
const REMEMBERED: usize = 4096;
/// How far the stream looks back for lines that were stored late, in ids.
const LOOK_BACK: i64 = 200;
/// Lines of one look.
const LOOK_MAX: i64 = aether_store::LOG_PAGE_MAX;

/// A line that a running app printed.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuntimeLogLine {
    /// Its place; the SSE event id.
    pub id: i64,
    /// The release.
    pub deployment_id: DeploymentId,
    /// The copy of the app.
    pub instance_id: InstanceId,
    /// When the line was read.
    pub at: DateTime<Utc>,
    /// Where it came from.
    pub stream: LogStream,
    /// The text, without its line end.
    pub text: String,
}

/// A part of a runtime log.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct RuntimeLogPage {
    /// Lines, in order.
    pub items: Vec<RuntimeLogLine>,
    /// Give it as `cursor` to get what follows, now or later.
    pub next_cursor: Option<String>,
}

/// What the project's running apps print; without a cursor the newest lines.
///
/// With `Accept: text/event-stream` live: `log` events (data: a line; id: its id). `Last-Event-ID` resumes behind that
/// line.
#[utoipa::path(
    tag = "logs",
    params(
        ("project" = String, Path, description = "Id or slug."),
        ("Last-Event-ID" = Option<i64>, Header, description = "Resumes a live stream."),
        LogQuery
    ),
    responses(
        (status = 200, content((RuntimeLogPage = "application/json"), (RuntimeLogLine = "text/event-stream"))),
        Problems
    )
)]
#[get("/projects/{project}/logs")]
pub(crate) async fn get_runtime_log(
    state: web::Data<AppState>,
    request: HttpRequest,
    actor: CanRead,
    Path(project): Path<String>,
    Query(query): Query<LogQuery>,
) -> ApiResult<HttpResponse> {
    let (limit, after) = (query.limit()?, query.after()?);
    let resumed = sse::last_event_id(&request)?;
    let project = find_project(&state, actor.team, &project).await?.project.id;
    if !sse::is_wanted(&request) {
        let lines = state
            .store
            .runtime_log_page(actor.team, project, after, limit)
            .await?;
        let last = lines.last().map(|line| line.id).or(after);
        return Ok(HttpResponse::Ok().json(RuntimeLogPage {
            items: lines.into_iter().map(RuntimeLogLine::from).collect(),
            next_cursor: last.map(|id| id.to_string()),
        }));
    }
    let slot = state.streams.take(actor.user.id)?;
    let events = state.store.watch_runtime_log(project);
    let from = start(&state.store, actor.team, project, resumed.or(after)).await?;
    let feed = RuntimeLog {
        store: state.store.clone(),
        team: actor.team,
        project,
        from,
        newest: from,
        sent: BTreeSet::new(),
    };
    Ok(sse::respond(state, actor.clone(), slot, feed, events))
}

/// An id beyond the log is of another project: the stream begins as without one.
async fn start(
    store: &Store,
    team: TeamId,
    project: ProjectId,
    after: Option<i64>,
) -> ApiResult<Option<i64>> {
    let Some(after) = after else { return Ok(None) };
    let from = (after - 1).max(0);
    let is_known = !store
        .runtime_log_page(team, project, Some(from), 1)
        .await?
        .is_empty();
    Ok(is_known.then_some(after))
}

impl From<RuntimeLine> for RuntimeLogLine {
    fn from(stored: RuntimeLine) -> Self {
        Self {
            id: stored.id,
            deployment_id: stored.deployment_id,
            instance_id: stored.instance_id,
            at: stored.line.at,
            stream: stored.line.stream,
            text: stored.line.text,
        }
    }
}

struct RuntimeLog {
    store: Store,
    team: TeamId,
    project: ProjectId,
    /// The client has everything up to here; none before the first look.
    from: Option<i64>,
    /// The highest id that was sent.
    newest: Option<i64>,
    sent: BTreeSet<i64>,
}

impl Feed for RuntimeLog {
    type Live = Vec<RuntimeLine>;

    async fn catch_up(&mut self, sink: &Sink) -> Result<(), Stop> {
        loop {
            let from = self
                .newest
                .map(|newest| (newest - LOOK_BACK).max(self.from.unwrap_or(0)));
            let lines = self
                .store
                .runtime_log_page(self.team, self.project, from, LOOK_MAX)
                .await?;
            let is_last = i64::try_from(lines.len()).is_ok_and(|count| count < LOOK_MAX);
            let before = self.newest;
            self.from = self.from.or_else(|| lines.first().map(|line| line.id - 1));
            self.send(sink, lines).await?;
            if is_last || self.newest == before {
                return Ok(());
            }
        }
    }

    async fn live(&mut self, sink: &Sink, lines: Vec<RuntimeLine>) -> Result<(), Stop> {
        self.send(sink, lines).await
    }
}

impl RuntimeLog {
    async fn send(&mut self, sink: &Sink, lines: Vec<RuntimeLine>) -> Result<(), Stop> {
        for line in lines {
            let id = line.id;
            if self.from.is_some_and(|from| id <= from) || !self.sent.insert(id) {
                continue;
            }
            if self.sent.len() > REMEMBERED {
                self.sent.pop_first();
            }
            self.newest = self.newest.max(Some(id));
            sink.send("log", Some(id), &RuntimeLogLine::from(line)).await?;
        }
        Ok(())
    }
}
