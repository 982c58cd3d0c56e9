//! Tasks that live as long as the process: named, begun again when they panic, ended together.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// The background tasks of a process. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Background {
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// A task that panics at each start must not fill the log.
const PAUSE_AFTER_PANIC: Duration = Duration::from_secs(1);

impl Background {
    /// No tasks yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Runs a task until it returns. When it panics the panic is logged and `make` is called again. The task should return
    /// soon after its token is cancelled.
    pub fn spawn<F>(&self, name: &'static str, make: impl Fn(CancellationToken) -> F + Send + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            while !stop.is_cancelled() {
                // What the task had in hand is dropped with it; it begins with fresh values from `make`.
                let ended = AssertUnwindSafe(make(stop.child_token())).catch_unwind().await;
                if ended.is_ok() {
                    return;
                }
                tracing::error!(task = name, "a background task panicked and begins again");
                let pause = tokio::time::sleep(PAUSE_AFTER_PANIC);
                let _ = stop.run_until_cancelled(pause).await;
            }
        });
    }

    /// Cancelled when the tasks should end.
    pub fn stop_token(&self) -> CancellationToken {
        self.stop.clone()
    }

    /// Asks all tasks to end and waits for them, but no longer than `patience`. The names of stuck tasks are their own
    /// log lines; the result says whether all ended.
    pub async fn stop(&self, patience: Duration) -> bool {
        self.stop.cancel();
        self.tasks.close();
        let ended = tokio::time::timeout(patience, self.tasks.wait()).await.is_ok();
        if !ended {
            tracing::warn!(left = self.tasks.len(), "background tasks did not end in time");
        }
        ended
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use tokio::sync::Notify;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_task_that_panics_begins_again() {
        let background = Background::new();
        let (starts, well) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let (starts_inside, well_inside) = (Arc::clone(&starts), Arc::clone(&well));
        background.spawn("test", move |stop| {
            let (starts, well) = (Arc::clone(&starts_inside), Arc::clone(&well_inside));
            async move {
                assert!(starts.fetch_add(1, Ordering::SeqCst) > 0, "the first start fails");
                well.notify_one();
                stop.cancelled().await;
            }
        });
        well.notified().await;
        assert_eq!(starts.load(Ordering::SeqCst), 2);
        assert!(background.stop(Duration::from_secs(1)).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_task_that_does_not_end_does_not_hold_the_process_up() {
        let (background, begun) = (Background::new(), Arc::new(Notify::new()));
        let begun_inside = Arc::clone(&begun);
        background.spawn("stuck", move |_| {
            begun_inside.notify_one();
            std::future::pending()
        });
        begun.notified().await;
        assert!(!background.stop(Duration::from_secs(1)).await);
    }
}
