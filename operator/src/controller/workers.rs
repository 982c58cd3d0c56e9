//! Workers take tenants from the queue and reconcile them. A failure, or a bug, of one tenant holds up no other.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::metrics::ReconcileLabels;
use crate::queue::Backoff;
use crate::tenant::{Context, Failure, reconcile};
use crate::world::Key;

/// A failure is worth a warning the first time, and then ever more rarely.
const WARN_AT_LEAST: Duration = Duration::from_secs(10);

/// Starts so many workers. They end at `stop`.
pub(super) fn spawn(context: &Arc<Context>, workers: usize, stop: &CancellationToken) -> TaskTracker {
    let (crew, backoff) = (TaskTracker::new(), Arc::new(Backoff::default()));
    for _ in 0..workers {
        crew.spawn(work(Arc::clone(context), Arc::clone(&backoff), stop.clone()));
    }
    crew.close();
    crew
}

async fn work(context: Arc<Context>, backoff: Arc<Backoff<Key>>, stop: CancellationToken) {
    while let Some(key) = stop.run_until_cancelled(context.queue.take()).await {
        context.metrics.queue_depth.set(i64::try_from(context.queue.depth()).unwrap_or(i64::MAX));
        let begun = Instant::now();
        // On the heap: it is large, and there are many workers.
        let attempt = AssertUnwindSafe(Box::pin(reconcile(&key, &context))).catch_unwind();
        // What is dropped in the middle is repeated by whoever leads next.
        let Some(outcome) = stop.run_until_cancelled(attempt).await else {
            context.queue.done(&key, None);
            return;
        };
        let (result, again) = judge(&key, outcome, &backoff);
        count(&context, result, begun.elapsed());
        context.queue.done(&key, again);
    }
}

type Outcome = std::thread::Result<Result<Option<Duration>, Failure>>;

/// How it ended, and when to look again.
fn judge(key: &Key, outcome: Outcome, backoff: &Backoff<Key>) -> (&'static str, Option<Duration>) {
    match outcome {
        Ok(Ok(again)) => {
            backoff.forget(key);
            ("ok", again)
        }
        Ok(Err(failure)) => {
            let wait = backoff.failed(key, rand::random());
            let error: &dyn std::error::Error = &failure;
            if wait < Duration::from_millis(150) || wait >= WARN_AT_LEAST {
                tracing::warn!(tenant = %key, error, wait_seconds = wait.as_secs_f64(), "a tenant is tried again");
            } else {
                tracing::debug!(tenant = %key, error, wait_seconds = wait.as_secs_f64(), "a tenant is tried again");
            }
            (failure.name(), Some(wait))
        }
        Err(_) => {
            tracing::error!(tenant = %key, "the reconcile of a tenant panicked; this is a bug");
            ("panic", Some(backoff.failed(key, rand::random())))
        }
    }
}

fn count(context: &Context, result: &'static str, took: Duration) {
    let labels = ReconcileLabels { result };
    context.metrics.reconciles.get_or_create(&labels).inc();
    context.metrics.reconcile_seconds.get_or_create(&labels).observe(took.as_secs_f64());
}
