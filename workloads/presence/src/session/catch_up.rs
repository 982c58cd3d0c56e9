//! What the sending half does besides emptying its queue: replays from the store straight into the socket, so that the
//! socket's back-pressure slows the reading, and whatever else would not fit into a bounded queue.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{Message, Utf8Bytes};
use confab_contract::socket::close::CloseReason;
use confab_contract::socket::server::ServerFrame;
use confab_contract::timeline::TimelineFrame;
use confab_contract::{ConversationId, Timestamp, UserId};
use confab_store::StoreError;
use confab_store::receipts::Watermark;

use super::Session;
use super::connection::{End, Sink, write_queue};
use crate::event::{Event, encode};
use crate::hub::feed::{Attached, Feed};
use crate::plan::Start;

/// Something to do, in the order in which it was asked for.
#[derive(Debug)]
pub enum CatchUp {
    /// Send what comes after `after`, then let the feed deliver.
    Replay {
        /// The conversation's feed, which expects the connection.
        feed: Arc<Feed>,
        /// The client has everything up to here.
        after: u64,
    },
    /// Follow a conversation that the person has joined.
    Join(ConversationId),
    /// Send frames that are ready.
    Say(Vec<Utf8Bytes>),
    /// Send the availability of people who are watched since just now.
    Snapshot(Vec<UserId>),
    /// Send where the other members of these conversations stand.
    Watermarks(Vec<ConversationId>),
    /// Say that all this is done.
    Resumed(String),
}

/// Events read at once.
const PAGE: u32 = 100;
/// Between attempts while the store does not answer.
const RETRY: Duration = Duration::from_millis(250);
/// How long the store may be away before the client is sent away to try elsewhere.
const PATIENCE: Duration = Duration::from_secs(30);
/// Frames with watermarks after a resume, at most.
const MOST_WATERMARKS: usize = 1000;

/// Does them all.
pub async fn run(session: &Arc<Session>, sink: &mut Sink, errands: Vec<CatchUp>) -> Result<(), End> {
    let mut replayed = 0;
    for errand in errands {
        match errand {
            CatchUp::Replay { feed, after } => replayed += replay(session, sink, &feed, after).await?,
            CatchUp::Join(conversation) => replayed += join(session, sink, conversation).await?,
            CatchUp::Say(frames) => say(sink, frames).await?,
            CatchUp::Snapshot(users) => snapshot(session, sink, users).await?,
            CatchUp::Watermarks(conversations) => watermarks(session, sink, &conversations).await?,
            CatchUp::Resumed(cursor) => say(sink, [encode(&ServerFrame::Resumed { cursor, replayed })]).await?,
        }
        write_queue(session, sink).await?;
    }
    session.errands_done();
    Ok(())
}

async fn say(sink: &mut Sink, frames: impl IntoIterator<Item = Utf8Bytes>) -> Result<(), End> {
    for frame in frames {
        sink.feed(Message::Text(frame)).await?;
    }
    Ok(sink.flush().await?)
}

/// Follows a conversation from the event by which the person joined it.
async fn join(session: &Arc<Session>, sink: &mut Sink, conversation: ConversationId) -> Result<u64, End> {
    let hub = &session.hub;
    let ask = || confab_store::members::get(&hub.core.store, &hub.tenant, session.user, conversation);
    let Some(membership) = patiently(ask).await? else { return Ok(0) };
    let after = membership.visible_from.saturating_sub(1);
    let start = Start { conversation, after, reaches: membership.last_seq };
    match hub.follow(session, start) {
        Some(CatchUp::Replay { feed, after }) => replay(session, sink, &feed, after).await,
        _ => Ok(0),
    }
}

/// Sends everything after `after`, until the feed is not ahead any more. A person who leaves on the way gets that event
/// as the last; one who was added again goes on with the event that says so.
async fn replay(session: &Arc<Session>, sink: &mut Sink, feed: &Arc<Feed>, mut after: u64) -> Result<u64, End> {
    let hub = &session.hub;
    hub.core.metrics.replays.inc();
    let (mut sent, mut is_member) = (0, true);
    loop {
        let page = read_page(session, feed.conversation, after).await?;
        for frame in &page {
            after = frame.seq;
            let event = Event::from_frame(frame);
            is_member |= event.joined.contains(&session.user);
            if is_member {
                sent += 1;
                session.count_event();
                sink.feed(Message::Text(event.text)).await?;
            }
            is_member &= !event.left.contains(&session.user);
        }
        sink.flush().await?;
        write_queue(session, sink).await?;
        if page.len() == usize::try_from(PAGE).unwrap_or(usize::MAX) {
            continue;
        }
        let attached = if is_member { feed.attach(session, after) } else { feed.give_up(session, after) };
        if attached == Attached::Live {
            hub.core.metrics.replayed.inc_by(sent);
            hub.prune(feed.conversation);
            return Ok(sent);
        }
        if page.is_empty() {
            // The feed knows of more than the store shows; it will in a moment.
            tokio::time::sleep(RETRY).await;
        }
    }
}

async fn read_page(session: &Session, conversation: ConversationId, after: u64) -> Result<Vec<TimelineFrame>, End> {
    let hub = &session.hub;
    // Ids and places are 63 bits in the store.
    let everything = i64::MAX.unsigned_abs();
    patiently(|| async {
        let _turn = hub.core.reads.acquire().await;
        confab_store::timeline::read(&hub.core.store, &hub.tenant, conversation, after, everything, PAGE).await
    })
    .await
}

/// Asks the store again and again while it is away, but not for ever.
async fn patiently<T, F: Future<Output = Result<T, StoreError>>>(ask: impl Fn() -> F) -> Result<T, End> {
    let began = Instant::now();
    loop {
        match ask().await {
            Ok(answer) => return Ok(answer),
            Err(error) if error.is_unavailable() && began.elapsed() < PATIENCE => tokio::time::sleep(RETRY).await,
            Err(error) => return Err(End::of_store(&error)),
        }
    }
}

async fn snapshot(session: &Session, sink: &mut Sink, users: Vec<UserId>) -> Result<(), End> {
    for user in users {
        // Looked up one by one just before it is sent, so that nothing newer can have overtaken it in the queue.
        if let Some(frame) = session.hub.watchers(|watchers| watchers.snapshot(session, user)) {
            sink.feed(Message::Text(frame)).await?;
        }
    }
    Ok(sink.flush().await?)
}

async fn watermarks(session: &Session, sink: &mut Sink, conversations: &[ConversationId]) -> Result<(), End> {
    let hub = &session.hub;
    let ask = || confab_store::receipts::watermarks(&hub.core.store, &hub.tenant, conversations);
    let now = hub.core.now();
    let watermarks = patiently(ask).await?;
    say(sink, watermark_texts(session.user, &watermarks, now)).await
}

fn watermark_texts(reader: UserId, watermarks: &[(ConversationId, Watermark)], now: Timestamp) -> Vec<Utf8Bytes> {
    watermarks
        .iter()
        .filter(|(_, watermark)| watermark.user != reader)
        .flat_map(|(conversation, watermark)| watermark_frames(*conversation, watermark, now))
        .take(MOST_WATERMARKS)
        .map(|frame| encode(&frame))
        .collect()
}

/// What somebody has read is delivered as well, so that needs no saying.
fn watermark_frames(
    conversation_id: ConversationId,
    watermark: &Watermark,
    now: Timestamp,
) -> impl Iterator<Item = ServerFrame> {
    let Watermark { user, delivered_seq, read_seq, read_at, .. } = *watermark;
    let read = (read_seq > 0).then(|| ServerFrame::MessageRead {
        conversation_id,
        message_id: None,
        read_seq,
        read_by: user,
        read_at: read_at.unwrap_or(now),
    });
    let delivered = (delivered_seq > read_seq).then_some(ServerFrame::MessageDelivered {
        conversation_id,
        delivered_seq,
        delivered_to: user,
        delivered_at: now,
    });
    read.into_iter().chain(delivered)
}

impl End {
    /// The store did not answer, or not with what it should.
    pub fn of_store(error: &StoreError) -> Self {
        if error.is_unavailable() {
            return Self::server(CloseReason::Unavailable);
        }
        tracing::error!(error = error as &dyn std::error::Error, "a connection ends because the store failed");
        Self::server(CloseReason::InternalError)
    }
}
