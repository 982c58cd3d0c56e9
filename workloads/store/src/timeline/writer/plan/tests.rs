use confab_contract::rest::messages::MessageType;
use serde_json::Map;
use tokio::sync::oneshot;

use super::*;
use crate::messages::NewMessage;

fn message(conversation: ConversationId, sender: UserId, content: &str, temp_id: Option<&str>) -> NewMessage {
    NewMessage {
        id: MessageId::generate(),
        conversation,
        sender,
        content_encrypted: content.to_owned(),
        message_type: MessageType::Text,
        metadata: Map::new(),
        reply_to: None,
        temp_id: temp_id.map(str::to_owned),
        at: Timestamp::from_millis(7),
    }
}

fn job(message: NewMessage) -> Job {
    Job::new(tenant(), message, oneshot::channel().0)
}

fn tenant() -> TenantId {
    "default.demo".parse().expect("a tenant id")
}

fn member() -> Facts {
    Facts { visible_from: Some(3), ..Facts::default() }
}

fn at(conversation: ConversationId, last_seq: u64) -> HashMap<Place, u64> {
    HashMap::from([((tenant(), conversation), last_seq)])
}

#[test]
fn seqs_follow_the_order_of_arrival_and_refusals_leave_no_gap() {
    let (conversation, sender) = (ConversationId::generate(), UserId::generate());
    let jobs: Vec<Job> = (0..3).map(|_| job(message(conversation, sender, "YQ==", None))).collect();
    let facts = [member(), Facts::default(), member()];
    let plan = plan(&jobs, at(conversation, 10), &facts);
    let expected = [Ok(Stored::Now { seq: 11 }), Err(Refusal::ConversationNotFound), Ok(Stored::Now { seq: 12 })];
    assert_eq!(plan.verdicts, expected);
    assert_eq!(plan.advances[&(tenant(), conversation)].0, 12);
}

#[test]
fn one_temp_id_twice_in_a_batch_is_one_message_or_a_conflict() {
    let (conversation, sender) = (ConversationId::generate(), UserId::generate());
    let jobs = [
        job(message(conversation, sender, "YQ==", Some("t"))),
        job(message(conversation, sender, "YQ==", Some("t"))),
        job(message(conversation, sender, "Yg==", Some("t"))),
        job(message(conversation, UserId::generate(), "Yg==", Some("t"))),
    ];
    let plan = plan(&jobs, at(conversation, 0), &vec![member(); 4]);
    let first = Stored::Before { message_id: jobs[0].message.id, seq: 1, created_at: Timestamp::from_millis(7) };
    let expected = [Ok(Stored::Now { seq: 1 }), Ok(first), Err(Refusal::TempIdReused), Ok(Stored::Now { seq: 2 })];
    assert_eq!(plan.verdicts, expected);
}

#[test]
fn a_retry_is_recognised_even_when_sending_is_no_longer_allowed() {
    let (conversation, sender) = (ConversationId::generate(), UserId::generate());
    let retry = job(message(conversation, sender, "YQ==", Some("t")));
    let known = known(&retry, 5);
    let known_before = || Some(known.clone());
    let suspended = Facts { known: known_before(), sender_is_suspended: true, ..member() };
    let gone = Facts { known: known_before(), ..Facts::default() };
    for facts in [suspended, gone] {
        let plan = plan(std::slice::from_ref(&retry), at(conversation, 9), &[facts]);
        let before = Stored::Before { message_id: known.message_id, seq: known.seq, created_at: known.created_at };
        assert_eq!(plan.verdicts, [Ok(before)]);
        assert!(plan.advances.is_empty());
    }
}

#[test]
fn a_reply_must_be_to_a_message_that_the_sender_sees_here() {
    let (conversation, sender) = (ConversationId::generate(), UserId::generate());
    for (reply_seq, expected) in [(None, false), (Some(2), false), (Some(3), true)] {
        let mut reply = message(conversation, sender, "YQ==", None);
        reply.reply_to = Some(MessageId::generate());
        let plan = plan(&[job(reply)], at(conversation, 9), &[Facts { reply_seq, ..member() }]);
        assert_eq!(plan.verdicts[0].is_ok(), expected, "{reply_seq:?}");
    }
}

#[test]
fn the_digest_ignores_the_order_of_keys_and_nothing_else() {
    let (conversation, sender) = (ConversationId::generate(), UserId::generate());
    let with = |metadata: &str, content: &str| {
        let mut message = message(conversation, sender, content, Some("t"));
        message.metadata = serde_json::from_str(metadata).expect("JSON");
        job(message).digest
    };
    assert_eq!(with(r#"{"a":1,"b":{"c":2,"d":3}}"#, "YQ=="), with(r#"{"b":{"d":3,"c":2},"a":1}"#, "YQ=="));
    assert_ne!(with(r#"{"a":1}"#, "YQ=="), with(r#"{"a":2}"#, "YQ=="));
    assert_ne!(with("{}", "YQ=="), with("{}", "Yg=="));
}
