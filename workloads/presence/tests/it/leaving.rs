//! A drain: upgrades refused, clients told, connections closed, within the deadline.

use confab_contract::socket::close::CloseReason;
use tokio::time::timeout;

use crate::engines::on_both_engines;
use crate::world::DEADLINE;

on_both_engines! {
    async fn clients_are_told_to_reconnect_at_different_moments_and_then_closed(world: &World) {
        let node = world.node().await;
        let mut clients = Vec::new();
        for _ in 0..10 {
            clients.push(node.client(&world.person().await).await);
        }
        let mut nobody = node.open("").await;
        node.drain.begin();
        let mut delays = Vec::new();
        for client in &mut clients {
            delays.push(client.wait_for("reconnect").await["after_ms"].as_u64().unwrap());
        }
        delays.sort_unstable();
        delays.dedup();
        assert_eq!(delays.len(), 10, "each at another moment");
        assert!(delays.iter().all(|delay| *delay <= 300));
        for client in &mut clients {
            assert_eq!(client.closed().await, Some(CloseReason::GoingAway));
        }
        assert_eq!(nobody.closed().await, Some(CloseReason::GoingAway));
        timeout(DEADLINE, node.ended).await.expect("the work ends with the last connection").unwrap();
        assert_eq!(node.presence.connections(), 0);
    }
}
