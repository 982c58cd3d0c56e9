//! Watermarks.

use confab_contract::bus::ReceiptKind;
use confab_contract::{ConversationId, MessageId, UserId};
use confab_store::receipts::{self, Ack};
use confab_store::{Refusal, members, messages};
use futures_util::future::join_all;

use crate::world::{World, refusal};

on_both_engines! {
    reading_moves_both_watermarks_and_never_back,
    acknowledgements_are_clamped_conflated_and_only_for_members,
    watermarks_end_at_the_farthest_of_all_racers,
    whoever_leaves_no_longer_counts_and_comes_back_with_their_watermark,
}

async fn reading_moves_both_watermarks_and_never_back(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, stranger] = world.users().await;
    let id = world.direct(me, other).await;
    let mut sent = Vec::new();
    for _ in 0..3 {
        sent.push(world.send(id, me, "YQ==").await.message.message_id);
    }
    let read = async |message| receipts::mark_read(store, tenant, other, id, message, world.now()).await;
    let advanced = read(sent[1]).await.unwrap().unwrap();
    assert_eq!((advanced.seq, advanced.kind, advanced.message_id), (3, ReceiptKind::Read, Some(sent[1])));
    assert_eq!(read(sent[1]).await.unwrap(), None);
    assert_eq!(read(sent[0]).await.unwrap(), None);
    let status = async |message| messages::get(store, tenant, me, message).await.unwrap().unwrap().delivery_status;
    assert!(status(sent[1]).await.read && status(sent[1]).await.delivered);
    assert_eq!(status(sent[1]).await.read_by, [other]);
    assert!(!status(sent[2]).await.delivered);
    let marks = receipts::watermarks(store, tenant, &[id]).await.unwrap();
    let marks: Vec<_> = marks.iter().map(|(_, mark)| (mark.user, mark.delivered_seq, mark.read_seq)).collect();
    assert_eq!(marks, [(me, 0, 0), (other, 3, 3)]);
    let marks = receipts::watermarks(store, tenant, &[id]).await.unwrap();
    assert_eq!(marks.iter().map(|(_, mark)| mark.read_message_id).collect::<Vec<_>>(), [None, Some(sent[1])]);
    assert_eq!(refusal(read(MessageId::generate()).await), Refusal::MessageNotFound);
    let by_stranger = receipts::mark_read(store, tenant, stranger, id, sent[0], world.now()).await;
    assert_eq!(refusal(by_stranger), Refusal::ConversationNotFound);
}

async fn acknowledgements_are_clamped_conflated_and_only_for_members(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, stranger] = world.users().await;
    let [one, two] = [world.direct(me, other).await, world.group(&[me, other]).await];
    for _ in 0..4 {
        world.send(one, me, "YQ==").await;
    }
    let ack = |conversation, user, seq| Ack { tenant: tenant.clone(), conversation, user, seq };
    let acks = vec![
        ack(one, other, 2),
        ack(one, other, 4),
        ack(one, other, 3),
        ack(two, other, u64::MAX),
        ack(one, stranger, 3),
        ack(ConversationId::generate(), other, 3),
        Ack { tenant: "default.other".parse().unwrap(), ..ack(one, me, 3) },
    ];
    let mut advanced = receipts::acknowledge(store, acks, world.now()).await.unwrap();
    advanced.sort_by_key(|moved| moved.seq);
    let moved: Vec<_> = advanced.iter().map(|moved| (moved.conversation, moved.user, moved.seq, moved.kind)).collect();
    assert_eq!(moved, [(two, other, 1, ReceiptKind::Delivered), (one, other, 4, ReceiptKind::Delivered)]);
    let again = vec![ack(one, other, 4), ack(two, other, 9), ack(one, other, 1)];
    assert_eq!(receipts::acknowledge(store, again, world.now()).await.unwrap(), []);
    assert_eq!(receipts::acknowledge(store, Vec::new(), world.now()).await.unwrap(), []);
    let status = messages::page(store, tenant, me, one, messages::Cursor::Newest, 10).await.unwrap();
    let delivered: Vec<_> = status.messages.iter().map(|message| message.delivery_status.delivered).collect();
    assert_eq!(delivered, [false, true, true, true]);
}

async fn watermarks_end_at_the_farthest_of_all_racers(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let another = world.another_store().await;
    let people: [UserId; 6] = world.users().await;
    let id = world.group(&people).await;
    let mut sent = Vec::new();
    for _ in 0..10 {
        sent.push(world.send(id, people[0], "YQ==").await.message.message_id);
    }
    let acks = (0..10_u64).map(|round| {
        let mut acks: Vec<_> = people
            .iter()
            .map(|user| Ack { tenant: tenant.clone(), conversation: id, user: *user, seq: 1 + (round * 7) % 11 })
            .collect();
        if round % 2 == 0 {
            acks.reverse();
        }
        receipts::acknowledge(if round % 2 == 0 { store } else { &another }, acks, world.now())
    });
    let reads =
        (0..10).map(|round| receipts::mark_read(&another, tenant, people[1], id, sent[(round * 3) % 10], world.now()));
    let (acks, reads) = futures_util::future::join(join_all(acks), join_all(reads)).await;
    assert!(acks.iter().all(Result::is_ok), "{acks:?}");
    assert!(reads.iter().all(Result::is_ok), "{reads:?}");
    for (_, mark) in receipts::watermarks(store, tenant, &[id]).await.unwrap() {
        assert_eq!(mark.delivered_seq, 11);
        assert_eq!(mark.read_seq, if mark.user == people[1] { 11 } else { 0 });
    }
}

async fn whoever_leaves_no_longer_counts_and_comes_back_with_their_watermark(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [owner, near, far] = world.users().await;
    let id = world.group(&[owner, near, far]).await;
    let sent = world.send(id, owner, "YQ==").await.message.message_id;
    receipts::mark_read(store, tenant, near, id, sent, world.now()).await.unwrap();
    let status = async || messages::get(store, tenant, owner, sent).await.unwrap().unwrap().delivery_status;
    assert!(!status().await.read);
    members::leave(store, tenant, far, id, world.now()).await.unwrap();
    assert!(status().await.read);
    members::leave(store, tenant, near, id, world.now()).await.unwrap();
    assert!(!status().await.read);
    members::add(store, tenant, owner, id, &[near], 500, world.now()).await.unwrap();
    let marks = receipts::watermarks(store, tenant, &[id]).await.unwrap();
    assert!(marks.iter().any(|(_, mark)| mark.user == near && mark.read_seq == 2));
}
