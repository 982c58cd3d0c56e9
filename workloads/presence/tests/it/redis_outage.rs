//! Redis gone: sockets stay and delivery goes on, late; Redis back: no restart, no gap.

use confab_testbed::RedisServer;
use serde_json::json;

use crate::world::{World, eventually};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_everything_still_arrives() {
    let mut redis = RedisServer::start().await.unwrap();
    let world = World::on_postgres_with(redis.url()).await;
    let (one, two) = (world.node().await, world.node().await);
    let [ann, bob] = world.people().await;
    let conversation = world.group(&[&ann, &bob]).await;
    let (mut here, mut there) = (one.client(&ann).await, two.client(&bob).await);
    here.watch(&[bob.user]).await;
    here.wait_for_status(bob.user, "online").await;

    redis.stop().await.unwrap();
    eventually("both notice", || !one.bus.is_up() && !two.bus.is_up()).await;
    for _ in 0..10 {
        world.send(&ann, conversation, "eA==").await;
    }
    assert_eq!(here.events(conversation, 11).await, (2..=11).collect::<Vec<_>>());
    assert_eq!(there.events(conversation, 11).await, (2..=11).collect::<Vec<_>>());
    there.send(json!({"type": "ack", "conversation_id": conversation, "seq": 11})).await;
    let joined = world.group(&[&bob, &ann]).await;
    assert_eq!(here.events(joined, 1).await, [1]);
    assert_eq!(there.events(joined, 1).await, [1]);
    there.send(json!({"type": "presence_update", "status": "busy"})).await;
    here.wait_for_status(bob.user, "busy").await;

    redis.start_again().await.unwrap();
    eventually("both are back", || one.bus.is_up() && two.bus.is_up()).await;
    let told = here.wait_for("message_delivered").await;
    assert_eq!((&told["delivered_seq"], &told["delivered_to"]), (&json!(11), &json!(bob.user)));
    for _ in 0..10 {
        world.send(&ann, conversation, "eA==").await;
    }
    assert_eq!(here.events(conversation, 21).await, (12..=21).collect::<Vec<_>>());
    assert_eq!(there.events(conversation, 21).await, (12..=21).collect::<Vec<_>>());
    there.send(json!({"type": "presence_update", "status": "away"})).await;
    here.wait_for_status(bob.user, "away").await;
    there.send(json!({"type": "typing", "conversation_id": conversation, "is_typing": true})).await;
    assert_eq!(here.wait_for("typing").await["is_typing"], true);
}
