//! Watermarks: what devices acknowledged, and what people have read.

use serde_json::json;

use crate::engines::on_both_engines;

on_both_engines! {
    async fn an_acknowledgement_is_stored_and_told_to_others(world: &World) {
        let (one, two) = (world.node().await, world.node().await);
        let [ann, bob] = world.people().await;
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut sender, mut receiver) = (one.client(&ann).await, two.client(&bob).await);
        let seq = world.send(&ann, conversation, "eA==").await;
        receiver.events(conversation, seq).await;
        receiver.send(json!({"type": "ack", "conversation_id": conversation, "seq": seq})).await;
        let told = sender.wait_for("message_delivered").await;
        assert_eq!((&told["delivered_seq"], &told["delivered_to"]), (&json!(seq), &json!(bob.user)));
        receiver.send(json!({"type": "ack", "conversation_id": conversation, "seq": 1})).await;
        receiver.send(json!({"type": "ack", "conversation_id": conversation, "seq": u64::MAX})).await;
        let next = world.send(&ann, conversation, "eA==").await;
        receiver.send(json!({"type": "ack", "conversation_id": conversation, "seq": next})).await;
        let told = sender.wait_until(|frame| frame["delivered_seq"].as_u64() > Some(seq)).await;
        assert_eq!(told["delivered_seq"], next, "never back, and never beyond what there is");
    }

    async fn what_was_read_is_told_to_everybody_the_readers_devices_too(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut sender, mut own) = (node.client(&ann).await, node.client(&bob).await);
        world.publish_read(conversation, bob.user, 1);
        assert_eq!(sender.wait_for("message_read").await["read_seq"], 1);
        assert_eq!(own.wait_for("message_read").await["read_seq"], 1);
    }
}
