//! Writes what devices acknowledged, the newest per person and conversation, and tells the others.

use std::sync::Arc;

use confab_contract::bus::{Notice, ReceiptNotice};
use confab_contract::socket::server::ServerFrame;
use confab_store::StoreError;
use confab_store::receipts::{self, Ack, Advanced};
use tokio_util::sync::CancellationToken;

use super::ticks;
use crate::gateway::Gateway;
use crate::hub::tenant::TenantHub;
use crate::parts::Core;

/// Watermarks written at once.
const BATCH: usize = 1000;

/// Runs until it is stopped, and once more then.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut ticks = ticks(gateway.core.settings.tempo.acknowledgements);
    loop {
        let stopped = stop.run_until_cancelled(ticks.tick()).await.is_none();
        for hub in gateway.hub.all() {
            if let Err(error) = flush(&hub).await {
                tracing::debug!(%error, "acknowledgements wait for the store");
            }
        }
        if stopped {
            return;
        }
    }
}

async fn flush(hub: &TenantHub) -> Result<(), StoreError> {
    let acknowledged = hub.take_acknowledged();
    let mut batches = acknowledged.chunks(BATCH);
    while let Some(batch) = batches.next() {
        if let Err(error) = write(hub, batch).await {
            let unwritten = batch.iter().chain(batches.flatten());
            unwritten.for_each(|(conversation, user, seq)| hub.acknowledge(*conversation, *user, *seq));
            return Err(error);
        }
    }
    Ok(())
}

async fn write(
    hub: &TenantHub,
    batch: &[(confab_contract::ConversationId, confab_contract::UserId, u64)],
) -> Result<(), StoreError> {
    let ack = |(conversation, user, seq): &_| Ack {
        tenant: hub.tenant.clone(),
        conversation: *conversation,
        user: *user,
        seq: *seq,
    };
    let advanced = receipts::acknowledge(&hub.core.store, batch.iter().map(ack).collect(), hub.core.now()).await?;
    for moved in advanced {
        publish(&hub.core, moved);
    }
    Ok(())
}

fn publish(core: &Core, advanced: Advanced) {
    let Advanced { tenant, conversation, user, kind, seq, at, .. } = advanced;
    let frame = ServerFrame::MessageDelivered {
        conversation_id: conversation,
        delivered_seq: seq,
        delivered_to: user,
        delivered_at: Some(at),
    };
    let frame = serde_json::value::to_raw_value(&frame).expect("a frame is plain data");
    core.publish(&tenant, Notice::Receipt(ReceiptNotice { conversation, user, kind, seq, frame }));
}
