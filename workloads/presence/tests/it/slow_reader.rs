//! Who does not read is closed, and nobody else notices.

use serde_json::json;

use crate::engines::on_both_engines;
use crate::world::{Choices, eventually};

on_both_engines! {
    async fn watermarks_and_availability_never_close_a_connection(world: &World) {
        let mut choices = Choices::default();
        choices.sockets.queue_frames = 16;
        let (node, [ann, bob]) = (world.node_with(choices).await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut slow = node.client(&ann).await;
        slow.watch(&[bob.user]).await;
        slow.settle().await;
        let read = world.read_newest(&ann, &bob, conversation).await;
        // More people than may wait for one connection, in a moment when it cannot be written to.
        for _ in 0..2000 {
            world.publish_read(conversation, confab_contract::UserId::generate(), 1);
        }
        let told = slow.wait_until(|frame| frame["read_by"] == json!(bob.user)).await;
        assert_eq!(told["read_seq"], read, "it was read again from the store");
        slow.settle().await;
        assert!(node.metric("confab_queue_overflows_total") < 1.0);
    }

    async fn a_client_that_does_not_read_holds_nobody_up_while_a_gap_is_closed(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob, &eve]).await;
        let slow = node.client(&bob).await;
        let mut quick = node.client(&eve).await;
        let content = "eA==".repeat(5_000);
        let mut last = 0;
        for _ in 0..250 {
            last = world.quiet_send(&ann, conversation, &content).await.frame.seq;
        }
        assert_eq!(quick.events(conversation, last).await.last(), Some(&last));
        slow.cut();
    }

    async fn a_client_that_does_not_read_is_closed_and_resumes_and_others_go_on(world: &World) {
        let mut choices = Choices::default();
        choices.sockets.queue_frames = 16;
        let (node, [ann, bob, eve]) = (world.node_with(choices).await, world.people().await);
        let conversation = world.group(&[&ann, &bob, &eve]).await;
        let mut slow = node.client(&bob).await;
        let mut quick = node.client(&eve).await;
        let content = "eA==".repeat(12_000);
        let mut last = 1;
        // Socket buffers of both sides have to fill first.
        while node.metric("confab_queue_overflows_total") < 1.0 {
            last = world.send(&ann, conversation, &content).await;
            assert_eq!(quick.events(conversation, last).await, [last]);
            assert!(last < 2000, "it is never closed");
        }
        eventually("the slow one has gone", || node.presence.connections() == 1).await;
        // It finds what was in flight, and the end.
        let mut seen = 1;
        while let Ok(Some(seq)) = slow.try_next_seq().await {
            assert_eq!(seq, seen + 1);
            seen = seq;
        }
        let mut back = node.open("").await;
        let resume = json!({"conversations": {conversation.to_string(): seen}});
        back.send(json!({"type": "auth", "token": bob.token, "resume": resume})).await;
        assert_eq!(back.events(conversation, last).await, (seen + 1..=last).collect::<Vec<_>>());
    }
}
