//! The form of a message on Redis: the mark of its process, then JSON. Whose echo it is shows without reading the JSON.

use std::fmt::Write as _;

use confab_contract::TenantId;
use confab_contract::bus::BusMessage;
use uuid::Uuid;

/// Tells processes apart, for as long as they live.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ProcessMark(Uuid);

const MARK_BYTES: usize = 32;

impl ProcessMark {
    pub(super) fn random() -> Self {
        Self(Uuid::now_v7())
    }
}

/// The Redis channel that every process of an installation listens to. No tenant has such a name.
pub(super) const CHANNEL_FOR_ALL: &str = "confab:*all*";

/// The Redis channel of a tenant.
pub(super) fn channel_of(tenant: &TenantId) -> String {
    format!("confab:{tenant}")
}

/// The Redis channel of a message.
pub(super) fn channel_for(message: &BusMessage) -> String {
    if message.notice.is_for_all() { CHANNEL_FOR_ALL.to_owned() } else { channel_of(&message.tenant) }
}

pub(super) fn encode(mark: ProcessMark, message: &BusMessage) -> Result<String, serde_json::Error> {
    let json = serde_json::to_string(message)?;
    let mut text = String::with_capacity(MARK_BYTES + json.len());
    write!(text, "{}", mark.0.simple()).expect("writing to a String does not fail");
    text.push_str(&json);
    Ok(text)
}

/// What came from Redis.
#[derive(Debug)]
pub(super) enum Incoming {
    /// Our own, which we have had.
    Echo,
    /// Somebody else's.
    Message(Box<BusMessage>),
    /// Nothing that this version understands.
    Unreadable,
}

pub(super) fn decode(own: ProcessMark, channel: &str, payload: &[u8]) -> Incoming {
    let Some((mark, json)) = payload.split_first_chunk::<MARK_BYTES>() else { return Incoming::Unreadable };
    let mut buffer = [0; MARK_BYTES];
    if own.0.simple().encode_lower(&mut buffer).as_bytes() == mark {
        return Incoming::Echo;
    }
    match serde_json::from_slice::<BusMessage>(json) {
        // A tenant's channel carries that tenant's messages and no others. Older processes say there what is for all.
        Ok(message) if channel_of(&message.tenant) == channel || channel_for(&message) == channel => {
            Incoming::Message(Box::new(message))
        }
        _ => Incoming::Unreadable,
    }
}

#[cfg(test)]
mod tests {
    use confab_contract::bus::{Notice, TimelineNotice};
    use confab_contract::{ConversationId, SessionId, UserId};
    use serde_json::value::RawValue;

    use super::*;

    fn message() -> BusMessage {
        let frame = RawValue::from_string(r#"{"seq":1,"text":"a \"b\" é"}"#.to_owned()).expect("it is JSON");
        BusMessage {
            tenant: "a.b".parse().expect("an id"),
            notice: Notice::Timeline(TimelineNotice {
                conversation: ConversationId::generate(),
                seq: 1,
                frame,
                joined: vec![UserId::generate()],
                left: Vec::new(),
            }),
        }
    }

    #[test]
    fn another_process_reads_what_one_wrote_byte_for_byte() {
        let sent = message();
        let text = encode(ProcessMark::random(), &sent).expect("it is plain data");
        let Incoming::Message(got) = decode(ProcessMark::random(), "confab:a.b", text.as_bytes()) else {
            panic!("it is readable")
        };
        let (Notice::Timeline(sent), Notice::Timeline(got)) = (&sent.notice, &got.notice) else {
            panic!("it is the same notice")
        };
        assert_eq!(sent.frame.get(), got.frame.get());
        assert_eq!(sent.joined, got.joined);
    }

    #[test]
    fn what_is_for_all_has_a_channel_of_its_own_and_counts_on_that_of_its_tenant() {
        let notice = Notice::SessionRevoked { user: UserId::generate(), session: SessionId::generate() };
        let message = BusMessage { tenant: "a.b".parse().expect("an id"), notice };
        assert_eq!(channel_for(&message), CHANNEL_FOR_ALL);
        assert!(CHANNEL_FOR_ALL.trim_start_matches("confab:").parse::<TenantId>().is_err(), "no tenant has that name");
        let text = encode(ProcessMark::random(), &message).expect("it is plain data");
        for channel in [CHANNEL_FOR_ALL, "confab:a.b"] {
            assert!(matches!(decode(ProcessMark::random(), channel, text.as_bytes()), Incoming::Message(_)));
        }
        assert!(matches!(decode(ProcessMark::random(), "confab:b.b", text.as_bytes()), Incoming::Unreadable));
        let text = encode(ProcessMark::random(), &self::message()).expect("it is plain data");
        assert!(matches!(decode(ProcessMark::random(), CHANNEL_FOR_ALL, text.as_bytes()), Incoming::Unreadable));
    }

    #[test]
    fn echoes_strange_bytes_and_other_tenants_are_passed_over() {
        let mark = ProcessMark::random();
        let text = encode(mark, &message()).expect("it is plain data");
        assert!(matches!(decode(mark, "confab:a.b", text.as_bytes()), Incoming::Echo));
        let other = ProcessMark::random();
        assert!(matches!(decode(other, "confab:other", text.as_bytes()), Incoming::Unreadable));
        for bad in [&b""[..], b"short", &[0xFF; 64], &text.as_bytes()[..40]] {
            assert!(matches!(decode(other, "confab:a.b", bad), Incoming::Unreadable));
        }
    }
}
