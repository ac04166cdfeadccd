//! Live streams (server-sent events, <https://html.spec.whatwg.org/multipage/server-sent-events.html>).
//!
//! A [`Feed`] knows how to catch up from Postgres and what to do with an event. Around it, for every stream alike: the
//! bounded queue to the client, a look at Postgres every second (events are only hints), comments that keep proxies from
//! closing the connection, and the question every few seconds whether the caller may still see this (threats.md inputs
//! 96 to 99).

use std::time::Duration;

use actix_web::http::header::{ACCEPT, CACHE_CONTROL, HeaderName};
use actix_web::web::{Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};
use aether_models::Scope;
use aether_store::Event;
use futures::{Stream, StreamExt};
use serde::Serialize;
use tokio::sync::mpsc;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_stream::wrappers::ReceiverStream;

use crate::auth::Actor;
use crate::error::{ApiError, ApiResult};
use crate::middleware::authenticate;
use crate::state::AppState;
use crate::stream_slots::StreamSlot;

/// Events in the queue of one client; behind it the feed waits.
const QUEUE: usize = 64;
/// A client that takes nothing for so long is dropped.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often the feed looks by itself.
const LOOK: Duration = Duration::from_secs(1);
/// Below the idle limits of common proxies; a client that has gone is also only noticed by what cannot be sent to it.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// How often the caller's rights are looked at again.
const RECHECK: Duration = Duration::from_secs(10);
/// While Postgres is away nobody can be looked up; then the last answer counts this long.
const RECHECK_GRACE: Duration = Duration::from_secs(20);

/// The stream has ended: nothing more will come, or the client is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Ended;

/// Why a feed stops.
#[derive(Debug)]
pub(crate) enum Stop {
    /// It is over.
    Ended,
    /// Postgres could not be asked; the next look may work.
    Failed(aether_store::StoreError),
}

impl From<Ended> for Stop {
    fn from(_: Ended) -> Self {
        Self::Ended
    }
}

impl From<aether_store::StoreError> for Stop {
    fn from(error: aether_store::StoreError) -> Self {
        Self::Failed(error)
    }
}

/// Something to follow.
pub(crate) trait Feed: 'static {
    /// What is published about it.
    type Live;

    /// Sends what Postgres has and the client has not.
    async fn catch_up(&mut self, sink: &Sink) -> Result<(), Stop>;

    /// Sends what was just published, if it fits behind what was sent.
    async fn live(&mut self, sink: &Sink, event: Self::Live) -> Result<(), Stop>;
}

/// The way to one client.
#[derive(Debug)]
pub(crate) struct Sink(mpsc::Sender<Bytes>);

impl Sink {
    /// Sends one event. Its data is JSON on one line, so nothing in it can begin another event (threats.md input 98).
    pub(crate) async fn send<T: Serialize>(
        &self,
        name: &str,
        id: Option<i64>,
        data: &T,
    ) -> Result<(), Ended> {
        let Ok(data) = serde_json::to_string(data) else {
            return Ok(());
        };
        let id = id.map(|id| format!("id: {id}\n")).unwrap_or_default();
        self.write(format!("event: {name}\n{id}data: {data}\n\n")).await
    }

    async fn keep_alive(&self) -> Result<(), Ended> {
        self.write(": keep-alive\n\n".to_owned()).await
    }

    async fn write(&self, text: String) -> Result<(), Ended> {
        self.0
            .send_timeout(text.into(), PATIENCE)
            .await
            .map_err(|_| Ended)
    }
}

/// The caller asked for a stream rather than a page.
pub(crate) fn is_wanted(request: &HttpRequest) -> bool {
    let accept = request
        .headers()
        .get(ACCEPT)
        .and_then(|value| value.to_str().ok());
    accept.is_some_and(|accept| accept.contains("text/event-stream"))
}

/// The number of the last event the client has, by `Last-Event-ID`.
pub(crate) fn last_event_id(request: &HttpRequest) -> ApiResult<Option<i64>> {
    let Some(value) = request.headers().get("last-event-id") else {
        return Ok(None);
    };
    let number = value
        .to_str()
        .ok()
        .and_then(|text| text.parse::<i64>().ok())
        .filter(|number| *number >= 0);
    number.map(Some).ok_or_else(|| {
        ApiError::malformed(
            "malformed_last_event_id",
            "Last-Event-ID is no id of an event of this stream",
        )
    })
}

/// Answers with a stream of the feed. `events` was subscribed to before.
pub(crate) fn respond<F: Feed>(
    state: Data<AppState>,
    actor: Actor,
    slot: StreamSlot,
    feed: F,
    events: impl Stream<Item = Event<F::Live>> + 'static,
) -> HttpResponse {
    let (sender, receiver) = mpsc::channel(QUEUE);
    actix_web::rt::spawn(async move {
        let sink = Sink(sender);
        run(&state, &actor, &sink, feed, events).await;
        drop(slot);
    });
    HttpResponse::Ok()
        .content_type("text/event-stream")
        .insert_header((CACHE_CONTROL, "no-store, no-transform"))
        // nginx would hold events back.
        .insert_header((HeaderName::from_static("x-accel-buffering"), "no"))
        .streaming(ReceiverStream::new(receiver).map(Ok::<_, std::convert::Infallible>))
}

async fn run<F: Feed>(
    state: &AppState,
    actor: &Actor,
    sink: &Sink,
    mut feed: F,
    events: impl Stream<Item = Event<F::Live>>,
) {
    let mut events = std::pin::pin!(events);
    let [mut look, mut keep_alive, mut recheck] = [LOOK, KEEP_ALIVE, RECHECK].map(|period| {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ticks
    });
    let mut seen_allowed = Instant::now();
    recheck.reset();
    loop {
        let step = tokio::select! {
            () = sink.0.closed() => Err(Stop::Ended),
            () = state.stopping.cancelled() => Err(Stop::Ended),
            Some(event) = events.next() => match event {
                Event::Message(event) => feed.live(sink, event).await,
                Event::Gap => feed.catch_up(sink).await,
            },
            _ = look.tick() => feed.catch_up(sink).await,
            _ = keep_alive.tick() => sink.keep_alive().await.map_err(Stop::from),
            _ = recheck.tick() => still_allowed(state, actor, &mut seen_allowed).await.map_err(Stop::from),
        };
        match step {
            Ok(()) => {}
            Err(Stop::Ended) => return,
            Err(Stop::Failed(error)) => {
                tracing::warn!(%error, "a live stream could not catch up; it will try again");
            }
        }
    }
}

async fn still_allowed(state: &AppState, actor: &Actor, seen_allowed: &mut Instant) -> Result<(), Ended> {
    let now = authenticate::find(state, actor.credential.clone(), Some(actor.team)).await;
    match now.and_then(|actor| actor.require(Scope::Read)) {
        Ok(()) => {
            *seen_allowed = Instant::now();
            Ok(())
        }
        Err(error) if error.is_unavailable() && seen_allowed.elapsed() < RECHECK_GRACE => Ok(()),
        Err(_) => Err(Ended),
    }
}
