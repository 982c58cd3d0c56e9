//! Rows as a reader's view.

use std::collections::HashMap;

use confab_contract::rest::conversations::{ConversationType, Participant};
use confab_contract::rest::members::Role;
use confab_contract::rest::messages::MessageType;
use confab_contract::{ConversationId, MessageId, TenantId, Timestamp, UserId};

use super::{ConversationRow, LastMessageRow};
use crate::StoreError;
use crate::engine::{Connection, Millis, Rows, Seq, Text};

/// A conversation with the reader's own membership.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct BaseRow {
    pub(super) id: Text<ConversationId>,
    kind: Text<ConversationType>,
    name: Option<String>,
    avatar_url: Option<String>,
    last_seq: Seq,
    created_at: Millis,
    updated_at: Millis,
    role: Text<Role>,
    pinned: bool,
    muted: bool,
    muted_until: Option<Millis>,
    pub(super) visible_from: Seq,
    read_seq: Seq,
}

#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) unread: u64,
    pub(super) last_message_seq: Option<u64>,
}

/// The active members of one conversation.
#[derive(Debug, Default)]
pub(super) struct People {
    count: u32,
    others: Vec<Participant>,
}

#[derive(Debug, sqlx::FromRow)]
pub(super) struct LastMessage {
    conversation_id: Text<ConversationId>,
    id: Text<MessageId>,
    sender_id: Text<UserId>,
    seq: Seq,
    content: Option<String>,
    message_type: Text<MessageType>,
    created_at: Millis,
}

impl BaseRow {
    /// Unread is what comes after this: neither what was read, nor what was before the reader joined.
    pub(super) fn unread_after(&self) -> u64 {
        self.read_seq.0.max(self.visible_from.0.saturating_sub(1))
    }

    pub(super) fn into_view(
        self,
        counts: Counts,
        last_message: Option<LastMessageRow>,
        people: People,
        now: Timestamp,
    ) -> ConversationRow {
        // A direct conversation looks like the other person.
        let (name, avatar_url) = match (self.kind.0, people.others.first()) {
            (ConversationType::Direct, Some(other)) => {
                (other.full_name.clone().unwrap_or_else(|| other.username.clone()), other.avatar_url.clone())
            }
            _ => (self.name.unwrap_or_default(), self.avatar_url),
        };
        let muted_until = self.muted_until.map(|until| until.0).filter(|until| *until > now);
        let is_over = self.muted_until.is_some() && muted_until.is_none();
        ConversationRow {
            conversation_id: self.id.0,
            kind: self.kind.0,
            name,
            avatar_url,
            participants: people.others,
            participant_count: people.count,
            role: self.role.0,
            last_message,
            unread_count: counts.unread,
            is_pinned: self.pinned,
            is_muted: self.muted && !is_over,
            muted_until,
            last_seq: self.last_seq.0,
            read_seq: self.read_seq.0,
            created_at: self.created_at.0,
            updated_at: self.updated_at.0,
        }
    }
}

impl LastMessage {
    pub(super) fn into_view(self) -> (ConversationId, LastMessageRow) {
        let row = LastMessageRow {
            message_id: self.id.0,
            sender_id: self.sender_id.0,
            seq: self.seq.0,
            content_encrypted: self.content,
            message_type: self.message_type.0,
            created_at: self.created_at.0,
        };
        (self.conversation_id.0, row)
    }
}

#[derive(Debug, sqlx::FromRow)]
struct PersonRow {
    conversation_id: Text<ConversationId>,
    user_id: Text<UserId>,
    username: String,
    full_name: Option<String>,
    avatar_url: Option<String>,
    role: Text<Role>,
    members: Seq,
}

/// The first of each conversation's members besides the reader, in the order of joining, and how many there are in all.
pub(super) async fn people(
    connection: &mut Connection,
    tenant: &TenantId,
    reader: UserId,
    conversations: &[ConversationId],
    most: u64,
) -> Result<HashMap<ConversationId, People>, StoreError> {
    let query = sql!(
        "SELECT n.conversation_id, n.user_id, u.username, u.full_name, u.avatar_url, n.role, n.members
         FROM (SELECT m.conversation_id, m.user_id, m.role,
                      ROW_NUMBER() OVER (PARTITION BY m.conversation_id ORDER BY m.join_order) AS place,
                      COUNT(*) OVER (PARTITION BY m.conversation_id) AS members
               FROM " rows "CROSS JOIN members m
               WHERE m.tenant = $2 AND m.conversation_id = j.value->>0 AND m.left_seq IS NULL) n
         JOIN users u ON u.tenant = $2 AND u.id = n.user_id
         WHERE n.place <= $3
         ORDER BY n.conversation_id, n.place"
    );
    // One more, in case that the reader is among the first.
    let query = query.bind(Rows::single(conversations)).bind(tenant).bind(most.saturating_add(1));
    let rows: Vec<PersonRow> = connection.all(query).await?;
    let most = usize::try_from(most).unwrap_or(usize::MAX);
    let mut people: HashMap<ConversationId, People> = HashMap::new();
    for row in rows {
        let entry = people.entry(row.conversation_id.0).or_default();
        entry.count = u32::try_from(row.members.0).unwrap_or(u32::MAX);
        if row.user_id.0 == reader || entry.others.len() == most {
            continue;
        }
        entry.others.push(Participant {
            user_id: row.user_id.0,
            username: row.username,
            full_name: row.full_name,
            avatar_url: row.avatar_url,
            role: row.role.0,
        });
    }
    Ok(people)
}
