//! From the outbox to Redis, as many at a time as wait.

use std::sync::Arc;
use std::time::Duration;

use confab_contract::bus::BusMessage;
use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc;

use super::wire::{self, ProcessMark};
use crate::redis_link::RedisLink;

/// Messages of one round trip at most.
const BATCH: usize = 256;
/// How long a round trip may take before the messages of it count as lost.
const PATIENCE: Duration = Duration::from_secs(1);

pub(super) struct Publisher {
    pub(super) link: RedisLink,
    pub(super) mark: ProcessMark,
    pub(super) dropped: Counter,
}

impl Publisher {
    pub(super) async fn run(self, mut outbox: mpsc::Receiver<Arc<BusMessage>>) {
        let mut batch = Vec::with_capacity(BATCH);
        while outbox.recv_many(&mut batch, BATCH).await > 0 {
            let count = batch.len() as u64;
            if !self.send(&batch).await {
                self.dropped.inc_by(count);
            }
            batch.clear();
        }
    }

    async fn send(&self, batch: &[Arc<BusMessage>]) -> bool {
        let Some(lease) = self.link.lease() else { return false };
        let mut pipeline = redis::pipe();
        for message in batch {
            match wire::encode(self.mark, message) {
                Ok(text) => {
                    pipeline.publish(wire::channel_for(message), text).ignore();
                }
                Err(error) => tracing::error!(%error, "failed to encode a message for the bus"),
            }
        }
        let mut connection = lease.connection();
        let sent = tokio::time::timeout(PATIENCE, pipeline.query_async::<()>(&mut connection)).await;
        if matches!(sent, Ok(Ok(()))) {
            return true;
        }
        self.link.broken(&lease);
        false
    }
}
