//! Live events over Redis pub/sub: one connection per process, which reconnects and subscribes again by itself.
//!
//! Events are hints. Whatever is missed while Redis is away is found by the reader's timed look at Postgres; after each
//! reconnection subscribers get [`Event::Gap`], so that they look at once.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aether_models::{DeploymentId, DeploymentStatus, LogLine, ProjectId, Step};
use futures::{Stream, StreamExt};
use redis::AsyncCommands;
use serde::{Deserialize, Serialize};
use tokio::sync::{broadcast, mpsc};
use tokio_stream::wrappers::BroadcastStream;

use crate::{Store, redis_keys};

/// Messages a slow subscriber may lag behind before it gets a [`Event::Gap`] instead.
const BACKLOG: usize = 1024;
/// Pause before the next attempt to reach Redis.
const RECONNECT_PAUSE: Duration = Duration::from_millis(500);

/// What a subscriber sees.
#[derive(Debug, Clone, PartialEq)]
pub enum Event<T> {
    /// Somebody published this.
    Message(T),
    /// Messages may have been missed: read the truth again.
    Gap,
}

/// Something happened to one deployment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
pub enum DeploymentEvent {
    /// Lines were added.
    Lines {
        /// In order.
        lines: Vec<LogLine>,
    },
    /// It went on.
    Status {
        /// Where it stands.
        status: DeploymentStatus,
        /// The step it is in.
        step: Option<Step>,
    },
}

/// The process's one subscriber connection and who listens to it.
pub(crate) struct EventHub {
    channels: Mutex<HashMap<String, broadcast::Sender<Event<Arc<str>>>>>,
    changed: mpsc::UnboundedSender<String>,
    start: Mutex<Option<(redis::Client, mpsc::UnboundedReceiver<String>)>>,
}

impl EventHub {
    pub(crate) fn new(client: redis::Client) -> Arc<Self> {
        let (changed, changes) = mpsc::unbounded_channel();
        Arc::new(Self {
            channels: Mutex::default(),
            changed,
            start: Mutex::new(Some((client, changes))),
        })
    }

    /// Everything published on `channel` from now on.
    pub(crate) fn subscribe(
        self: &Arc<Self>,
        channel: &str,
    ) -> impl Stream<Item = Event<Arc<str>>> + Send + use<> {
        self.start_once();
        let receiver = {
            let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
            channels.retain(|name, sender| name == channel || sender.receiver_count() > 0);
            channels
                .entry(channel.to_owned())
                .or_insert_with(|| broadcast::channel(BACKLOG).0)
                .subscribe()
        };
        // The task may have ended with the runtime; then nobody reads this stream either.
        let _ = self.changed.send(channel.to_owned());
        BroadcastStream::new(receiver).map(|item| item.unwrap_or(Event::Gap))
    }

    /// The connection is only opened by the first subscriber, inside a runtime.
    fn start_once(self: &Arc<Self>) {
        let Some((client, changes)) = self.start.lock().unwrap_or_else(PoisonError::into_inner).take() else {
            return;
        };
        tokio::spawn(run(Arc::downgrade(self), client, changes));
    }

    fn channel_names(&self) -> Vec<String> {
        self.channels
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .keys()
            .cloned()
            .collect()
    }

    fn send(&self, channel: &str, event: Event<Arc<str>>) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = channels.get(channel) {
            // Without receivers the message is not wanted.
            let _ = sender.send(event);
        }
    }

    fn send_gap(&self) {
        let channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        for sender in channels.values() {
            let _ = sender.send(Event::Gap);
        }
    }
}

impl Store {
    /// What happens to one deployment from now on. Subscribe first, then read the page, then merge by line number.
    pub fn watch_deployment(
        &self,
        deployment: DeploymentId,
    ) -> impl Stream<Item = Event<DeploymentEvent>> + Send + use<> {
        decode(self.events.subscribe(&redis_keys::deployment_channel(deployment)))
    }

    /// Lines of a project's running apps from now on.
    pub fn watch_runtime_log(
        &self,
        project: ProjectId,
    ) -> impl Stream<Item = Event<Vec<crate::RuntimeLine>>> + Send + use<> {
        decode(self.events.subscribe(&redis_keys::runtime_log_channel(project)))
    }

    /// Ids of deployments whose status changed, whosever they are; the reader filters by what it may see.
    pub fn watch_deployments(&self) -> impl Stream<Item = Event<DeploymentId>> + Send + use<> {
        decode(self.events.subscribe(redis_keys::DEPLOYMENTS))
    }

    /// Ids of deployments that should stop.
    pub fn watch_cancellations(&self) -> impl Stream<Item = Event<DeploymentId>> + Send + use<> {
        decode(self.events.subscribe(redis_keys::CANCELLATIONS))
    }

    /// The desired state changed: reconcile now.
    pub fn watch_reconcile(&self) -> impl Stream<Item = Event<()>> + Send + use<> {
        decode(self.events.subscribe(redis_keys::RECONCILE))
    }

    /// Tells workers that the desired state changed.
    pub async fn announce_reconcile(&self) {
        self.publish(redis_keys::RECONCILE, &()).await;
    }

    /// A domain wants to be looked at: see which are due.
    pub fn watch_domains(&self) -> impl Stream<Item = Event<()>> + Send + use<> {
        decode(self.events.subscribe(redis_keys::DOMAINS))
    }

    pub(crate) async fn announce_domains(&self) {
        self.publish(redis_keys::DOMAINS, &()).await;
    }

    /// Versions of the route table as they are announced.
    pub fn route_events(&self) -> impl Stream<Item = Event<i64>> + Send + use<> {
        decode(self.events.subscribe(redis_keys::ROUTES))
    }

    /// Publishes a hint; a Redis that is away is logged and otherwise ignored.
    pub(crate) async fn publish<T: Serialize + Sync>(&self, channel: &str, message: &T) {
        let text = match serde_json::to_string(message) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(%error, channel, "an event could not be written as JSON");
                return;
            }
        };
        let published: Result<(), _> = self.redis.clone().publish(channel, text).await;
        if let Err(error) = published {
            tracing::debug!(%error, channel, "an event was not published; readers will find the change by themselves");
        }
    }

    /// Wakes workers for what was queued, and tells everybody about it and about what it superseded, in one round trip.
    /// Failing is fine: workers and readers also look by themselves.
    pub(crate) async fn announce_queued(&self, queued: &[DeploymentId], superseded: &[DeploymentId]) {
        let changes = queued.iter().map(|id| (*id, DeploymentStatus::Queued));
        let ended = superseded.iter().map(|id| (*id, DeploymentStatus::Superseded));
        let mut pipe = redis::pipe();
        for id in queued {
            pipe.lpush(redis_keys::BUILD_QUEUE, id.to_string()).ignore();
        }
        pipe.ltrim(redis_keys::BUILD_QUEUE, 0, redis_keys::BUILD_QUEUE_MAX - 1)
            .ignore();
        for (id, status) in changes.chain(ended) {
            let event = DeploymentEvent::Status { status, step: None };
            let (Ok(event), Ok(name)) = (serde_json::to_string(&event), serde_json::to_string(&id)) else {
                continue;
            };
            pipe.publish(redis_keys::deployment_channel(id), event).ignore();
            pipe.publish(redis_keys::DEPLOYMENTS, name).ignore();
        }
        let announced: Result<(), _> = pipe.query_async(&mut self.redis.clone()).await;
        if let Err(error) = announced {
            tracing::debug!(%error, "new deployments were not announced; workers and readers will find them by themselves");
        }
    }

    pub(crate) async fn announce_status(
        &self,
        deployment: DeploymentId,
        status: DeploymentStatus,
        step: Option<Step>,
    ) {
        self.publish(
            &redis_keys::deployment_channel(deployment),
            &DeploymentEvent::Status { status, step },
        )
        .await;
        self.publish(redis_keys::DEPLOYMENTS, &deployment).await;
    }
}

fn decode<T: serde::de::DeserializeOwned>(
    events: impl Stream<Item = Event<Arc<str>>> + Send,
) -> impl Stream<Item = Event<T>> + Send {
    // A message of another version is worth the same as a missed one.
    events.map(|event| match event {
        Event::Message(text) => serde_json::from_str(&text).map_or(Event::Gap, Event::Message),
        Event::Gap => Event::Gap,
    })
}

async fn run(
    hub: std::sync::Weak<EventHub>,
    client: redis::Client,
    mut changes: mpsc::UnboundedReceiver<String>,
) {
    while let Some(strong) = hub.upgrade() {
        let names = strong.channel_names();
        drop(strong);
        match serve_connection(&hub, &client, &mut changes, names).await {
            Ok(()) => return,
            Err(error) => tracing::debug!(%error, "the event connection to redis was lost"),
        }
        tokio::time::sleep(RECONNECT_PAUSE).await;
    }
}

/// Returns `Ok` when nobody can subscribe any more.
async fn serve_connection(
    hub: &std::sync::Weak<EventHub>,
    client: &redis::Client,
    changes: &mut mpsc::UnboundedReceiver<String>,
    names: Vec<String>,
) -> redis::RedisResult<()> {
    let (mut sink, mut messages) = client.get_async_pubsub().await?.split();
    for name in names {
        sink.subscribe(name).await?;
    }
    if let Some(strong) = hub.upgrade() {
        strong.send_gap();
    }
    loop {
        tokio::select! {
            change = changes.recv() => {
                let Some(name) = change else { return Ok(()) };
                // Subscribing twice is harmless.
                sink.subscribe(name.as_str()).await?;
                if let Some(strong) = hub.upgrade() {
                    strong.send(&name, Event::Gap);
                }
            }
            message = messages.next() => {
                let Some(message) = message else {
                    return Err((redis::ErrorKind::Io, "the server closed the connection").into());
                };
                let Some(strong) = hub.upgrade() else { return Ok(()) };
                let payload: String = message.get_payload()?;
                let channel = message.get_channel_name().to_owned();
                strong.send(&channel, Event::Message(payload.into()));
                let unwanted = strong
                    .channels
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .get(&channel)
                    .is_none_or(|sender| sender.receiver_count() == 0);
                if unwanted {
                    sink.unsubscribe(channel).await?;
                }
            }
        }
    }
}
