//! Looks after feeds in which time alone brings something: typing that ends, watermarks that wait.

use std::sync::Arc;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::ticks;
use crate::gateway::Gateway;

/// Runs until it is stopped.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut ticks = ticks(gateway.core.settings.tempo.attention);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let now = Instant::now();
        gateway.hub.all().iter().for_each(|hub| hub.attend(now));
    }
}
