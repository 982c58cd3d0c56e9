//! How many frames a person may send.

use confab_contract::config::tenant::RateLimit;
use confab_contract::socket::close::CloseReason;
use serde_json::json;

use crate::engines::on_both_engines;

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
