//! A session that ends hears nothing more.

use confab_contract::bus::{BusMessage, Notice};
use confab_contract::socket::close::CloseReason;
use serde_json::json;

use crate::engines::on_both_engines;

on_both_engines! {
    async fn a_revoked_session_is_closed_at_once_and_others_of_the_person_are_not(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let other = crate::world::Person { login: confab_contract::SessionId::generate(), ..bob.clone() };
        let other = crate::world::Person { token: world.token(other.user, other.login), ..other };
        let (mut revoked, mut kept) = (node.client(&bob).await, node.client(&other).await);
        world.revocations.revoke(&world.tenant, bob.login, world.now());
        assert_eq!(revoked.closed().await, Some(CloseReason::SessionRevoked));
        let seq = world.send(&ann, conversation, "eA==").await;
        assert_eq!(kept.events(conversation, seq).await, [seq]);
        let mut again = node.open(&format!("?token={}", bob.token)).await;
        assert_eq!(again.closed().await, Some(CloseReason::SessionRevoked));
    }

    async fn a_revocation_over_the_bus_is_felt_and_remembered(world: &World) {
        let (node, [bob]) = (world.node().await, world.people().await);
        let mut client = node.client(&bob).await;
        let notice = Notice::SessionRevoked { user: bob.user, session: bob.login };
        world.bus.publish(BusMessage { tenant: world.tenant.clone(), notice });
        assert_eq!(client.closed().await, Some(CloseReason::SessionRevoked));
        let mut again = node.open("").await;
        again.send(json!({"type": "auth", "token": bob.token})).await;
        assert_eq!(again.closed().await, Some(CloseReason::SessionRevoked));
    }

    async fn a_connection_that_waits_for_resume_is_closed_as_well(world: &World) {
        let (node, [bob]) = (world.node().await, world.people().await);
        let mut client = node.open(&format!("?token={}&resume=1", bob.token)).await;
        client.wait_for("auth_success").await;
        world.revocations.revoke(&world.tenant, bob.login, world.now().plus_millis(3_600_000));
        assert_eq!(client.closed().await, Some(CloseReason::SessionRevoked));
    }

    async fn a_token_that_ends_closes_the_connection(world: &World) {
        let (node, [bob]) = (world.node().await, world.people().await);
        let mut client = node.client(&bob).await;
        world.hand.advance(3_599_000);
        client.settle().await;
        world.hand.advance(1_000);
        assert_eq!(client.closed().await, Some(CloseReason::AuthenticationFailed));
    }
}
