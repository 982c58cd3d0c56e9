//! Reads watermarks again after the bus may have lost some.

use std::sync::Arc;
use std::time::Duration;

use confab_contract::ConversationId;
use confab_store::{StoreError, receipts};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::hub::tenant::TenantHub;

/// Conversations whose watermarks are read at once.
const BATCH: usize = 50;
/// The way from other processes may open a moment after the bus is up: then is read once more. So is after a failure.
const ONCE_MORE: Duration = Duration::from_secs(4);

/// Runs until it is stopped.
pub async fn read_again(gateway: Arc<Gateway>, stop: CancellationToken) {
    while stop.run_until_cancelled(gateway.receipts_again.notified()).await.is_some() {
        read_all(&gateway).await;
        if stop.run_until_cancelled(tokio::time::sleep(ONCE_MORE)).await.is_none() {
            return;
        }
        read_all(&gateway).await;
    }
}

async fn read_all(gateway: &Gateway) {
    for hub in gateway.hub.all() {
        for batch in hub.followed().chunks(BATCH) {
            if let Err(error) = read(&hub, batch).await {
                tracing::debug!(%error, "watermarks cannot be read");
            }
        }
    }
}

async fn read(hub: &Arc<TenantHub>, conversations: &[ConversationId]) -> Result<(), StoreError> {
    let core = &hub.core;
    let watermarks = {
        let _turn = core.reads.acquire().await;
        receipts::watermarks(&core.store, &hub.tenant, conversations).await?
    };
    for of_one in watermarks.chunk_by(|(one, _), (other, _)| one == other) {
        hub.on_watermarks(of_one);
    }
    Ok(())
}
