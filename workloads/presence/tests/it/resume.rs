//! A client that was away gets what it missed: no gap, no duplicate, in order.

use std::collections::BTreeMap;

use confab_contract::ConversationId;
use serde_json::{Value, json};

use crate::client::Client;
use crate::engines::on_both_engines;
use crate::world::{Choices, Node, Person, World};

/// Reconnects with `resume` inside `auth`.
async fn resumed_by_frame(node: &Node, person: &Person, resume: Value) -> Client {
    let mut client = node.open("").await;
    client.send(json!({"type": "auth", "token": person.token, "resume": resume})).await;
    client.wait_for("auth_success").await;
    client
}

/// Reconnects with `?resume=1`.
async fn resumed_by_query(node: &Node, person: &Person, mut resume: Value) -> Client {
    let mut client = node.open(&format!("?token={}&resume=1", person.token)).await;
    client.wait_for("auth_success").await;
    resume["type"] = "resume".into();
    client.send(resume).await;
    client
}

async fn send_many(world: &World, sender: &Person, conversation: ConversationId, count: usize) {
    for _ in 0..count {
        world.send(sender, conversation, "eA==").await;
    }
}

on_both_engines! {
    async fn named_conversations_go_on_where_the_client_is(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        send_many(world, &ann, conversation, 250).await;
        let resume = json!({"conversations": {conversation.to_string(): 3}});
        let mut by_frame = resumed_by_frame(&node, &bob, resume.clone()).await;
        let mut by_query = resumed_by_query(&node, &bob, resume).await;
        for client in [&mut by_frame, &mut by_query] {
            let resumed = client.wait_for("resumed").await;
            assert_eq!(resumed["replayed"], 248);
            assert_eq!(client.events(conversation, 251).await, (4..=251).collect::<Vec<_>>());
        }
        world.send(&ann, conversation, "eA==").await;
        assert_eq!(by_frame.events(conversation, 252).await, [252]);
        assert_eq!(by_query.events(conversation, 252).await, [252]);
    }

    async fn a_cursor_stands_for_conversations_that_are_not_named(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let (quiet, busy) = (world.group(&[&ann, &bob]).await, world.group(&[&ann, &bob]).await);
        let mut first = node.open(&format!("?token={}", bob.token)).await;
        let cursor = first.wait_for("auth_success").await["cursor"].clone();
        first.cut();
        send_many(world, &ann, busy, 5).await;
        let new = world.group(&[&ann, &bob]).await;
        let mut client = resumed_by_query(&node, &bob, json!({"cursor": cursor})).await;
        let resumed = client.wait_for("resumed").await;
        assert_eq!(resumed["replayed"], 6);
        assert_eq!(client.events(busy, 6).await, [2, 3, 4, 5, 6]);
        assert_eq!(client.events(new, 1).await, [1]);
        send_many(world, &ann, quiet, 1).await;
        assert_eq!(client.events(quiet, 2).await, [2]);

        // The next cursor goes on from there.
        client.cut();
        send_many(world, &ann, new, 1).await;
        let named = json!({quiet.to_string(): 2, busy.to_string(): 6, new.to_string(): 1});
        let resume = json!({"cursor": resumed["cursor"], "conversations": named});
        let mut client = resumed_by_frame(&node, &bob, resume).await;
        assert_eq!(client.wait_for("resumed").await["replayed"], 1);
        assert_eq!(client.events(new, 2).await, [2]);
    }

    async fn nothing_is_delivered_before_resume_when_it_was_announced(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = node.open(&format!("?token={}&resume=1", bob.token)).await;
        client.wait_for("auth_success").await;
        world.send(&ann, conversation, "eA==").await;
        assert!(client.settle().await.is_empty());
        client.send(json!({"type": "typing", "conversation_id": conversation, "is_typing": true})).await;
        assert_eq!(client.wait_for("error").await["code"], "VALIDATION_ERROR");
        client.send(json!({"type": "resume", "conversations": {conversation.to_string(): 1}})).await;
        assert_eq!(client.wait_for("resumed").await["replayed"], 1);
        client.send(json!({"type": "resume"})).await;
        assert_eq!(client.wait_for("error").await["code"], "VALIDATION_ERROR");
    }

    async fn a_client_that_is_cut_again_and_again_misses_nothing(world: &World) {
        let (node, people) = (world.node().await, world.people::<3>().await);
        let [ann, bob, eve] = &people;
        let conversations = [world.group(&[ann, bob, eve]).await, world.group(&[bob, ann]).await];
        let sending = async {
            for index in 0..150 {
                world.send(ann, conversations[index % 2], "eA==").await;
                world.send(bob, conversations[index % 2], "eA==").await;
            }
        };
        let reading = async {
            let mut seen: BTreeMap<ConversationId, Vec<u64>> = conversations.iter().map(|id| (*id, vec![1])).collect();
            let is_done = |seen: &BTreeMap<ConversationId, Vec<u64>>| seen.values().all(|seqs| seqs.last() == Some(&151));
            while !is_done(&seen) {
                let named: BTreeMap<String, u64> =
                    seen.iter().map(|(id, seqs)| (id.to_string(), *seqs.last().unwrap())).collect();
                let mut client = resumed_by_query(&node, ann, json!({"conversations": named})).await;
                for _ in 0..37 {
                    if is_done(&seen) {
                        break;
                    }
                    let frame = client.wait_until(|frame| frame["seq"].is_u64()).await;
                    let id: ConversationId = frame["conversation_id"].as_str().unwrap().parse().unwrap();
                    seen.get_mut(&id).unwrap().push(frame["seq"].as_u64().unwrap());
                }
                client.cut();
            }
            seen
        };
        let ((), seen) = tokio::join!(sending, reading);
        for seqs in seen.values() {
            assert_eq!(*seqs, (1..=151).collect::<Vec<_>>());
        }
    }

    async fn a_client_moves_to_another_process_and_misses_nothing(world: &World) {
        let (one, two) = (world.node().await, world.node().await);
        let [ann, bob] = world.people().await;
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = one.client(&bob).await;
        send_many(world, &ann, conversation, 5).await;
        client.events(conversation, 4).await;
        client.cut();
        let resume = json!({"conversations": {conversation.to_string(): 4}});
        let mut client = resumed_by_frame(&two, &bob, resume).await;
        assert_eq!(client.events(conversation, 6).await, [5, 6]);
    }

    async fn what_cannot_be_continued_is_said_to_be_read_anew(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let (ahead, left) = (world.group(&[&ann, &bob]).await, world.group(&[&ann, &bob]).await);
        let rejoined = world.group(&[&ann, &bob]).await;
        let foreign = world.group(&[&ann, &eve]).await;
        world.remove(&ann, left, &bob).await;
        world.remove(&ann, rejoined, &bob).await;
        world.add(&ann, rejoined, &bob).await;
        let mut client = node.client(&eve).await;
        let cursor = { client.send(json!({"type": "ping"})).await; client.wait_for("pong").await["cursor"].clone() };
        let named = json!({ahead.to_string(): 99, left.to_string(): 1, rejoined.to_string(): 1, foreign.to_string(): 1});
        let mut client = resumed_by_frame(&node, &bob, json!({"conversations": named, "cursor": cursor})).await;
        client.wait_for("resumed").await;
        let mut reasons = BTreeMap::new();
        for _ in 0..5 {
            let frame = client.wait_for("resync_required").await;
            reasons.insert(frame["conversation_id"].to_string(), frame["reason"].as_str().unwrap().to_owned());
        }
        let reason = |id: ConversationId| reasons[&format!("\"{id}\"")].as_str();
        assert_eq!(reasons["null"], "invalid_cursor", "a cursor of somebody else");
        assert_eq!(reason(ahead), "ahead_of_server");
        assert_eq!([reason(left), reason(rejoined), reason(foreign)], ["not_a_member"; 3]);
        let seq = world.send(&ann, ahead, "eA==").await;
        assert_eq!(client.events(ahead, seq).await, [seq], "delivery goes on from now");
    }

    async fn no_cursor_is_given_while_events_that_it_would_cover_are_owed(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        // Several pages: the second frame is read before the last of them.
        send_many(world, &ann, conversation, 350).await;
        let auth = json!({"type": "auth", "token": bob.token});
        let mut resuming = auth.clone();
        resuming["resume"] = json!({"conversations": {conversation.to_string(): 1}});
        let mut by_frame = node.open("").await;
        by_frame.send_together(&[resuming, auth.clone()]).await;
        let mut by_query = node.open(&format!("?token={}&resume=1", bob.token)).await;
        by_query.send(auth.clone()).await;
        assert_eq!(by_query.wait_for("auth_success").await["cursor"], Value::Null);
        assert_eq!(by_query.wait_for("auth_success").await["cursor"], Value::Null);
        let resume = json!({"type": "resume", "conversations": {conversation.to_string(): 1}});
        by_query.send_together(&[resume, auth.clone()]).await;
        assert_eq!(by_frame.wait_for("auth_success").await["cursor"], Value::Null);
        for client in [&mut by_frame, &mut by_query] {
            let success = client.wait_for("auth_success").await;
            assert_eq!(success["cursor"], Value::Null, "{success}");
            assert!(client.wait_for("resumed").await["cursor"].is_string());
            client.settle().await;
            client.send(auth.clone()).await;
            assert!(client.wait_for("auth_success").await["cursor"].is_string(), "all was sent");
        }
    }

    async fn a_cursor_also_tells_of_conversations_that_were_left_since(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let (left, early) = (world.group(&[&ann, &bob]).await, world.group(&[&ann, &bob]).await);
        world.remove(&ann, early, &bob).await;
        let mut first = node.open(&format!("?token={}", bob.token)).await;
        let cursor = first.wait_for("auth_success").await["cursor"].clone();
        first.cut();
        world.remove(&ann, left, &bob).await;
        let mut client = resumed_by_frame(&node, &bob, json!({"cursor": cursor})).await;
        let told = client.wait_for("resync_required").await;
        assert_eq!((&told["conversation_id"], &told["reason"]), (&json!(left), &json!("not_a_member")));
        client.wait_for("resumed").await;
        let rest = client.settle().await;
        assert!(rest.iter().all(|frame| frame["type"] != "resync_required"), "{rest:?}");
    }

    async fn a_token_of_somebody_else_does_not_hold_while_waiting_for_resume(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let mut client = node.open(&format!("?token={}&resume=1", bob.token)).await;
        client.wait_for("auth_success").await;
        for token in ["nonsense", ann.token.as_str()] {
            client.send(json!({"type": "auth", "token": token, "resume": {}})).await;
            let error = client.wait_for("error").await;
            assert_eq!((&error["code"], &error["frame_type"]), (&json!("AUTHENTICATION_FAILED"), &json!("auth")));
        }
        client.send(json!({"type": "auth", "token": bob.token, "resume": {}})).await;
        client.wait_for("resumed").await;
    }

    async fn a_person_who_is_removed_during_a_replay_gets_no_more_than_that(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        send_many(world, &ann, conversation, 120).await;
        let resume = json!({"conversations": {conversation.to_string(): 1}});
        let mut client = resumed_by_frame(&node, &bob, resume).await;
        assert_eq!(client.events(conversation, 2).await, [2]);
        let removed = world.remove(&ann, conversation, &bob).await;
        world.publish(removed);
        send_many(world, &ann, conversation, 3).await;
        assert_eq!(client.events(conversation, 122).await, (3..=122).collect::<Vec<_>>());
        assert!(client.settle().await.iter().all(|frame| frame["seq"].is_null()));
    }

    async fn a_replay_larger_than_the_queue_does_not_overflow_it(world: &World) {
        let mut choices = Choices::default();
        choices.sockets.queue_frames = 16;
        let (node, [ann, bob]) = (world.node_with(choices).await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        send_many(world, &ann, conversation, 400).await;
        let resume = json!({"conversations": {conversation.to_string(): 1}});
        let mut client = resumed_by_frame(&node, &bob, resume).await;
        assert_eq!(client.events(conversation, 401).await, (2..=401).collect::<Vec<_>>());
    }

    async fn in_a_busy_conversation_a_replay_catches_up_although_the_feed_is_always_ahead(world: &World) {
        let mut choices = Choices::default();
        choices.sockets.queue_frames = 64;
        let (node, [ann, bob, eve]) = (world.node_with(choices).await, world.people().await);
        let conversation = world.group(&[&ann, &bob, &eve]).await;
        let mut other = node.client(&eve).await;
        let done = std::sync::atomic::AtomicBool::new(false);
        let sending = async {
            while !done.load(std::sync::atomic::Ordering::SeqCst) {
                let mut committed = Vec::new();
                for _ in 0..20 {
                    committed.push(world.quiet_send(&ann, conversation, "eA==").await);
                }
                let last = committed[19].frame.seq;
                for event in committed {
                    world.publish(event);
                }
                other.events(conversation, last).await;
            }
        };
        let resuming = async {
            for _ in 0..10 {
                let resume = json!({"conversations": {conversation.to_string(): 1}});
                let mut client = resumed_by_frame(&node, &bob, resume).await;
                let replayed = client.wait_for("resumed").await["replayed"].as_u64().unwrap();
                let up_to = replayed + 100;
                assert_eq!(client.events(conversation, up_to).await, (2..=up_to).collect::<Vec<_>>());
            }
            done.store(true, std::sync::atomic::Ordering::SeqCst);
        };
        tokio::join!(sending, resuming);
    }

    async fn who_comes_back_at_once_needs_nothing_from_the_store(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut other = node.client(&ann).await;
        send_many(world, &ann, conversation, 10).await;
        other.events(conversation, 11).await;
        let resume = json!({"conversations": {conversation.to_string(): 5}});
        let mut client = resumed_by_frame(&node, &bob, resume).await;
        assert_eq!(client.wait_for("resumed").await["replayed"], 6);
        assert_eq!(client.events(conversation, 11).await, (6..=11).collect::<Vec<_>>());
        assert!(node.metric("confab_replays_total") < 1.0);
        world.send(&ann, conversation, "eA==").await;
        assert_eq!(client.events(conversation, 12).await, [12]);
    }

    async fn after_a_resume_the_watermarks_of_others_are_told(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        world.read_newest(&ann, &bob, conversation).await;
        let resume = json!({"conversations": {conversation.to_string(): 2}});
        let mut client = resumed_by_frame(&node, &ann, resume).await;
        let read = client.wait_for("message_read").await;
        assert_eq!((&read["read_seq"], &read["read_by"]), (&json!(2), &json!(bob.user)));
    }
}
