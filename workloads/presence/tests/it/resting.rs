//! A tenant to which nobody is connected costs a process nothing, and is followed again when somebody comes.

use std::time::Duration;

use confab_presence::Tempo;

use crate::engines::on_both_engines;
use crate::world::{Choices, Node, eventually};

/// Tenants that a process looks after.
fn tenants(node: &Node) -> u32 {
    let text = node.metrics.encode();
    let line = text.lines().find_map(|line| line.strip_prefix("confab_socket_tenants "));
    line.and_then(|count| count.parse().ok()).unwrap_or_else(|| panic!("{text}"))
}

fn ageing(millis: u64) -> Choices {
    let choices = Choices::default();
    let tempo = Tempo { ageing: Duration::from_millis(millis), patrol: Duration::from_millis(10), ..choices.tempo };
    Choices { tempo, ..choices }
}

on_both_engines! {
    async fn a_tenant_that_everybody_has_left_is_let_go_and_followed_again(world: &World) {
        let (node, [ann, bob]) = (world.node_with(ageing(300)).await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        assert_eq!(tenants(&node), 0);
        let mut client = node.client(&bob).await;
        assert_eq!(tenants(&node), 1);
        world.send(&ann, conversation, "eA==").await;
        client.wait_for("message_received").await;
        drop(client);
        eventually("it is let go", || tenants(&node) == 0).await;
        let mut client = node.client(&bob).await;
        let seq = world.send(&ann, conversation, "eQ==").await;
        client.events(conversation, seq).await;
        assert_eq!(tenants(&node), 1);
    }

    async fn whoever_comes_while_a_tenant_is_let_go_misses_nothing(world: &World) {
        let mut choices = ageing(1);
        choices.sockets.offline_grace_seconds = 0;
        let (node, [ann, bob]) = (world.node_with(choices).await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        for _ in 0..40 {
            let mut client = node.client(&bob).await;
            let seq = world.send(&ann, conversation, "eA==").await;
            client.events(conversation, seq).await;
        }
        eventually("it is let go", || tenants(&node) == 0).await;
    }
}
