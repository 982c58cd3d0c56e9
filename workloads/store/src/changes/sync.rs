//! The sync cursor: what changed for one person.

use std::collections::{HashMap, HashSet};

use confab_contract::limit;
use confab_contract::timeline::TimelineFrame;
use confab_contract::{ConversationId, MessageId, TenantId, Timestamp, UserId};

use super::hidden::{self, Hidden};
use super::{LANES, Mark, Position, budget, lanes};
use crate::conversations::{self, ConversationRow};
use crate::engine::{Connection, Rows, Seq, Text};
use crate::timeline::{self, Range};
use crate::{Store, StoreError};

/// Events per conversation in one answer at most; the newest ones.
const EVENTS: u64 = 100;
/// Events that are looked through for the place where a position ends. More than are replayed on any resume.
const LOOK_BACK: u64 = 2 * limit::RESUME_EVENTS;

/// What changed for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncRows {
    /// Conversations with new events or another state for this person.
    pub changed: Vec<SyncedConversation>,
    /// Conversations that the person is no longer in.
    pub left: Vec<ConversationId>,
    /// Whether more changes wait behind `position`.
    pub has_more: bool,
    /// Covers what came back; what happened meanwhile may come once more.
    pub position: Position,
}

/// One conversation that changed for one person.
#[derive(Debug, Clone, PartialEq)]
pub struct SyncedConversation {
    /// Its present state for the reader.
    pub conversation: ConversationRow,
    /// Its events after the position, oldest first: the newest 100 at most, and only as many as fit into one answer.
    pub events: Vec<TimelineFrame>,
    /// Whether `events` begins later than what the reader may have: read the timeline from there. So on the later pages
    /// of a first sync, which has no events, and where a conversation comes again that changed meanwhile.
    pub events_truncated: bool,
    /// Messages that the reader deleted for themselves after the position.
    pub hidden: Vec<MessageId>,
    /// Whether there may be more of them than are named.
    pub hidden_truncated: bool,
}

/// A conversation that the person is or was in, with the marks that decide whether it changed.
#[derive(Debug, Clone, sqlx::FromRow)]
struct Candidate {
    conversation_id: Text<ConversationId>,
    left_seq: Option<i64>,
    visible_from: Seq,
    last_seq: Seq,
    member_mark: i64,
    conversation_mark: i64,
}

/// What changed for a person after a position. Without one: all conversations, without their events.
pub async fn sync(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    since: Option<&Position>,
    limit: u32,
    now: Timestamp,
) -> Result<SyncRows, StoreError> {
    let mut connection = store.read().await?;
    let visible = lanes::read(&mut connection, tenant).await?;
    let is_first = since.is_none();
    let since = since.copied().unwrap_or_default().within(&visible);
    let mut candidates = candidates(&mut connection, tenant, user).await?;
    if is_first {
        // Who has seen nothing has nothing to forget.
        candidates.retain(Candidate::is_active);
    }
    let page = Page::of(candidates, &since, &visible, usize::try_from(limit).unwrap_or(usize::MAX));
    let active: Vec<&Candidate> = page.candidates.iter().filter(|candidate| candidate.is_active()).collect();
    let ids: Vec<ConversationId> = active.iter().map(|candidate| candidate.conversation_id.0).collect();
    let rows = conversations::of_reader(&mut connection, tenant, user, &ids, now).await?;
    // A first sync tells where everything stands, over all its pages. A cursor of a tenant in which nothing had happened
    // yet, or of a database that was restored, has seen nothing either, but is one: what came since is told.
    let tells_standing = is_first || (since.is_origin() && since.is_between_pages());
    let news = if tells_standing {
        News::default()
    } else {
        News::read(&mut connection, tenant, &active, &rows, &since).await?
    };
    // A first page shows no hidden message, so there is none to take away; a later one may have to.
    let hidden =
        if is_first { Hidden::default() } else { hidden::since(&mut connection, tenant, user, &ids, &since).await? };
    let mut changed = assemble(rows, news, hidden);
    if tells_standing {
        // On a later page the conversation may have gone on since the first, and its events are not here.
        for synced in &mut changed {
            synced.events_truncated = !is_first;
        }
    }
    let left = page.candidates.iter().filter(|candidate| !candidate.is_active()).map(|gone| gone.conversation_id.0);
    Ok(SyncRows { changed, left: left.collect(), has_more: page.has_more, position: page.position })
}

fn assemble(rows: Vec<ConversationRow>, mut news: News, mut hidden: Hidden) -> Vec<SyncedConversation> {
    let synced = rows.into_iter().map(|conversation| {
        let id = conversation.conversation_id;
        let (hidden, hidden_truncated) = hidden.take(id);
        SyncedConversation {
            events_truncated: news.truncated.contains(&id),
            events: news.events.remove(&id).unwrap_or_default(),
            hidden,
            hidden_truncated,
            conversation,
        }
    });
    synced.collect()
}

/// The events that the reader misses, as far as they go into one answer.
#[derive(Default)]
struct News {
    events: HashMap<ConversationId, Vec<TimelineFrame>>,
    /// Where they begin later than what the reader has.
    truncated: HashSet<ConversationId>,
}

impl News {
    async fn read(
        connection: &mut Connection,
        tenant: &TenantId,
        active: &[&Candidate],
        rows: &[ConversationRow],
        since: &Position,
    ) -> Result<Self, StoreError> {
        let covered = covered_seqs(connection, tenant, active, since).await?;
        let covered_of = |range: &Range| covered.get(&range.conversation).copied().unwrap_or(range.up_to);
        let ranges = rows.iter().map(|row| missed(row, &covered)).collect();
        let ranges = budget::fit(connection, tenant, ranges).await?;
        let begins_later = |range: &&Range| range.after > covered_of(range);
        let truncated = ranges.iter().filter(begins_later).map(|range| range.conversation).collect();
        Ok(Self { events: timeline::read_ranges(connection, tenant, ranges).await?, truncated })
    }
}

/// For each active membership with events after the position: the last `seq` that the position covers.
pub async fn starting_points(
    store: &Store,
    tenant: &TenantId,
    user: UserId,
    position: &Position,
) -> Result<Vec<(ConversationId, u64)>, StoreError> {
    let mut connection = store.read().await?;
    let visible = lanes::read(&mut connection, tenant).await?;
    let position = position.within(&visible);
    let candidates = candidates(&mut connection, tenant, user).await?;
    let changed = |candidate: &&Candidate| {
        candidate.is_active() && !position.has_seen(Mark::from_column(candidate.conversation_mark))
    };
    let changed: Vec<&Candidate> = candidates.iter().filter(changed).collect();
    Ok(covered_seqs(&mut connection, tenant, &changed, &position).await?.into_iter().collect())
}

impl Candidate {
    const fn is_active(&self) -> bool {
        self.left_seq.is_none()
    }

    /// The greatest of its marks that the position has not scanned. Events after leaving are none of the person's.
    fn place(&self, position: &Position) -> Option<Mark> {
        let conversation = self.is_active().then_some(self.conversation_mark);
        let marks = [Some(self.member_mark), conversation].into_iter().flatten().map(Mark::from_column);
        marks.filter(|mark| !position.has_scanned(*mark)).max()
    }
}

/// What one answer tells of.
struct Page {
    candidates: Vec<Candidate>,
    has_more: bool,
    position: Position,
}

impl Page {
    /// The first of the changed ones in the order of their marks, cut between two marks: one transaction gives the same
    /// mark to all that it changes.
    fn of(candidates: Vec<Candidate>, since: &Position, visible: &[u64; LANES], limit: usize) -> Self {
        let mut changed: Vec<(Mark, Candidate)> =
            candidates.into_iter().filter_map(|candidate| Some((candidate.place(since)?, candidate))).collect();
        changed.sort_by_key(|(place, candidate)| (*place, candidate.conversation_id));
        let last = changed.get(limit.max(1) - 1).map(|(place, _)| *place);
        let kept = last.map_or(changed.len(), |last| changed.partition_point(|(place, _)| *place <= last));
        let has_more = kept < changed.len();
        let position = match last {
            Some(last) if has_more => since.scanned_up_to(last, visible),
            _ => Position::complete(*visible),
        };
        changed.truncate(kept);
        Self { candidates: changed.into_iter().map(|(_, candidate)| candidate).collect(), has_more, position }
    }
}

/// What the reader misses of a conversation, the newest part of it.
fn missed(row: &ConversationRow, covered: &HashMap<ConversationId, u64>) -> Range {
    let covered = covered.get(&row.conversation_id).copied().unwrap_or(row.last_seq);
    let after = covered.max(row.last_seq.saturating_sub(EVENTS));
    Range { conversation: row.conversation_id, after, up_to: row.last_seq }
}

async fn candidates(
    connection: &mut Connection,
    tenant: &TenantId,
    user: UserId,
) -> Result<Vec<Candidate>, StoreError> {
    let query = sql!(
        "SELECT m.conversation_id, m.left_seq, m.visible_from, c.last_seq, m.change_mark AS member_mark,
                c.change_mark AS conversation_mark
         FROM members m JOIN conversations c ON c.tenant = m.tenant AND c.id = m.conversation_id
         WHERE m.tenant = $1 AND m.user_id = $2"
    );
    connection.all(query.bind(tenant).bind(user)).await
}

/// The last `seq` of each conversation that the position has seen, or the one before what the reader may see. Where that is
/// more than [`LOOK_BACK`] events ago, some `seq` after it: nobody is sent so much, and is told to read anew.
///
/// A transaction keeps the conversation locked until its mark is visible, so what a position has seen of a conversation
/// is always a beginning of it: looking back from the newest event, the first one that was seen ends the search.
async fn covered_seqs(
    connection: &mut Connection,
    tenant: &TenantId,
    candidates: &[&Candidate],
    position: &Position,
) -> Result<HashMap<ConversationId, u64>, StoreError> {
    if candidates.is_empty() {
        return Ok(HashMap::new());
    }
    let query = sql!(
        "SELECT j.value->>0 AS id,
                COALESCE((SELECT m.seq FROM messages m
                    WHERE m.tenant = $3 AND m.conversation_id = j.value->>0 AND m.seq >= CAST(j.value->>1 AS BIGINT)
                      AND (m.change_mark & 281474976710655)
                          <= CAST(" lanes "->> CAST(m.change_mark >> 48 AS INTEGER) AS BIGINT)
                    ORDER BY m.seq DESC LIMIT 1), 0) AS message_seq,
                COALESCE((SELECT e.seq FROM events e
                    WHERE e.tenant = $3 AND e.conversation_id = j.value->>0 AND e.seq >= CAST(j.value->>1 AS BIGINT)
                      AND (e.change_mark & 281474976710655)
                          <= CAST(" lanes "->> CAST(e.change_mark >> 48 AS INTEGER) AS BIGINT)
                    ORDER BY e.seq DESC LIMIT 1), 0) AS event_seq
         FROM " rows
    );
    let floor = |item: &Candidate| item.visible_from.0.max(item.last_seq.0.saturating_sub(LOOK_BACK));
    let rows: Vec<_> = candidates.iter().map(|item| (item.conversation_id.0, floor(item))).collect();
    let seen = serde_json::to_string(position.seen()).expect("numbers are JSON");
    let found: Vec<(Text<ConversationId>, Seq, Seq)> =
        connection.all(query.bind(Rows::of(&rows)).bind(seen).bind(tenant)).await?;
    let floors: HashMap<ConversationId, u64> = rows.into_iter().collect();
    let covered = found.into_iter().map(|(id, message, event)| {
        let before_first = floors.get(&id.0).map_or(0, |visible_from| visible_from.saturating_sub(1));
        (id.0, message.0.max(event.0).max(before_first))
    });
    Ok(covered.collect())
}
