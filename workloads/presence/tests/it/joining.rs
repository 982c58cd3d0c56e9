//! Joining and leaving conversations while connected.

use crate::engines::on_both_engines;

on_both_engines! {
    async fn who_is_in_a_new_conversation_hears_of_it_and_of_all_that_follows(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let (mut first, mut second) = (node.client(&ann).await, node.client(&bob).await);
        let conversation = world.group(&[&ann, &bob]).await;
        world.send(&ann, conversation, "eA==").await;
        for client in [&mut first, &mut second] {
            assert_eq!(client.wait_for("conversation_created").await["seq"], 1);
            assert_eq!(client.events(conversation, 2).await, [2]);
        }
    }

    async fn a_new_conversation_whose_notice_was_lost_is_found_by_the_tail(world: &World) {
        let (node, [ann, bob]) = (world.node().await, world.people().await);
        let mut client = node.client(&bob).await;
        let conversation = world.quiet_group(&[&ann, &bob]).await.frame.conversation_id;
        world.quiet_send(&ann, conversation, "eA==").await;
        assert_eq!(client.events(conversation, 2).await, [1, 2]);
        world.send(&ann, conversation, "eA==").await;
        assert_eq!(client.events(conversation, 3).await, [3]);
    }

    async fn who_is_added_begins_with_that_event_and_who_is_removed_ends_with_it(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut member, mut guest) = (node.client(&bob).await, node.client(&eve).await);
        world.send(&ann, conversation, "eA==").await;
        world.publish(world.add(&ann, conversation, &eve).await);
        world.send(&ann, conversation, "eA==").await;
        world.publish(world.remove(&ann, conversation, &eve).await);
        let last = world.send(&ann, conversation, "eA==").await;
        assert_eq!(member.events(conversation, last).await, [2, 3, 4, 5, 6]);
        assert_eq!(guest.events(conversation, 5).await, [3, 4, 5]);
        assert!(guest.settle().await.is_empty());
        world.publish(world.add(&ann, conversation, &eve).await);
        let last = world.send(&ann, conversation, "eA==").await;
        assert_eq!(guest.events(conversation, last).await, [7, 8]);
    }

    async fn the_same_holds_when_every_notice_is_lost(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let (mut member, mut guest) = (node.client(&bob).await, node.client(&eve).await);
        world.quiet_send(&ann, conversation, "eA==").await;
        world.add(&ann, conversation, &eve).await;
        world.quiet_send(&ann, conversation, "eA==").await;
        assert_eq!(guest.events(conversation, 4).await, [3, 4]);
        world.remove(&ann, conversation, &eve).await;
        world.quiet_send(&ann, conversation, "eA==").await;
        assert_eq!(member.events(conversation, 6).await, [2, 3, 4, 5, 6]);
        assert_eq!(guest.events(conversation, 5).await, [5]);
        assert!(guest.settle().await.is_empty());
    }

    async fn the_owner_of_a_lost_notice_in_the_wrong_order_still_joins(world: &World) {
        let (node, [ann, bob, eve]) = (world.node().await, world.people().await);
        let conversation = world.group(&[&ann, &bob]).await;
        let mut guest = node.client(&eve).await;
        // Nobody else of the conversation is connected here.
        let added = world.add(&ann, conversation, &eve).await;
        let next = world.quiet_send(&ann, conversation, "eA==").await;
        world.publish(next);
        world.publish(added);
        assert_eq!(guest.events(conversation, 3).await, [2, 3]);
        assert!(guest.settle().await.iter().all(|frame| frame["seq"].is_null()));
    }
}
