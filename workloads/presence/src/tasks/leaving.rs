//! Leaving in good order: clients are told to connect elsewhere, each at another moment, and then closed in batches.

use std::sync::Arc;
use std::time::Duration;

use confab_contract::socket::close::CloseReason;
use confab_contract::socket::server::ServerFrame;
use tokio::time::Instant;

use crate::event::encode;
use crate::gateway::Gateway;
use crate::session::Session;
use crate::session::outbox::Queued;

/// Between batches, and between looks at whether all have gone.
const STEP: Duration = Duration::from_millis(50);

/// Waits until upgrades are refused, empties the process, and returns when no connection is left or the time is over.
pub async fn run(gateway: &Arc<Gateway>) {
    let drain = &gateway.core.drain;
    drain.refusing().await;
    let empty = async {
        close_all(gateway).await;
        while gateway.connections() > 0 {
            tokio::time::sleep(STEP).await;
        }
    };
    tokio::select! {
        () = empty => {}
        () = drain.past_deadline() => tracing::warn!(left = gateway.connections(), "connections are cut off"),
    }
}

async fn close_all(gateway: &Gateway) {
    let sessions: Vec<Arc<Session>> = gateway.hub.all().iter().flat_map(|hub| hub.sessions()).collect();
    let spread = spread(gateway);
    tracing::info!(connections = sessions.len(), ?spread, "telling clients to reconnect");
    let count = u32::try_from(sessions.len()).unwrap_or(u32::MAX).max(1);
    // Evenly spaced is better than random: never two at once.
    let moment = |index: usize| spread * u32::try_from(index).unwrap_or(u32::MAX) / count;
    for (index, session) in sessions.iter().enumerate() {
        let after_ms = u32::try_from(moment(index).as_millis()).unwrap_or(u32::MAX);
        session.push(Queued::Frame(encode(&ServerFrame::Reconnect { after_ms })));
    }
    let began = Instant::now();
    for (index, session) in sessions.iter().enumerate() {
        // At least one step, so that the frame gets out first.
        let due = began + moment(index) + STEP;
        if due > Instant::now() {
            tokio::time::sleep_until(due.max(Instant::now() + STEP)).await;
        }
        session.close(CloseReason::GoingAway);
    }
    // Who signed in while the others were told.
    gateway.hub.all().iter().for_each(|hub| hub.for_each_session(|session| session.close(CloseReason::GoingAway)));
}

/// Over how long the closes are spread: as configured, but no longer than half of the time that is left.
fn spread(gateway: &Gateway) -> Duration {
    let config = gateway.core.drain.config();
    let left = config.deadline_seconds.saturating_mul(1000).saturating_sub(config.unready_millis);
    Duration::from_millis(u64::from(config.reconnect_jitter_millis).min(left / 2))
}
