//! Typing is told to others, and ends by itself.

use confab_contract::ConversationId;
use serde_json::{Value, json};

use crate::engines::on_both_engines;

fn typing(conversation: ConversationId, is_typing: bool) -> Value {
    json!({"type": "typing", "conversation_id": conversation, "is_typing": is_typing})
}

on_both_engines! {
    async fn others_see_it_begin_and_end_by_itself(world: &World) {
        let (one, two) = (world.node().await, world.node().await);
        let [ann, bob] = world.people().await;
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut writer, mut own) = (one.client(&ann).await, one.client(&ann).await);
        let mut reader = two.client(&bob).await;
        writer.send(typing(conversation, true)).await;
        let began = reader.wait_for("typing").await;
        assert_eq!((&began["user_id"], &began["is_typing"]), (&json!(ann.user), &json!(true)));
        assert_eq!(reader.wait_for("typing").await["is_typing"], false);
        assert!(own.settle().await.is_empty(), "not told to the person's own devices");
    }

    async fn a_message_of_the_person_ends_it(world: &World) {
        let mut choices = crate::world::Choices::default();
        choices.sockets.typing_seconds = 60;
        let (node, [ann, bob]) = (world.node_with(choices).await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut writer, mut reader) = (node.client(&ann).await, node.client(&bob).await);
        for _ in 0..3 {
            writer.send(typing(conversation, true)).await;
        }
        assert_eq!(reader.wait_for("typing").await["is_typing"], true);
        world.send(&ann, conversation, "eA==").await;
        assert_eq!(reader.wait_for("typing").await["is_typing"], false, "renewals are not told");
        writer.send(typing(conversation, true)).await;
        assert_eq!(reader.wait_for("typing").await["is_typing"], true);
        writer.send(typing(conversation, false)).await;
        assert_eq!(reader.wait_for("typing").await["is_typing"], false);
    }

    async fn strangers_cannot_type_in_a_conversation(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut reader, mut stranger) = (node.client(&bob).await, node.client(&eve).await);
        stranger.send(typing(conversation, true)).await;
        let error = stranger.wait_for("error").await;
        assert_eq!((&error["code"], &error["frame_type"]), (&json!("NOT_FOUND"), &json!("typing")));
        stranger.send(json!({"type": "ack", "conversation_id": conversation, "seq": 1})).await;
        assert_eq!(stranger.wait_for("error").await["frame_type"], "ack");
        assert!(reader.settle().await.is_empty());
    }
}
