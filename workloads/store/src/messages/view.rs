//! Messages with their reactions and how far they got.

use std::collections::HashMap;

use confab_contract::rest::messages::{DeliveryStatus, Message};
use confab_contract::{ConversationId, TenantId, UserId};

use crate::engine::{Connection, Rows, Seq, Text};
use crate::timeline::MessageRow;
use crate::{StoreError, reactions};

/// Where an active member stands.
#[derive(Debug, Clone, Copy, sqlx::FromRow)]
struct MemberMarks {
    conversation_id: Text<ConversationId>,
    user_id: Text<UserId>,
    visible_from: Seq,
    delivered_seq: Seq,
    read_seq: Seq,
}

/// Fills in what is stored beside the rows.
pub(super) async fn assemble(
    connection: &mut Connection,
    tenant: &TenantId,
    rows: Vec<MessageRow>,
) -> Result<Vec<Message>, StoreError> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let ids: Vec<_> = rows.iter().map(|row| row.id.0).collect();
    let mut reactions = reactions::of_messages(connection, tenant, &ids).await?;
    let mut conversations: Vec<_> = rows.iter().map(|row| row.conversation_id.0).collect();
    conversations.dedup();
    let members = marks(connection, tenant, &conversations).await?;
    let messages = rows.into_iter().map(|row| {
        let members = members.get(&row.conversation_id.0).map(Vec::as_slice).unwrap_or_default();
        Ok(Message {
            metadata: row.metadata()?,
            is_edited: row.is_edited(),
            is_deleted: row.is_deleted(),
            delivery_status: delivery_status(row.seq.0, row.sender_id.0, members),
            reactions: reactions.remove(&row.id.0).unwrap_or_default(),
            message_id: row.id.0,
            conversation_id: row.conversation_id.0,
            seq: row.seq.0,
            sender_id: row.sender_id.0,
            content_encrypted: row.content,
            message_type: row.message_type.0,
            reply_to_message_id: row.reply_to.map(|id| id.0),
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
        })
    });
    messages.collect()
}

/// By the watermarks of the other active members who can see the message: whoever joined later does not make it
/// undelivered again. Pure.
fn delivery_status(seq: u64, sender: UserId, members: &[MemberMarks]) -> DeliveryStatus {
    let others = || members.iter().filter(|member| member.user_id.0 != sender && member.visible_from.0 <= seq);
    let reached = |mark: fn(&MemberMarks) -> u64| -> Vec<UserId> {
        others().filter(|member| mark(member) >= seq).map(|member| member.user_id.0).collect()
    };
    let (delivered_to, read_by) = (reached(|member| member.delivered_seq.0), reached(|member| member.read_seq.0));
    let all = others().count();
    DeliveryStatus {
        sent: true,
        delivered: all > 0 && delivered_to.len() == all,
        read: all > 0 && read_by.len() == all,
        delivered_to,
        read_by,
    }
}

async fn marks(
    connection: &mut Connection,
    tenant: &TenantId,
    conversations: &[ConversationId],
) -> Result<HashMap<ConversationId, Vec<MemberMarks>>, StoreError> {
    let query = sql!(
        "SELECT m.conversation_id, m.user_id, m.visible_from, m.delivered_seq, m.read_seq
         FROM " rows "CROSS JOIN members m
         WHERE m.tenant = $2 AND m.conversation_id = j.value->>0 AND m.left_seq IS NULL
         ORDER BY m.join_order"
    );
    let rows: Vec<MemberMarks> = connection.all(query.bind(Rows::single(conversations)).bind(tenant)).await?;
    let mut by_conversation: HashMap<ConversationId, Vec<MemberMarks>> = HashMap::new();
    for row in rows {
        by_conversation.entry(row.conversation_id.0).or_default().push(row);
    }
    Ok(by_conversation)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(user: UserId, visible_from: u64, delivered: u64, read: u64) -> MemberMarks {
        MemberMarks {
            conversation_id: Text(ConversationId::generate()),
            user_id: Text(user),
            visible_from: Seq(visible_from),
            delivered_seq: Seq(delivered),
            read_seq: Seq(read),
        }
    }

    #[test]
    fn a_message_is_delivered_when_all_others_who_can_see_it_have_it() {
        let [sender, near, far] = std::array::from_fn(|_| UserId::generate());
        let members = [member(sender, 1, 0, 0), member(near, 1, 9, 5), member(far, 1, 5, 4)];
        let at = |seq| delivery_status(seq, sender, &members);
        assert!(at(4).delivered && at(4).read);
        assert!(at(5).delivered && !at(5).read);
        assert_eq!(at(5).read_by, [near]);
        assert!(!at(6).delivered);
        assert_eq!(at(6).delivered_to, [near]);
    }

    #[test]
    fn nobody_else_means_not_delivered_and_a_late_joiner_does_not_count() {
        let [sender, late] = std::array::from_fn(|_| UserId::generate());
        assert!(!delivery_status(3, sender, &[member(sender, 1, 9, 9)]).delivered);
        assert!(!delivery_status(3, sender, &[member(late, 7, 0, 0)]).delivered);
        let near = UserId::generate();
        assert!(delivery_status(3, sender, &[member(near, 1, 3, 3), member(late, 7, 0, 0)]).delivered);
    }
}
