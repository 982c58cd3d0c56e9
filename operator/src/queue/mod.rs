//! The queue of objects to reconcile: deduplicated, with delays, bounded concurrency and backoff per object.

mod backoff;
mod schedule;

use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

pub use backoff::Backoff;
use schedule::{Next, Schedule};

/// A queue that watches fill and workers empty. Cheap to clone.
#[derive(Clone)]
pub struct Queue<K>(Arc<Inner<K>>);

struct Inner<K> {
    schedule: Mutex<Schedule<K>>,
    changed: Notify,
}

impl<K> fmt::Debug for Queue<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Queue")
    }
}

impl<K: Clone + Eq + Hash> Default for Queue<K> {
    fn default() -> Self {
        Self(Arc::new(Inner { schedule: Mutex::new(Schedule::default()), changed: Notify::new() }))
    }
}

impl<K: Clone + Eq + Hash> Queue<K> {
    /// Asks for work on a key at once.
    pub fn add(&self, key: K) {
        self.add_after(key, Duration::ZERO);
    }

    /// Asks for work on a key after a while.
    pub fn add_after(&self, key: K, delay: Duration) {
        self.with(|schedule| schedule.add(key, Instant::now() + delay));
        self.0.changed.notify_one();
    }

    /// Waits for work. Give it back with [`Self::done`].
    pub async fn take(&self) -> K {
        loop {
            let changed = self.0.changed.notified();
            let next = self.with(|schedule| schedule.next(Instant::now()));
            match next {
                Next::Run(key) => {
                    // Whoever else waits may find more.
                    self.0.changed.notify_one();
                    return key;
                }
                Next::Idle => changed.await,
                Next::Wait(at) => {
                    let _ = tokio::time::timeout_at(at.into(), changed).await;
                }
            }
        }
    }

    /// The work is done; it is wanted again after that time, if at all.
    pub fn done(&self, key: &K, again: Option<Duration>) {
        self.with(|schedule| schedule.done(key, again.map(|delay| Instant::now() + delay)));
        self.0.changed.notify_one();
    }

    /// Forgets everything that waits.
    pub fn clear(&self) {
        self.with(Schedule::clear);
    }

    /// How many keys are due and wait for a worker.
    pub fn depth(&self) -> usize {
        self.with(|schedule| schedule.depth(Instant::now()))
    }

    fn with<R>(&self, work: impl FnOnce(&mut Schedule<K>) -> R) -> R {
        work(&mut self.0.schedule.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_due_later_is_waited_for_and_what_is_added_meanwhile_comes_first() {
        let queue = Queue::default();
        queue.add_after("later", Duration::from_millis(50));
        let taken = tokio::spawn({
            let queue = queue.clone();
            async move { queue.take().await }
        });
        queue.add("now");
        assert_eq!(taken.await.unwrap(), "now");
    }

    #[tokio::test]
    async fn every_waiting_worker_gets_work() {
        let queue = Queue::default();
        let workers: Vec<_> = (0..8)
            .map(|_| {
                let queue = queue.clone();
                tokio::spawn(async move { queue.take().await })
            })
            .collect();
        (0..8).for_each(|key| queue.add(key));
        let mut taken = Vec::new();
        for worker in workers {
            taken.push(worker.await.unwrap());
        }
        taken.sort_unstable();
        assert_eq!(taken, (0..8).collect::<Vec<_>>());
    }
}
