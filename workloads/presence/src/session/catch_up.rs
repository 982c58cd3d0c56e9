//! What the sending half does besides emptying its queue: replays from the store straight into the socket, so that the
//! socket's back-pressure slows the reading, and whatever else would not fit into a bounded queue.

use std::sync::Arc;

use axum::extract::ws::{Message, Utf8Bytes};
use confab_contract::socket::server::{ResyncReason, ServerFrame};
use confab_contract::timeline::TimelineFrame;
use confab_contract::{ConversationId, UserId};
use confab_store::StoreError;
use confab_store::receipts::Watermark;

use super::Session;
use super::connection::{End, Sink, meanwhile, write_queue};
use super::reading::{RETRY, outwaited, patiently};
use crate::event::{Event, encode};
use crate::hub::feed::{Attached, Feed};
use crate::hub::tenant::Followed;
use crate::plan::Start;
use crate::watermarks::{Standing, standings};

/// Something to do, in the order in which it was asked for.
#[derive(Debug)]
pub enum CatchUp {
    /// Send what the client has missed of a conversation, then let its feed deliver.
    Replay(Replay),
    /// Follow a conversation that the person has joined.
    Join {
        /// Which.
        conversation: ConversationId,
        /// An event says so that the connection was not given: if the person is gone again, it is told of that.
        by_event: bool,
    },
    /// Send the availability of people who are watched since just now.
    Snapshot(Vec<UserId>),
    /// Send where the other members of these conversations stand.
    Watermarks(Vec<ConversationId>),
    /// Say that all this is done.
    Resumed {
        /// Covers all that was sent.
        cursor: String,
        /// Missed events that were queued at once, besides those that errands have sent.
        queued: u64,
    },
}

impl CatchUp {
    /// Whether a cursor would cover what the connection does not have before this is done.
    pub fn owes_events(&self) -> bool {
        !matches!(self, Self::Snapshot(_) | Self::Watermarks(_))
    }
}

/// What a connection has of a conversation, where there is more.
#[derive(Debug)]
pub struct Replay {
    /// The conversation's feed, which expects the connection.
    pub feed: Arc<Feed>,
    /// The client has everything up to here.
    pub after: u64,
    /// The store is known to have more up to here.
    pub reaches: u64,
}

/// Events read at once.
const PAGE: u32 = 100;
/// Replayed events between looks at what is queued.
const BETWEEN_QUEUES: u64 = 16;
/// Conversations whose watermarks are read at once.
const CONVERSATIONS: usize = 20;

/// Does them all.
pub async fn run(session: &Arc<Session>, sink: &mut Sink, errands: Vec<CatchUp>) -> Result<(), End> {
    let mut replayed = 0;
    let mut owing = errands.iter().filter(|errand| errand.owes_events()).count();
    for errand in errands {
        let owes_events = errand.owes_events();
        // What was queued before it goes out before it.
        write_queue(session, sink).await?;
        match errand {
            CatchUp::Replay(replay) => replayed += run_replay(session, sink, replay).await?,
            CatchUp::Join { conversation, by_event } => {
                replayed += join(session, sink, conversation, by_event).await?;
            }
            CatchUp::Snapshot(users) => snapshot(session, sink, users).await?,
            CatchUp::Watermarks(conversations) => watermarks(session, sink, &conversations).await?,
            CatchUp::Resumed { cursor, queued } => {
                let replayed = replayed + queued;
                say(sink, [encode(&ServerFrame::Resumed { cursor, replayed })]).await?;
            }
        }
        owing -= usize::from(owes_events);
        if owing == 0 {
            session.caught_up();
        }
    }
    Ok(())
}

async fn say(sink: &mut Sink, frames: impl IntoIterator<Item = Utf8Bytes>) -> Result<(), End> {
    for frame in frames {
        sink.feed(Message::Text(frame)).await?;
    }
    Ok(sink.flush().await?)
}

/// Follows a conversation from the event by which the person joined it.
async fn join(
    session: &Arc<Session>,
    sink: &mut Sink,
    conversation: ConversationId,
    by_event: bool,
) -> Result<u64, End> {
    let hub = &session.hub;
    if session.feed(conversation).is_some() {
        return Ok(0);
    }
    let ask = || confab_store::members::get(&hub.core.store, &hub.tenant, session.user, conversation);
    let Some(membership) = meanwhile(session, sink, patiently(&hub.core, ask)).await?? else {
        if by_event {
            say_resync(sink, conversation).await?;
        }
        return Ok(0);
    };
    let after = membership.visible_from.saturating_sub(1);
    let start = Start { conversation, after, reaches: membership.last_seq };
    match hub.follow(session, start) {
        Followed::Behind(replay) => run_replay(session, sink, replay).await,
        Followed::Live(queued) => Ok(queued),
    }
}

/// Who joined and is gone again, before a feed could deliver either, learns that there was something.
async fn say_resync(sink: &mut Sink, conversation: ConversationId) -> Result<(), End> {
    let (conversation_id, reason) = (Some(conversation), ResyncReason::NotAMember);
    say(sink, [encode(&ServerFrame::ResyncRequired { conversation_id, reason })]).await
}

/// Sends everything that is missing, until the feed is not ahead any more. A person who leaves on the way gets that event
/// as the last; one who was added again goes on with the event that says so.
async fn run_replay(session: &Arc<Session>, sink: &mut Sink, replay: Replay) -> Result<u64, End> {
    let Replay { feed, mut after, mut reaches } = replay;
    let hub = &session.hub;
    hub.core.metrics.replays.inc();
    let (mut sent, mut is_member, mut is_at_end) = (0, true, false);
    loop {
        match if is_member { feed.attach(session, after, reaches) } else { feed.give_up(session, after) } {
            Attached::Live(queued) => {
                sent += queued;
                break;
            }
            Attached::Ahead(texts) => {
                for text in texts {
                    (after, sent) = (after + 1, sent + 1);
                    send_event(session, sink, text, sent).await?;
                }
                sink.flush().await?;
                continue;
            }
            Attached::Behind => {}
        }
        if is_at_end {
            // The feed knows of more than the store shows; it will in a moment.
            meanwhile(session, sink, tokio::time::sleep(RETRY)).await?;
        }
        let page = match meanwhile(session, sink, read_page(session, feed.conversation, after)).await? {
            Ok(page) => page,
            Err(error) => {
                (after, reaches) = skip_unreadable(sink, &feed, after, reaches, &error).await?;
                continue;
            }
        };
        for frame in &page {
            after = frame.seq;
            let event = Event::from_frame(frame);
            is_member |= event.joined.contains(&session.user);
            if is_member {
                sent += 1;
                send_event(session, sink, event.text, sent).await?;
            }
            is_member &= !event.left.contains(&session.user);
            hub.recheck_visibility(&event.left);
        }
        sink.flush().await?;
        if page.len() < usize::try_from(PAGE).unwrap_or(usize::MAX) {
            reaches = after;
        }
        is_at_end = page.is_empty();
    }
    hub.core.metrics.replayed.inc_by(sent);
    hub.prune(feed.conversation);
    Ok(sent)
}

/// Sends one of many events. What is queued must not wait for all of them.
async fn send_event(session: &Session, sink: &mut Sink, text: Utf8Bytes, nth: u64) -> Result<(), End> {
    session.count_event();
    sink.feed(Message::Text(text)).await?;
    if nth.is_multiple_of(BETWEEN_QUEUES) {
        write_queue(session, sink).await?;
    }
    Ok(())
}

/// Goes on behind events that the store has and cannot give, as far as they are known of. The client is told.
async fn skip_unreadable(
    sink: &mut Sink,
    feed: &Feed,
    after: u64,
    reaches: u64,
    error: &StoreError,
) -> Result<(u64, u64), End> {
    let known = feed.known().max(reaches);
    if error.is_unavailable() || known <= after {
        return Err(End::of_store(error));
    }
    note_unreadable(feed.conversation, error);
    let (conversation_id, reason) = (Some(feed.conversation), ResyncReason::Unreadable);
    say(sink, [encode(&ServerFrame::ResyncRequired { conversation_id, reason })]).await?;
    Ok((known, known))
}

fn note_unreadable(conversation: ConversationId, error: &StoreError) {
    let error = error as &dyn std::error::Error;
    tracing::error!(error, %conversation, "events cannot be replayed; they are skipped");
}

async fn read_page(
    session: &Session,
    conversation: ConversationId,
    after: u64,
) -> Result<Vec<TimelineFrame>, StoreError> {
    let hub = &session.hub;
    // Ids and places are 63 bits in the store.
    let everything = i64::MAX.unsigned_abs();
    let read = || confab_store::timeline::read(&hub.core.store, &hub.tenant, conversation, after, everything, PAGE);
    outwaited(&hub.core, read).await
}

async fn snapshot(session: &Session, sink: &mut Sink, users: Vec<UserId>) -> Result<(), End> {
    let now = session.hub.core.now();
    for user in users {
        // Looked up one by one just before it is sent, so that nothing newer can have overtaken it in the queue.
        if let Some(frame) = session.hub.watchers(|watchers| watchers.snapshot(session, user, now)) {
            sink.feed(Message::Text(frame)).await?;
        }
    }
    Ok(sink.flush().await?)
}

/// Sends where the others stand, some conversations at a time, as fast as the client reads.
async fn watermarks(session: &Session, sink: &mut Sink, conversations: &[ConversationId]) -> Result<(), End> {
    let hub = &session.hub;
    for some in conversations.chunks(CONVERSATIONS) {
        let ask = || confab_store::receipts::watermarks(&hub.core.store, &hub.tenant, some);
        let watermarks = meanwhile(session, sink, patiently(&hub.core, ask)).await??;
        let standings = followed_standings(session, &watermarks);
        for (feed, user, standing) in &standings {
            feed.show_standing(*user, standing.kind, standing.seq);
        }
        // What is queued already may be lower, and must not follow. What comes from now on is not.
        write_queue(session, sink).await?;
        let mut news = Vec::new();
        for (feed, user, standing) in standings {
            if !feed.has_told_later(user, standing.kind, standing.seq) {
                news.push(encode(&standing.frame));
            }
        }
        say(sink, news).await?;
    }
    Ok(())
}

/// Where the others stand. Who has left a conversation meanwhile is told nothing more of it.
fn followed_standings(
    session: &Session,
    watermarks: &[(ConversationId, Watermark)],
) -> Vec<(Arc<Feed>, UserId, Standing)> {
    let of_others = watermarks.iter().filter(|(_, watermark)| watermark.user != session.user);
    let followed = of_others.filter_map(|(id, watermark)| Some((session.feed(*id)?, *id, watermark)));
    followed
        .flat_map(|(feed, id, watermark)| {
            standings(id, watermark).map(move |standing| (Arc::clone(&feed), watermark.user, standing))
        })
        .collect()
}
