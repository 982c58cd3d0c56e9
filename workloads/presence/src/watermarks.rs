//! The frames that say where a member stands. Pure.

use confab_contract::ConversationId;
use confab_contract::bus::ReceiptKind;
use confab_contract::socket::server::ServerFrame;
use confab_store::receipts::Watermark;

/// One watermark of a member.
#[derive(Debug)]
pub struct Standing {
    /// Which.
    pub kind: ReceiptKind,
    /// Up to where.
    pub seq: u64,
    /// What says so.
    pub frame: ServerFrame,
}

/// Both watermarks of a member, where they say anything: what somebody has read is delivered as well.
pub fn standings(conversation_id: ConversationId, watermark: &Watermark) -> impl Iterator<Item = Standing> {
    let Watermark { user, delivered_seq, read_seq, read_at, read_message_id } = *watermark;
    let read = read_at.filter(|_| read_seq > 0).map(|read_at| Standing {
        kind: ReceiptKind::Read,
        seq: read_seq,
        frame: ServerFrame::MessageRead {
            conversation_id,
            message_id: read_message_id,
            read_seq,
            read_by: user,
            read_at,
        },
    });
    let delivered = (delivered_seq > read_seq).then_some(Standing {
        kind: ReceiptKind::Delivered,
        seq: delivered_seq,
        frame: ServerFrame::MessageDelivered { conversation_id, delivered_seq, delivered_to: user, delivered_at: None },
    });
    read.into_iter().chain(delivered)
}

#[cfg(test)]
mod tests {
    use confab_contract::{Timestamp, UserId};

    use super::*;

    fn said(delivered_seq: u64, read_seq: u64) -> Vec<(ReceiptKind, u64)> {
        let read_at = (read_seq > 0).then(|| Timestamp::from_millis(1));
        let user = UserId::generate();
        let watermark = Watermark { user, delivered_seq, read_seq, read_at, read_message_id: None };
        standings(ConversationId::generate(), &watermark).map(|standing| (standing.kind, standing.seq)).collect()
    }

    #[test]
    fn what_was_read_needs_not_be_said_to_be_delivered() {
        assert_eq!(said(0, 0), []);
        assert_eq!(said(5, 5), [(ReceiptKind::Read, 5)]);
        assert_eq!(said(7, 5), [(ReceiptKind::Read, 5), (ReceiptKind::Delivered, 7)]);
    }
}
