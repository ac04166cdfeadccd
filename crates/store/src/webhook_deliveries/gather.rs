//! Gathers the deliveries that deploy a branch to production, because many pushes may come at once: those that arrive
//! while a transaction is under way share the next one.
//!
//! The caller waits for its own answer, which is given after the commit. One transaction at a time is under way in a
//! process, by a task that whoever finds none starts; it ends when nobody waits. What cannot be part of a batch is
//! answered [`Answer::Alone`] and gets a transaction of its own from its caller, so that one project never holds up or
//! fails another's delivery.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aether_models::{GitRef, ProjectId, TeamId};
use tokio::sync::oneshot;

use super::{DeliveryAction, DeliveryOutcome, NewDelivery, batch};
use crate::{Store, StoreError};

/// Most deliveries of one transaction: it holds their projects' locks until its end.
const BATCH_MAX: usize = 64;
/// Most that wait, each with at most [`PAYLOAD_MAX`] bytes. More are refused at once: the provider sends them again.
const WAITING_MAX: usize = 1024;
/// Larger deliveries do not wait with others; a push of a few commits has about ten KiB.
const PAYLOAD_MAX: usize = 64 * 1024;
/// Longest wait for an answer. Providers wait 10 s.
const PATIENCE: Duration = Duration::from_secs(8);

/// A delivery that deploys a branch to production and does nothing else.
#[derive(Debug, Clone)]
pub(super) struct Push {
    pub(super) team: TeamId,
    pub(super) project: ProjectId,
    pub(super) delivery: Arc<NewDelivery>,
    pub(super) branch: GitRef,
    pub(super) reason: String,
}

impl Push {
    /// The delivery, if it is one that can be gathered.
    pub(super) fn of(
        team: TeamId,
        project: ProjectId,
        delivery: Option<&Arc<NewDelivery>>,
        actions: &[DeliveryAction],
    ) -> Option<Self> {
        let delivery = delivery.filter(|delivery| delivery.payload.len() <= PAYLOAD_MAX)?;
        let [DeliveryAction::Deploy { branch, reason }] = actions else {
            return None;
        };
        Some(Self {
            team,
            project,
            delivery: Arc::clone(delivery),
            branch: branch.clone(),
            reason: reason.clone(),
        })
    }
}

/// What became of a gathered delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    /// It deploys; that is committed.
    Deployed(DeliveryOutcome),
    /// It was received before.
    Known,
    /// Nothing was done: it needs a transaction of its own.
    Alone,
}

/// Deliveries that wait for the next transaction.
#[derive(Default)]
pub(crate) struct Gatherer {
    queue: Mutex<Queue>,
}

#[derive(Default)]
struct Queue {
    waiting: VecDeque<Waiting>,
    /// A task takes from the queue.
    is_served: bool,
}

struct Waiting {
    push: Push,
    answer: oneshot::Sender<Result<Answer, StoreError>>,
}

impl Store {
    /// Has a delivery done with others.
    pub(super) async fn gather(&self, push: Push) -> Result<Answer, StoreError> {
        let (answer, answered) = oneshot::channel();
        let must_serve = self.pushes.add(Waiting { push, answer })?;
        if must_serve {
            // A task of its own: it goes on when the caller who began it hangs up.
            tokio::spawn(serve(self.clone()));
        }
        match tokio::time::timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => answer,
            // Too slow; or the task ended with its runtime. If it was done nevertheless, the next copy is told so.
            Ok(Err(_)) | Err(_) => Err(busy()),
        }
    }
}

impl Gatherer {
    /// Adds one. Returns whether the caller has to start the task.
    fn add(&self, waiting: Waiting) -> Result<bool, StoreError> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if queue.waiting.len() >= WAITING_MAX {
            return Err(busy());
        }
        queue.waiting.push_back(waiting);
        Ok(!std::mem::replace(&mut queue.is_served, true))
    }

    /// Takes those that come next; none ends the task.
    fn take(&self) -> Option<Vec<Waiting>> {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        // Nobody waits any longer for those whose caller went away.
        queue.waiting.retain(|waiting| !waiting.answer.is_closed());
        let count = queue.waiting.len().min(BATCH_MAX);
        if count == 0 {
            queue.is_served = false;
            return None;
        }
        Some(queue.waiting.drain(..count).collect())
    }
}

/// Lets another task begin if this one ends early, with its runtime.
struct Served<'a> {
    gatherer: &'a Gatherer,
    in_order: bool,
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        if !self.in_order {
            let mut queue = self.gatherer.queue.lock().unwrap_or_else(PoisonError::into_inner);
            queue.is_served = false;
        }
    }
}

async fn serve(store: Store) {
    let mut served = Served {
        gatherer: &store.pushes,
        in_order: false,
    };
    while let Some(waiting) = store.pushes.take() {
        let (pushes, callers): (Vec<Push>, Vec<_>) = waiting
            .into_iter()
            .map(|waiting| (waiting.push, waiting.answer))
            .unzip();
        match batch::deploy(&store, &pushes).await {
            Ok(batch) => {
                for (caller, answer) in callers.into_iter().zip(batch.answers) {
                    // A caller who went away finds the delivery in the log.
                    let _ = caller.send(Ok(answer));
                }
                // After the answers: Redis may be away, and the next batch does not wait for it either.
                let store = store.clone();
                tokio::spawn(async move { store.announce_queued(&batch.queued, &batch.superseded).await });
            }
            Err(error) => {
                let is_away = matches!(
                    error,
                    StoreError::Unavailable(sqlx::Error::PoolTimedOut | sqlx::Error::Io(_))
                );
                tracing::debug!(%error, count = pushes.len(), "deliveries could not be done together");
                for caller in callers {
                    // Whose fault it was shows when each is done by itself; a database that is away is nobody's.
                    let _ = caller.send(if is_away { Err(busy()) } else { Ok(Answer::Alone) });
                }
            }
        }
    }
    served.in_order = true;
}

/// As when no connection came free in time: 503 with `Retry-After` in the API.
const fn busy() -> StoreError {
    StoreError::Unavailable(sqlx::Error::PoolTimedOut)
}
