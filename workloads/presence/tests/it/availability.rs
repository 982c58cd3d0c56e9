//! Availability over devices and processes.

use serde_json::{Value, json};

use crate::client::Client;
use crate::engines::on_both_engines;
use crate::world::World;

async fn set(client: &mut Client, status: &str) {
    client.send(json!({"type": "presence_update", "status": status})).await;
}

on_both_engines! {
    async fn subscribing_gives_a_snapshot_and_then_the_changes(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        world.group(&[&ann, &bob]).await;
        let mut watcher = node.client(&ann).await;
        let answer = watcher.watch(&[bob.user, eve.user]).await;
        assert_eq!((&answer["user_ids"], &answer["denied"]), (&json!([bob.user]), &json!([eve.user])));
        let snapshot = watcher.wait_for("presence_changed").await;
        assert_eq!((&snapshot["status"], &snapshot["last_seen"]), (&json!("offline"), &Value::Null));
        let mut device = node.client(&bob).await;
        watcher.wait_for_status(bob.user, "online").await;
        set(&mut device, "away").await;
        watcher.wait_for_status(bob.user, "away").await;
        device.cut();
        let gone = watcher.wait_for_status(bob.user, "offline").await;
        assert!(gone["last_seen"].is_string());
    }

    async fn one_device_that_is_online_makes_the_person_online(world: &World) {
        let (one, two) = (world.node().await, world.node().await);
        let [ann, bob] = world.people().await;
        world.group(&[&ann, &bob]).await;
        let mut watcher = one.client(&ann).await;
        watcher.watch(&[bob.user]).await;
        let mut phone = one.client(&bob).await;
        watcher.wait_for_status(bob.user, "online").await;
        set(&mut phone, "away").await;
        watcher.wait_for_status(bob.user, "away").await;
        let mut desk = two.client(&bob).await;
        watcher.wait_for_status(bob.user, "online").await;
        watcher.settle().await;
        set(&mut phone, "busy").await;
        phone.settle().await;
        phone.cut();
        set(&mut desk, "away").await;
        let next = watcher.wait_for("presence_changed").await;
        assert_eq!(next["status"], "away", "nothing was told while the desk was online");
        desk.cut();
        watcher.wait_for_status(bob.user, "offline").await;
    }

    async fn a_reconnect_shows_no_flicker_on_this_process_or_another(world: &World) {
        let (one, two) = (world.node().await, world.node().await);
        let [ann, bob, eve] = world.people().await;
        world.group(&[&ann, &bob, &eve]).await;
        let mut watcher = one.client(&ann).await;
        watcher.watch(&[bob.user, eve.user]).await;
        let mut device = one.client(&bob).await;
        watcher.wait_for_status(bob.user, "online").await;
        watcher.settle().await;
        for node in [&one, &two, &one] {
            device.cut();
            device = node.client(&bob).await;
        }
        // Somebody else goes after that: when she is offline, his grace is long over.
        let other = two.client(&eve).await;
        watcher.wait_for_status(eve.user, "online").await;
        other.cut();
        watcher.wait_for_status(eve.user, "offline").await;
        set(&mut device, "away").await;
        let next = watcher.wait_until(|frame| frame["user_id"] == json!(bob.user)).await;
        assert_eq!(next["status"], "away", "nothing was told in between");
    }

    async fn a_device_that_shows_offline_hides_nobody_who_is_there_on_another(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        world.group(&[&ann, &bob]).await;
        let (mut phone, mut desk) = (node.client(&bob).await, node.client(&bob).await);
        let mut watcher = node.client(&ann).await;
        watcher.watch(&[bob.user]).await;
        watcher.wait_for_status(bob.user, "online").await;
        watcher.settle().await;
        set(&mut phone, "offline").await;
        phone.settle().await;
        set(&mut desk, "away").await;
        assert_eq!(watcher.wait_for("presence_changed").await["status"], "away");
        set(&mut desk, "offline").await;
        let gone = watcher.wait_for("presence_changed").await;
        assert_eq!(gone["status"], "offline");
        assert!(gone["last_seen"].is_string());
        set(&mut phone, "busy").await;
        assert_eq!(watcher.wait_for("presence_changed").await["status"], "busy");
    }

    async fn an_outage_longer_than_the_lease_leaves_nobody_offline_and_shows_no_flicker(world: &World) {
        let (one, two) = (world.node().await, world.node().await);
        let [ann, bob] = world.people().await;
        world.group(&[&ann, &bob]).await;
        let (mut watcher, mut device) = (one.client(&ann).await, two.client(&bob).await);
        watcher.watch(&[bob.user]).await;
        watcher.wait_for_status(bob.user, "online").await;
        watcher.settle().await;
        for status in ["busy", "away", "busy"] {
            // For the store, both processes were silent for so long.
            world.hand.advance(2000);
            let mut late = one.client(&ann).await;
            late.watch(&[bob.user]).await;
            late.wait_until(|frame| frame["type"] == "presence_changed" && frame["status"] != "offline").await;
            set(&mut device, status).await;
            watcher.wait_for_status(bob.user, status).await;
        }
        let rest = watcher.settle().await;
        assert!(rest.iter().all(|frame| frame["status"] != "offline"), "{rest:?}");
    }

    async fn a_status_message_is_told_and_cleared(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        world.group(&[&ann, &bob]).await;
        let (mut watcher, mut device) = (node.client(&ann).await, node.client(&bob).await);
        watcher.watch(&[bob.user]).await;
        let says = async |device: &mut Client, message: &str| {
            device.send(json!({"type": "presence_update", "status": "busy", "status_message": message})).await;
        };
        says(&mut device, "In a meeting").await;
        watcher.wait_until(|frame| frame["status_message"] == "In a meeting").await;
        let profile = confab_store::users::get(&world.store, &world.tenant, bob.user).await.unwrap().unwrap();
        assert_eq!(profile.status_message.as_deref(), Some("In a meeting"));
        says(&mut device, "").await;
        watcher.wait_until(|frame| frame["type"] == "presence_changed" && frame["status_message"].is_null()).await;
    }

    async fn who_does_not_share_a_conversation_any_more_is_not_visible_any_more(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob, &eve]).await;
        let (mut watcher, mut other) = (node.client(&bob).await, node.client(&eve).await);
        watcher.watch(&[eve.user, ann.user]).await;
        other.watch(&[bob.user]).await;
        world.publish(world.remove(&ann, conversation, &eve).await);
        let is_end = |frame: &Value| frame["type"] == "presence_subscribed" && frame["user_ids"] == json!([]);
        assert_eq!(watcher.wait_until(is_end).await["denied"], json!([eve.user]));
        assert_eq!(other.wait_until(is_end).await["denied"], json!([bob.user]));
        watcher.settle().await;
        set(&mut other, "busy").await;
        let mut third = node.client(&ann).await;
        set(&mut third, "away").await;
        watcher.wait_for_status(ann.user, "away").await;
        assert!(watcher.settle().await.iter().all(|frame| frame["user_id"] != json!(eve.user)));
    }

    async fn unsubscribing_ends_it_and_a_connection_may_watch_so_many(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        world.group(&[&ann, &bob]).await;
        let (mut watcher, mut device) = (node.client(&ann).await, node.client(&bob).await);
        watcher.watch(&[bob.user, bob.user]).await;
        watcher.wait_for_status(bob.user, "online").await;
        watcher.send(json!({"type": "unsubscribe_presence", "user_ids": [bob.user]})).await;
        watcher.settle().await;
        set(&mut device, "busy").await;
        device.settle().await;
        watcher.watch(&[bob.user]).await;
        watcher.wait_for_status(bob.user, "busy").await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_people_of_a_process_that_dies_go_offline_once() {
    let world = World::on_postgres().await;
    let node = world.node().await;
    let (runtime, mortal) = world.mortal_node();
    let [ann, bob, eve] = world.people().await;
    world.group(&[&ann, &bob, &eve]).await;
    let mut watcher = node.client(&ann).await;
    watcher.watch(&[bob.user, eve.user]).await;
    let _bob = mortal.client(&bob).await;
    let (_eve_there, _eve_here) = (mortal.client(&eve).await, node.client(&eve).await);
    watcher.wait_for_status(bob.user, "online").await;
    watcher.wait_for_status(eve.user, "online").await;
    watcher.settle().await;
    runtime.shutdown_background();
    world.hand.advance(2000);
    watcher.wait_for_status(bob.user, "offline").await;
    let rest = watcher.settle().await;
    assert!(rest.iter().all(|frame| frame["user_id"] != json!(eve.user)), "she is still here: {rest:?}");
}
