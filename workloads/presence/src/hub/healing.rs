//! Reads from the store what the bus has lost. One task per feed at most, and only while something is missing.

use std::sync::Arc;
use std::time::Duration;

use super::feed::Feed;
use super::tenant::TenantHub;
use crate::event::Event;

/// An event that seems lost is mostly on its way: the bus gets this long, unless it is known to be away.
const PATIENCE: Duration = Duration::from_millis(15);
/// Events read at once.
const PAGE: u32 = 64;
/// Between attempts while the store does not answer.
const RETRY: Duration = Duration::from_millis(250);
/// Between looks at whether readers have caught up.
const POLL: Duration = Duration::from_millis(1);
/// Readers hold each other up no longer than this per page: who is slower overflows, and resumes at a pace of their own.
const MOST_POLLS: u32 = 10;

/// Starts the task.
pub fn spawn(hub: Arc<TenantHub>, feed: Arc<Feed>) {
    let tasks = hub.core.tasks.clone();
    tasks.spawn(async move { heal(&hub, &feed).await });
}

async fn heal(hub: &Arc<TenantHub>, feed: &Arc<Feed>) {
    if hub.core.bus.is_up() {
        tokio::time::sleep(PATIENCE).await;
    }
    let mut was_read = false;
    while let Some((after, up_to)) = feed.missing() {
        was_read = true;
        match read_page(hub, feed, after, up_to).await {
            Ok(0) => tokio::time::sleep(RETRY).await,
            Ok(_) => wait_for_readers(hub, feed).await,
            Err(error) if !error.is_unavailable() => {
                let error = &error as &dyn std::error::Error;
                tracing::error!(error, conversation = %feed.conversation, "events cannot be read; they are skipped");
                feed.skip_unreadable();
            }
            Err(error) => {
                tracing::debug!(conversation = %feed.conversation, %error, "the store does not answer a feed");
                tokio::time::sleep(RETRY).await;
            }
        }
    }
    if was_read {
        hub.core.metrics.healed.inc();
    }
}

async fn read_page(
    hub: &Arc<TenantHub>,
    feed: &Arc<Feed>,
    after: u64,
    up_to: u64,
) -> Result<usize, confab_store::StoreError> {
    let core = &hub.core;
    let frames = {
        let _turn = core.reads.acquire().await;
        confab_store::timeline::read(&core.store, &hub.tenant, feed.conversation, after, up_to, PAGE).await?
    };
    for frame in &frames {
        // A feed that is gone has nobody to tell.
        let _ = feed.accept(hub, frame.seq, Event::from_frame(frame));
    }
    Ok(frames.len())
}

/// The store is faster than sockets: without a pause a long gap would overflow every queue.
async fn wait_for_readers(hub: &TenantHub, feed: &Feed) {
    for _ in 0..MOST_POLLS {
        if feed.usual_queue() <= hub.core.settings.queue_frames() / 4 {
            return;
        }
        tokio::time::sleep(POLL).await;
    }
}
