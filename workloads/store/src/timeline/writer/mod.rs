//! The group-commit writer: one task per process that stores all messages.
//!
//! It takes what is queued, stores it in one transaction, and answers after COMMIT. While one batch is being synced the
//! next one gathers in the queue, so batches grow with the load and a lone sender waits for nobody. There is no timer.
//!
//! A batch that fails as a whole is repeated message by message, so that only the guilty one fails. Errors go to the
//! callers; a panic is caught. The task ends only with the store.

mod batch;
mod job;
mod plan;
mod statements;

use std::panic::AssertUnwindSafe;
use std::sync::Mutex;

use confab_contract::TenantId;
use futures_util::FutureExt as _;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use self::batch::Batches;
use self::job::Job;
use crate::changes::Lane;
use crate::engine::Pools;
use crate::messages::{NewMessage, Sent};
use crate::{StoreError, WriteError};

/// Messages of one transaction at most.
const BATCH_MESSAGES: usize = 256;
/// Bytes of content of one transaction at most, unless one message alone is larger.
const BATCH_BYTES: usize = 4 << 20;
/// Messages that wait at most; further senders wait in front of the queue.
const QUEUE: usize = 1024;

/// The way to the writer task.
#[derive(Debug)]
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(crate) fn start(pools: Pools, lane: Lane) -> Self {
        let (queue, jobs) = mpsc::channel(QUEUE);
        let stop = CancellationToken::new();
        let task = tokio::spawn(run(Batches::new(pools, lane), jobs, stop.clone()));
        Self { queue, stop, task: Mutex::new(Some(task)) }
    }

    /// Stores a message and returns after COMMIT.
    pub(crate) async fn send(&self, tenant: TenantId, message: NewMessage) -> Result<Sent, WriteError> {
        let (reply, answer) = oneshot::channel();
        self.queue.send(Job::new(tenant, message, reply)).await.map_err(|_| StoreError::unavailable("closing"))?;
        // Nobody answers when the batch panicked: then nothing is known of it.
        answer.await.map_err(|_| StoreError::unavailable("the batch was lost"))?
    }

    /// Takes no more, stores what is queued, and returns when all is answered.
    pub(crate) async fn finish(&self) {
        self.stop.cancel();
        let task = self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(task) = task {
            // It catches its panics.
            let _ = task.await;
        }
    }
}

async fn run(mut batches: Batches, mut jobs: mpsc::Receiver<Job>, stop: CancellationToken) {
    let mut waiting = Vec::with_capacity(BATCH_MESSAGES);
    loop {
        let received = tokio::select! {
            received = jobs.recv_many(&mut waiting, BATCH_MESSAGES) => received,
            () = stop.cancelled(), if !jobs.is_closed() => {
                jobs.close();
                continue;
            }
        };
        if received == 0 {
            return;
        }
        while !waiting.is_empty() {
            let batch = take_batch(&mut waiting);
            let stored = AssertUnwindSafe(batches.store(batch)).catch_unwind().await;
            match stored {
                Ok(Ok(())) => {}
                Ok(Err(error)) => fail_waiting(&mut waiting, &mut jobs, &error),
                Err(_) => tracing::error!("storing a batch of messages panicked"),
            }
        }
    }
}

/// The next batch: in order, and not too many bytes.
fn take_batch(waiting: &mut Vec<Job>) -> Vec<Job> {
    let mut bytes = 0;
    let end = waiting.iter().take_while(|job| {
        bytes += job.bytes();
        bytes <= BATCH_BYTES
    });
    let end = end.count().max(1);
    if end == waiting.len() {
        return std::mem::replace(waiting, Vec::with_capacity(BATCH_MESSAGES));
    }
    waiting.drain(..end).collect()
}

/// The database is away: whoever waits has waited as long as the batch that found out, and is told so too.
fn fail_waiting(waiting: &mut Vec<Job>, jobs: &mut mpsc::Receiver<Job>, error: &StoreError) {
    while let Ok(job) = jobs.try_recv() {
        waiting.push(job);
    }
    for job in waiting.drain(..) {
        job.answer(Err(error.clone().into()));
    }
}
