//! An event as the hub hands it on: its text, and who joined or left by it.

use axum::extract::ws::Utf8Bytes;
use confab_contract::UserId;
use confab_contract::bus::TimelineNotice;
use confab_contract::socket::server::ServerFrame;
use confab_contract::timeline::{TimelineEvent, TimelineFrame};
use serde::Deserialize;

/// An event, encoded once for all readers.
#[derive(Debug, Clone)]
pub struct Event {
    /// The [`TimelineFrame`] as JSON text.
    pub text: Utf8Bytes,
    /// Who became a member by it. For them it is the first.
    pub joined: Vec<UserId>,
    /// Who ceased to be a member by it. For them it is the last.
    pub left: Vec<UserId>,
}

impl Event {
    /// As it came over the bus.
    pub fn from_notice(notice: &TimelineNotice) -> Self {
        let text = Utf8Bytes::from(notice.frame.get().to_owned());
        Self { text, joined: notice.joined.clone(), left: notice.left.clone() }
    }

    /// As it was read from the store.
    pub fn from_frame(frame: &TimelineFrame) -> Self {
        let text = serde_json::to_string(frame).expect("a frame is plain data");
        let (joined, left) = match &frame.event {
            TimelineEvent::ConversationCreated { member_ids, .. } => (member_ids.clone(), Vec::new()),
            TimelineEvent::MembersAdded { user_ids, .. } => (user_ids.clone(), Vec::new()),
            TimelineEvent::MemberRemoved { user_id, .. } | TimelineEvent::MemberLeft { user_id, .. } => {
                (Vec::new(), vec![*user_id])
            }
            _ => (Vec::new(), Vec::new()),
        };
        Self { text: text.into(), joined, left }
    }

    /// Who sent it, if it is a message. Parses the text: ask only when it matters.
    pub fn sender(&self) -> Option<UserId> {
        #[derive(Deserialize)]
        struct Sent {
            message: Sender,
        }
        #[derive(Deserialize)]
        struct Sender {
            sender_id: UserId,
        }
        serde_json::from_str::<Sent>(self.text.as_str()).ok().map(|sent| sent.message.sender_id)
    }
}

/// A frame that is no event, as text.
pub fn encode(frame: &ServerFrame) -> Utf8Bytes {
    serde_json::to_string(frame).expect("a frame is plain data").into()
}

#[cfg(test)]
mod tests {
    use confab_contract::{ConversationId, Timestamp};

    use super::*;

    fn event(event: TimelineEvent) -> Event {
        let (conversation_id, at) = (ConversationId::generate(), Timestamp::from_millis(1));
        Event::from_frame(&TimelineFrame { conversation_id, seq: 1, at, event })
    }

    #[test]
    fn who_comes_and_goes_is_read_from_the_event() {
        let (ann, bob) = (UserId::generate(), UserId::generate());
        let added = event(TimelineEvent::MembersAdded { user_ids: vec![ann], added_by: bob });
        assert_eq!((added.joined, added.left), (vec![ann], vec![]));
        let left = event(TimelineEvent::MemberLeft { user_id: ann, new_owner_id: None });
        assert_eq!((left.joined, left.left), (vec![], vec![ann]));
    }

    #[test]
    fn only_a_message_has_a_sender() {
        let left = event(TimelineEvent::MemberLeft { user_id: UserId::generate(), new_owner_id: None });
        assert_eq!(left.sender(), None);
        let (sender, mut message) = (UserId::generate(), left);
        message.text = format!(r#"{{"seq":1,"message":{{"sender_id":"{sender}","x":1}}}}"#).into();
        assert_eq!(message.sender(), Some(sender));
    }
}
