use super::*;

fn protocol(stage: Stage) -> Protocol {
    let mut protocol = Protocol::new(Instant::now(), false);
    protocol.enter(stage);
    protocol
}

fn step(stage: Stage, text: &str) -> Step {
    protocol(stage).on_text(text, 0, Instant::now())
}

fn refused_field(step: &Step) -> Option<String> {
    match step {
        Step::Refuse(ServerFrame::Error { details, .. }) => details.keys().next().cloned(),
        _ => None,
    }
}

const AUTH: &str = r#"{"type":"auth","token":"t"}"#;

#[test]
fn the_first_frame_signs_in_and_any_other_ends_the_connection() {
    assert!(matches!(step(Stage::SignedOut, AUTH), Step::SignIn { resume: None, .. }));
    let other = step(Stage::SignedOut, r#"{"type":"ping"}"#);
    let Step::End(Some(ServerFrame::Error { frame_type, .. }), CloseReason::ProtocolError) = other else {
        panic!("a client that does not begin with auth has to be mended: {other:?}");
    };
    assert_eq!(frame_type.as_deref(), Some("ping"));
}

#[test]
fn a_malformed_frame_is_refused_and_the_fifth_in_a_row_ends_the_connection() {
    let mut protocol = protocol(Stage::Live);
    let now = Instant::now();
    for _ in 0..2 {
        for _ in 0..4 {
            assert!(matches!(protocol.on_text("{", 0, now), Step::Refuse(_)));
        }
        assert!(matches!(protocol.on_text(r#"{"type":"ping","id":3}"#, 0, now), Step::Pong(Some(3))));
    }
    for _ in 0..4 {
        protocol.on_text("{", 0, now);
    }
    assert!(matches!(protocol.on_text("{", 0, now), Step::End(Some(_), CloseReason::ProtocolError)));
}

#[test]
fn a_holding_connection_takes_resume_and_nothing_that_makes_traffic() {
    assert!(matches!(step(Stage::Holding, r#"{"type":"resume"}"#), Step::Resume(_)));
    assert!(matches!(step(Stage::Holding, r#"{"type":"ping"}"#), Step::Pong(None)));
    let early = r#"{"type":"presence_update","status":"away"}"#;
    assert!(matches!(step(Stage::Holding, early), Step::Refuse(_)));
}

#[test]
fn a_live_connection_renews_its_token_but_cannot_resume_any_more() {
    assert!(matches!(step(Stage::Live, AUTH), Step::SignIn { .. }));
    let late = step(Stage::Live, r#"{"type":"auth","token":"t","resume":{}}"#);
    assert_eq!(refused_field(&late).as_deref(), Some("resume"));
    assert_eq!(late.frame_type(), Some("auth"));
    assert!(matches!(step(Stage::Live, r#"{"type":"resume"}"#), Step::Refuse(_)));
}

#[test]
fn lists_have_bounds() {
    let people = |count: usize| {
        let ids: Vec<UserId> = (0..count).map(|_| UserId::generate()).collect();
        serde_json::json!({"type": "subscribe_presence", "user_ids": ids}).to_string()
    };
    assert!(matches!(step(Stage::Live, &people(500)), Step::Watch(_)));
    assert_eq!(refused_field(&step(Stage::Live, &people(501))).as_deref(), Some("user_ids"));
    assert_eq!(refused_field(&step(Stage::Live, &people(0))).as_deref(), Some("user_ids"));
    let named: std::collections::BTreeMap<_, u64> = (0..1001).map(|seq| (ConversationId::generate(), seq)).collect();
    let resume = serde_json::json!({"type": "resume", "conversations": named}).to_string();
    assert_eq!(refused_field(&step(Stage::Holding, &resume)).as_deref(), Some("conversations"));
}

#[test]
fn a_status_message_has_bounds() {
    let update = |message: &str| {
        serde_json::json!({"type": "presence_update", "status": "busy", "status_message": message}).to_string()
    };
    assert!(matches!(step(Stage::Live, &update(&"ä".repeat(200))), Step::SetPresence(..)));
    assert_eq!(refused_field(&step(Stage::Live, &update(&"ä".repeat(201)))).as_deref(), Some("status_message"));
    assert_eq!(refused_field(&step(Stage::Live, &update("a\0b"))).as_deref(), Some("status_message"));
}

#[test]
fn a_flood_ends_the_connection() {
    let mut protocol = protocol(Stage::Live);
    let now = Instant::now();
    let flooded = (0..1000)
        .map(|_| protocol.on_text(r#"{"type":"ping"}"#, 0, now))
        .any(|step| matches!(step, Step::End(None, CloseReason::Flooding)));
    assert!(flooded);
}

#[test]
fn acknowledging_each_event_is_no_flood() {
    let mut protocol = protocol(Stage::Live);
    let (now, conversation) = (Instant::now(), ConversationId::generate());
    for seq in 1..=5000_u32 {
        let ack = serde_json::json!({"type": "ack", "conversation_id": conversation, "seq": seq}).to_string();
        assert!(matches!(protocol.on_text(&ack, seq, now), Step::Acknowledge(..)));
    }
}
