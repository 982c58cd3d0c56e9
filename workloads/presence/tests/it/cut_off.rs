//! What ends a person's sessions ends their sockets, whichever way this process learns of it.

use confab_contract::bus::{BusMessage, Notice};
use confab_contract::socket::close::CloseReason;
use confab_contract::{SessionId, UserId};
use confab_store::users;
use secrecy::SecretString;
use serde_json::json;

use crate::client::Client;
use crate::engines::on_both_engines;
use crate::world::{Node, PASSWORD_HASH, Person, World};

async fn change_password(world: &World, person: &Person, keep: Option<SessionId>) -> Vec<SessionId> {
    let hashes = (SecretString::from(PASSWORD_HASH), SecretString::from("another"));
    let changed = users::change_password(&world.store, &world.tenant, person.user, hashes, keep, world.now()).await;
    changed.unwrap().expect("the hash is the account's")
}

async fn suspend(world: &World, person: &Person) -> Vec<SessionId> {
    users::set_suspended(&world.store, &world.tenant, person.user, true, world.now()).await.unwrap().unwrap()
}

fn tell(world: &World, user: UserId, sessions: Vec<SessionId>) {
    for session in sessions {
        let notice = Notice::SessionRevoked { user, session };
        world.bus.publish(BusMessage { tenant: world.tenant.clone(), notice });
    }
}

/// One that is live, and one that waits for `resume`.
async fn sockets(node: &Node, person: &Person) -> [Client; 2] {
    let mut holding = node.open(&format!("?token={}&resume=1", person.token)).await;
    holding.wait_for("auth_success").await;
    [node.client(person).await, holding]
}

async fn assert_cut(clients: [Client; 2]) {
    for mut client in clients {
        assert_eq!(client.closed().await, Some(CloseReason::SessionRevoked));
    }
}

on_both_engines! {
    async fn a_changed_password_cuts_all_sockets_but_those_of_the_session_that_changed_it(world: &World) {
        let node = world.node().await;
        let phone = world.signed_in().await;
        let desk = world.another_login(&phone).await;
        let (sockets, mut kept) = (sockets(&node, &phone).await, node.client(&desk).await);
        let revoked = change_password(world, &phone, Some(desk.login)).await;
        assert_eq!(revoked, [phone.login]);
        tell(world, phone.user, revoked);
        assert_cut(sockets).await;
        kept.settle().await;
    }

    async fn a_suspension_cuts_all_sockets_and_opens_none(world: &World) {
        let (node, ann) = (world.node().await, world.signed_in().await);
        let sockets = sockets(&node, &ann).await;
        tell(world, ann.user, suspend(world, &ann).await);
        assert_cut(sockets).await;
        let mut again = node.open(&format!("?token={}", ann.token)).await;
        assert_eq!(again.closed().await, Some(CloseReason::SessionRevoked));
    }

    async fn both_are_felt_although_no_notice_ever_comes(world: &World) {
        let node = world.node().await;
        let _following = world.follow_revocations();
        let (ann, bob) = (world.signed_in().await, world.signed_in().await);
        let (of_ann, of_bob) = (sockets(&node, &ann).await, sockets(&node, &bob).await);
        change_password(world, &ann, None).await;
        suspend(world, &bob).await;
        assert_cut(of_ann).await;
        assert_cut(of_bob).await;
    }

    async fn a_removed_member_can_neither_type_nor_acknowledge_on_an_open_socket(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut reader, mut removed) = (node.client(&ann).await, node.client(&bob).await);
        let event = world.remove(&ann, conversation, &bob).await;
        let last = event.frame.seq;
        world.publish(event);
        removed.events(conversation, last).await;
        reader.events(conversation, last).await;
        for frame in [
            json!({"type": "typing", "conversation_id": conversation, "is_typing": true}),
            json!({"type": "ack", "conversation_id": conversation, "seq": last}),
        ] {
            removed.send(frame.clone()).await;
            let error = removed.wait_for("error").await;
            assert_eq!((&error["code"], &error["frame_type"]), (&json!("NOT_FOUND"), &frame["type"]));
        }
        assert!(reader.settle().await.is_empty());
    }
}
