//! How many frames a person may send.

use confab_contract::config::tenant::RateLimit;
use confab_contract::socket::close::CloseReason;
use serde_json::json;

use crate::engines::on_both_engines;
use crate::world::{Choices, World, eventually};

on_both_engines! {
    async fn frames_beyond_the_limit_are_refused_over_all_connections_and_processes(world: &World) {
        world.configure(|tenant| tenant.limits.websocket = RateLimit { requests: 20, per_seconds: 600 });
        let one = world.node().await;
        let [ann, bob] = world.people().await;
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut first, mut second) = (one.client(&ann).await, one.client(&ann).await);
        let typing = json!({"type": "typing", "conversation_id": conversation, "is_typing": true});
        for _ in 0..10 {
            first.send(typing.clone()).await;
            second.send(typing.clone()).await;
        }
        assert!(first.settle().await.is_empty() && second.settle().await.is_empty());
        first.send(typing.clone()).await;
        let error = first.wait_for("error").await;
        assert_eq!((&error["code"], &error["frame_type"]), (&json!("RATE_LIMIT_EXCEEDED"), &json!("typing")));
        assert!(error["retry_after"].as_u64().unwrap() >= 1);
        // Heartbeats and acknowledgements go on.
        first.send(json!({"type": "ack", "conversation_id": conversation, "seq": 1})).await;
        assert!(first.settle().await.iter().all(|frame| frame["type"] != "error"));
    }

    async fn reconnecting_neither_costs_nor_brings_frames(world: &World) {
        world.configure(|tenant| tenant.limits.websocket = RateLimit { requests: 20, per_seconds: 600 });
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let typing = json!({"type": "typing", "conversation_id": conversation, "is_typing": true});
        for _ in 0..5 {
            let mut client = node.client(&ann).await;
            for _ in 0..4 {
                client.send(typing.clone()).await;
            }
            assert!(client.settle().await.is_empty());
            client.cut();
            eventually("she is forgotten", || node.presence.connections() == 0).await;
        }
        let mut client = node.client(&ann).await;
        client.send(typing.clone()).await;
        assert_eq!(client.wait_for("error").await["code"], "RATE_LIMIT_EXCEEDED");
    }

    async fn malformed_frames_count_as_well(world: &World) {
        world.configure(|tenant| tenant.limits.websocket = RateLimit { requests: 3, per_seconds: 600 });
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut client = node.client(&ann).await;
        for code in ["VALIDATION_ERROR", "VALIDATION_ERROR", "VALIDATION_ERROR", "RATE_LIMIT_EXCEEDED"] {
            client.send(json!({"type": "typing", "x": 1})).await;
            let error = client.wait_for("error").await;
            assert_eq!((&error["code"], &error["frame_type"]), (&json!(code), &json!("typing")));
        }
    }

    async fn a_flood_ends_the_connection(world: &World) {
        let (node, [ann]) = (world.node().await, world.people().await);
        let mut client = node.client(&ann).await;
        for _ in 0..2000 {
            if !client.try_send(&json!({"type": "ping"})).await {
                break;
            }
        }
        assert_eq!(client.closed().await, Some(CloseReason::Flooding));
    }

    async fn acknowledging_every_event_of_a_busy_conversation_is_no_flood(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = node.client(&bob).await;
        for _ in 0..600 {
            let seq = world.send(&ann, conversation, "eA==").await;
            client.events(conversation, seq).await;
            client.send(json!({"type": "ack", "conversation_id": conversation, "seq": seq})).await;
        }
        client.settle().await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_limit_holds_over_processes() {
    let world = World::on_postgres().await;
    world.configure(|tenant| tenant.limits.websocket = RateLimit { requests: 20, per_seconds: 600 });
    let (one, two) = (world.node().await, world.node().await);
    let [ann, bob] = world.people().await;
    let conversation = world.group(&[&ann, &bob]).await;
    let (mut here, mut there) = (one.client(&ann).await, two.client(&ann).await);
    let typing = json!({"type": "typing", "conversation_id": conversation, "is_typing": true});
    let mut allowed = 0;
    for _ in 0..15 {
        for client in [&mut here, &mut there] {
            client.send(typing.clone()).await;
            allowed += usize::from(client.settle().await.iter().all(|frame| frame["type"] != "error"));
        }
    }
    assert!((18..=20).contains(&allowed), "{allowed}: what a process takes at once may stay unspent, no more");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_address_can_hold_some_silent_sockets_only() {
    let world = World::on_sqlite().await;
    let mut choices = Choices::default();
    choices.sockets.max_connections = 16;
    let (node, ann) = (world.node_with(choices).await, world.person().await);
    let silent = [node.open("").await, node.open("").await];
    let refused = crate::client::try_open(node.address, "/v1/ws", &[]).await.err().unwrap();
    assert_eq!(refused.status().as_u16(), 429);
    assert!(refused.headers().contains_key("retry-after"));
    silent.into_iter().for_each(crate::client::Client::cut);
    eventually("they have gone", || node.presence.connections() == 0).await;
    // Who signs in makes room.
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(node.client(&ann).await);
    }
}
