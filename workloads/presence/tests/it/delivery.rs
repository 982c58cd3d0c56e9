//! Events reach everybody, once, in order, whatever the bus does.

use std::sync::Arc;

use confab_contract::ConversationId;
use serde_json::json;

use crate::engines::on_both_engines;
use crate::world::{Person, World};

on_both_engines! {
    async fn a_message_reaches_every_device_of_every_member_and_nobody_else(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut clients = [node.client(&ann).await, node.client(&bob).await, node.client(&bob).await];
        let mut stranger = node.client(&eve).await;
        let seq = world.send(&ann, conversation, "SGVsbG8=").await;
        for client in &mut clients {
            let frame = client.wait_for("message_received").await;
            assert_eq!(frame["seq"], seq);
            assert_eq!(frame["message"]["content_encrypted"], "SGVsbG8=");
            assert_eq!(frame["message"]["sender_id"], ann.user.to_string());
        }
        assert!(stranger.settle().await.is_empty());
    }

    async fn members_on_other_processes_get_it_too(world: &World) {
        let (one, two) = (world.node().await, world.node().await);
        let [ann, bob] = world.people().await;
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut here, mut there) = (one.client(&ann).await, two.client(&bob).await);
        for _ in 0..20 {
            world.send(&ann, conversation, "eA==").await;
        }
        assert_eq!(here.events(conversation, 21).await, (2..=21).collect::<Vec<_>>());
        assert_eq!(there.events(conversation, 21).await, (2..=21).collect::<Vec<_>>());
    }

    async fn what_the_bus_loses_is_found_by_the_tail(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = node.client(&bob).await;
        for _ in 0..5 {
            world.quiet_send(&ann, conversation, "eA==").await;
        }
        assert_eq!(client.events(conversation, 6).await, [2, 3, 4, 5, 6]);
        assert!(node.metric("confab_gaps_healed_total") >= 1.0);
    }

    async fn a_gap_is_closed_before_what_comes_after_it(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = node.client(&bob).await;
        for index in 0..30 {
            let committed = world.quiet_send(&ann, conversation, "eA==").await;
            if index % 3 == 2 {
                world.publish(committed);
            }
        }
        assert_eq!(client.events(conversation, 31).await, (2..=31).collect::<Vec<_>>());
    }

    async fn notices_in_the_wrong_order_and_repeated_come_out_right(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = node.client(&bob).await;
        let mut committed = Vec::new();
        for _ in 0..40 {
            committed.push(world.quiet_send(&ann, conversation, "eA==").await);
        }
        for (index, event) in committed.iter().enumerate().rev() {
            world.publish(event.clone());
            if index % 2 == 0 {
                world.publish(event.clone());
            }
        }
        assert_eq!(client.events(conversation, 41).await, (2..=41).collect::<Vec<_>>());
        let rest = client.settle().await;
        assert!(rest.iter().all(|frame| frame["seq"].is_null()), "{rest:?}");
    }

    async fn concurrent_senders_are_seen_in_one_order_by_all(world: &World) {
        let (node, people) = (world.node().await, world.people::<4>().await);
        let members: Vec<&Person> = people.iter().collect();
        let conversations = [world.group(&members).await, world.group(&members).await];
        let mut clients = Vec::new();
        for person in &people {
            clients.push(node.client(person).await);
        }
        send_at_once(world, &people, &conversations, 25).await;
        for client in &mut clients {
            for conversation in conversations {
                assert_eq!(client.events(conversation, 101).await, (2..=101).collect::<Vec<_>>());
            }
        }
    }

    async fn a_pong_tells_a_cursor_up_to_which_nothing_is_missing(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = node.client(&bob).await;
        let seq = world.send(&ann, conversation, "eA==").await;
        client.events(conversation, seq).await;
        client.send(json!({"type": "ping", "id": 5})).await;
        let pong = client.wait_for("pong").await;
        assert_eq!(pong["id"], 5);
        assert!(pong["cursor"].as_str().unwrap().starts_with("c1."));
    }
}

/// Every person sends so many messages to every conversation, all at the same time.
async fn send_at_once(world: &World, people: &[Person], conversations: &[ConversationId], count: usize) {
    let world = Arc::new(world);
    let sends = people.iter().flat_map(|person| {
        let world = Arc::clone(&world);
        conversations.iter().map(move |conversation| {
            let world = Arc::clone(&world);
            async move {
                for _ in 0..count {
                    world.send(person, *conversation, "eA==").await;
                }
            }
        })
    });
    futures_util::future::join_all(sends).await;
}
