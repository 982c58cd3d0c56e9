//! A client that comes to a process which lags behind the one that it came from.

use confab_contract::ConversationId;
use serde_json::{Value, json};

use crate::client::Client;
use crate::engines::on_both_engines;
use crate::world::{Choices, Node, Person, World};

/// A process that learns of nothing by itself: of what is announced, only.
async fn lagging_node(world: &World) -> Node {
    let mut choices = Choices::default();
    choices.sockets.tail_millis = 3_600_000;
    choices.sockets.tail_without_bus_millis = 3_600_000;
    world.node_with(choices).await
}

/// Connects as one who has seen everything up to `seq` elsewhere.
async fn resumed(node: &Node, person: &Person, conversation: ConversationId, seq: u64) -> (Client, Value) {
    let mut client = node.open("").await;
    let resume = json!({"conversations": {conversation.to_string(): seq}});
    client.send(json!({"type": "auth", "token": person.token, "resume": resume})).await;
    let resumed = client.wait_for("resumed").await;
    (client, resumed)
}

async fn quiet_sends(world: &World, sender: &Person, conversation: ConversationId, count: usize) -> u64 {
    let mut last = 0;
    for _ in 0..count {
        last = world.quiet_send(sender, conversation, "eA==").await.frame.seq;
    }
    last
}

on_both_engines! {
    async fn who_was_removed_meanwhile_hears_nothing_again(world: &World) {
        let (node, [ann, bob, eve]) = (lagging_node(world).await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut other = node.client(&bob).await;
        world.add(&ann, conversation, &eve).await;
        quiet_sends(world, &ann, conversation, 3).await;
        let removed = world.remove(&ann, conversation, &eve).await.frame.seq;
        let (mut client, _) = resumed(&node, &eve, conversation, removed).await;
        assert_eq!(client.wait_for("resync_required").await["reason"], "not_a_member");
        let last = world.send(&ann, conversation, "eA==").await;
        assert_eq!(other.events(conversation, last).await, (2..=last).collect::<Vec<_>>());
        assert_nothing_of(conversation, world, &ann, &eve, &mut client).await;
    }

    async fn who_was_added_meanwhile_and_has_it_all_gets_what_follows_only(world: &World) {
        let (node, [ann, bob, eve]) = (lagging_node(world).await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut other = node.client(&bob).await;
        world.add(&ann, conversation, &eve).await;
        let seen = quiet_sends(world, &ann, conversation, 3).await;
        let (mut client, answer) = resumed(&node, &eve, conversation, seen).await;
        assert_eq!(answer["replayed"], 0);
        let last = world.send(&ann, conversation, "eA==").await;
        assert_eq!(other.events(conversation, last).await, (2..=last).collect::<Vec<_>>());
        assert_eq!(client.events(conversation, last).await, [last]);
    }

    async fn who_was_removed_and_added_again_meanwhile_stays(world: &World) {
        let (node, [ann, bob, eve]) = (lagging_node(world).await, world.people().await);
        let conversation = world.group(&[&ann, &bob, &eve]).await;
        let mut other = node.client(&bob).await;
        world.remove(&ann, conversation, &eve).await;
        world.add(&ann, conversation, &eve).await;
        let seen = quiet_sends(world, &ann, conversation, 2).await;
        let (mut client, _) = resumed(&node, &eve, conversation, seen).await;
        let last = world.send(&ann, conversation, "eA==").await;
        assert_eq!(other.events(conversation, last).await, (2..=last).collect::<Vec<_>>());
        assert_eq!(client.events(conversation, last).await, [last]);
    }

    async fn a_notice_that_comes_again_much_later_lets_nobody_in_who_has_left(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = node.client(&eve).await;
        let added = world.add(&ann, conversation, &eve).await;
        world.publish(added.clone());
        client.events(conversation, 2).await;
        let removed = world.remove(&ann, conversation, &eve).await;
        let last = removed.frame.seq;
        world.publish(removed);
        client.events(conversation, last).await;
        world.publish(added);
        assert_nothing_of(conversation, world, &ann, &eve, &mut client).await;
    }

    async fn who_is_added_and_removed_at_once_is_told_that_there_was_something(world: &World) {
        let (node, [ann, bob, eve]) = (lagging_node(world).await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut client = node.client(&eve).await;
        let added = world.add(&ann, conversation, &eve).await;
        world.remove(&ann, conversation, &eve).await;
        world.publish(added);
        let told = client.wait_for("resync_required").await;
        assert_eq!((&told["conversation_id"], &told["reason"]), (&json!(conversation), &json!("not_a_member")));
    }
}

/// Lets her follow a conversation of her own: by then she would have been told of the other one.
async fn assert_nothing_of(
    conversation: ConversationId,
    world: &World,
    owner: &Person,
    person: &Person,
    client: &mut Client,
) {
    let own = world.group(&[owner, person]).await;
    client.events(own, 1).await;
    let rest = client.settle().await;
    let is_event = |frame: &&Value| frame["conversation_id"] == json!(conversation) && frame["seq"].is_u64();
    assert_eq!(rest.iter().find(is_event), None);
}
