//! Visitors who never pause, while something else happens.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::Platform;

/// Visitors at the same time.
const VISITORS: usize = 4;

/// Requests without pause until it is told to stop.
pub struct Load {
    running: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    visitors: Vec<tokio::task::JoinHandle<Vec<String>>>,
}

impl Load {
    pub fn start(platform: &Platform, host: &'static str, expected: &'static str) -> Self {
        let running = Arc::new(AtomicBool::new(true));
        let answered = Arc::new(AtomicU64::new(0));
        let visitors = (0..VISITORS)
            .map(|_| {
                let (platform, running, answered) = (platform.clone(), running.clone(), answered.clone());
                tokio::spawn(async move {
                    let mut failures = vec![];
                    while running.load(Ordering::Relaxed) {
                        match platform.visit(host, "/").await {
                            Ok((status, body)) if status == 200 && body.contains(expected) => {
                                answered.fetch_add(1, Ordering::Relaxed);
                            }
                            other => failures.push(format!("{other:?}")),
                        }
                    }
                    failures
                })
            })
            .collect();
        Self {
            running,
            answered,
            visitors,
        }
    }

    pub async fn stop(self) -> (u64, Vec<String>) {
        self.running.store(false, Ordering::Relaxed);
        let mut failures = vec![];
        for visitor in self.visitors {
            failures.extend(visitor.await.unwrap());
        }
        (self.answered.load(Ordering::Relaxed), failures)
    }
}
