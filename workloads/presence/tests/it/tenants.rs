//! Two tenants in one process.

use confab_contract::socket::close::CloseReason;
use serde_json::json;

use crate::client::{Client, try_open};
use crate::engines::on_both_engines;
use crate::world::Node;

const OTHER: &str = "other.example.com";

async fn open_at_other(node: &Node, token: &str) -> Client {
    try_open(node.address, &format!("/v1/ws?token={token}"), &[("host", OTHER)]).await.map_err(|_| "refused").unwrap()
}

on_both_engines! {
    async fn a_token_of_one_tenant_holds_nowhere_else(world: &World) {
        let node = world.node().await;
        let other = world.add_tenant(OTHER).await;
        let (here, there) = (world.person().await, world.person_of(&other).await);
        let mut foreign = open_at_other(&node, &here.token).await;
        assert_eq!(foreign.wait_for("error").await["code"], "AUTHENTICATION_FAILED");
        assert_eq!(foreign.closed().await, Some(CloseReason::AuthenticationFailed));
        let mut client = open_at_other(&node, &there.token).await;
        client.wait_for("auth_success").await;
        client.send(json!({"type": "auth", "token": here.token})).await;
        assert_eq!(client.wait_for("error").await["code"], "AUTHENTICATION_FAILED");
        client.settle().await;
    }

    async fn nothing_of_one_tenant_reaches_another(world: &World) {
        let node = world.node().await;
        let other = world.add_tenant(OTHER).await;
        let [ann, bob] = world.people().await;
        let stranger = world.person_of(&other).await;
        let mut spy = open_at_other(&node, &stranger.token).await;
        spy.wait_for("auth_success").await;
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut sender, mut reader) = (node.client(&ann).await, node.client(&bob).await);
        assert_eq!(spy.watch(&[ann.user]).await["denied"], json!([ann.user]));
        let typing = json!({"type": "typing", "conversation_id": conversation, "is_typing": true});
        sender.send(typing.clone()).await;
        reader.wait_for("typing").await;
        let seq = world.send(&ann, conversation, "eA==").await;
        reader.events(conversation, seq).await;
        sender.send(json!({"type": "presence_update", "status": "busy"})).await;
        sender.settle().await;
        spy.send(typing).await;
        assert_eq!(spy.wait_for("error").await["code"], "NOT_FOUND");
        spy.send(json!({"type": "ack", "conversation_id": conversation, "seq": seq})).await;
        assert_eq!(spy.wait_for("error").await["code"], "NOT_FOUND");
        assert_eq!(spy.settle().await, Vec::<serde_json::Value>::new());
    }
}
