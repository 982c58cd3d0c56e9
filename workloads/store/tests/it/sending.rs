//! Sending: dense sequences, retries, races, failures inside a batch.

use std::collections::BTreeSet;

use confab_contract::MessageId;
use confab_contract::timeline::TimelineEvent;
use confab_store::messages::{self, NewMessage};
use confab_store::{Engine, Refusal, Store, StoreError, WriteError, members, timeline, users};
use futures_util::future::join_all;
use serde_json::json;

use crate::world::{World, refusal};

on_both_engines! {
    seqs_are_dense_under_many_senders_and_two_processes,
    a_retry_gives_the_same_message_and_another_body_is_refused,
    retries_at_the_same_moment_make_one_message,
    the_refused_are_told_and_nobody_else_suffers,
    a_message_that_breaks_the_batch_fails_alone,
    a_caller_who_goes_away_harms_nobody,
    suspension_silences_both_sides_of_a_direct_conversation_and_only_the_suspended_in_a_group,
    who_left_sends_no_more_and_does_not_reply_to_what_was_before_a_new_joining,
    closing_finishes_what_is_queued,
}

async fn seqs_are_dense_under_many_senders_and_two_processes(world: World) {
    let people: [_; 16] = world.users().await;
    let mut conversations = Vec::new();
    for _ in 0..3 {
        conversations.push(world.group(&people).await);
    }
    let stores = stores(&world).await;
    let senders = people.iter().enumerate().map(|(number, sender)| {
        let (store, world, conversations) = (stores[number % stores.len()].clone(), &world, &conversations);
        async move {
            let mut sent = Vec::new();
            for round in 0..12 {
                let message = world.message(conversations[round % 3], *sender, "YQ==");
                let id = message.id;
                let done = messages::send(&store, &world.tenant, message).await.unwrap();
                sent.push((conversations[round % 3], done.message.seq, id));
            }
            sent
        }
    });
    let sent: Vec<_> = join_all(senders).await.into_iter().flatten().collect();
    for conversation in conversations {
        let acknowledged: BTreeSet<_> =
            sent.iter().filter(|(place, ..)| *place == conversation).map(|(_, seq, id)| (*seq, *id)).collect();
        let frames = timeline::read(&world.store, &world.tenant, conversation, 0, u64::MAX, 1000).await.unwrap();
        let seqs: Vec<u64> = frames.iter().map(|frame| frame.seq).collect();
        assert_eq!(seqs, (1..=65).collect::<Vec<_>>());
        let found: BTreeSet<_> =
            frames.iter().filter_map(|frame| Some((frame.seq, message_id(&frame.event)?))).collect();
        assert_eq!(found, acknowledged);
        assert_eq!(timeline::last_seq(&world.store, &world.tenant, conversation).await.unwrap(), Some(65));
    }
}

async fn a_retry_gives_the_same_message_and_another_body_is_refused(world: World) {
    let [me, other] = world.users().await;
    let conversation = world.direct(me, other).await;
    let mut first = world.message(conversation, me, "YQ==");
    first.temp_id = Some("temp 🙂 1".to_owned());
    first.metadata = serde_json::from_value(json!({"a": 1, "b": [1, {"c": null}]})).unwrap();
    let sent = world.try_send(first.clone()).await.unwrap();
    let frame = sent.committed.unwrap().frame;
    let read = timeline::read(&world.store, &world.tenant, conversation, 1, u64::MAX, 10).await.unwrap();
    assert_eq!(read, [frame]);
    let retry = NewMessage { id: MessageId::generate(), at: world.now(), ..first.clone() };
    let again = world.try_send(retry.clone()).await.unwrap();
    assert_eq!(again.message, sent.message);
    assert!(again.committed.is_none());
    for other_body in [
        NewMessage { content_encrypted: "Yg==".to_owned(), ..retry.clone() },
        NewMessage { metadata: serde_json::from_value(json!({"a": 2})).unwrap(), ..retry.clone() },
        NewMessage { message_type: confab_contract::rest::messages::MessageType::Image, ..retry.clone() },
        NewMessage { reply_to: Some(sent.message.message_id), ..retry.clone() },
    ] {
        assert_eq!(refusal(world.try_send(other_body).await), Refusal::TempIdReused);
    }
    // An edit or deletion since does not make the retry another message.
    messages::edit(&world.store, &world.tenant, me, sent.message.message_id, "Yw==".to_owned(), world.now())
        .await
        .unwrap();
    assert_eq!(world.try_send(retry.clone()).await.unwrap().message, sent.message);
    messages::delete_for_everyone(&world.store, &world.tenant, me, sent.message.message_id, world.now()).await.unwrap();
    assert_eq!(world.try_send(retry.clone()).await.unwrap().message, sent.message);
    // The temp_id belongs to one sender in one conversation.
    let theirs = NewMessage { id: MessageId::generate(), sender: other, ..retry };
    assert!(world.try_send(theirs).await.unwrap().committed.is_some());
}

async fn retries_at_the_same_moment_make_one_message(world: World) {
    let [me, other] = world.users().await;
    let conversation = world.direct(me, other).await;
    let stores = stores(&world).await;
    for round in 0..10 {
        let tries = (0..12).map(|number| {
            let mut message = world.message(conversation, me, "YQ==");
            message.temp_id = Some(format!("t{round}"));
            messages::send(&stores[number % stores.len()], &world.tenant, message)
        });
        let results: Vec<_> = join_all(tries).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(results.iter().filter(|sent| sent.committed.is_some()).count(), 1);
        assert!(results.iter().all(|sent| sent.message == results[0].message));
    }
    assert_eq!(timeline::last_seq(&world.store, &world.tenant, conversation).await.unwrap(), Some(11));
}

async fn the_refused_are_told_and_nobody_else_suffers(world: World) {
    let [me, other, stranger] = world.users().await;
    let conversation = world.direct(me, other).await;
    let elsewhere = world.direct(me, stranger).await;
    let there = world.send(elsewhere, me, "YQ==").await.message.message_id;
    let reply_to = |id| NewMessage { reply_to: Some(id), ..world.message(conversation, me, "YQ==") };
    let here = world.send(conversation, other, "YQ==").await.message.message_id;
    let bad = [
        world.message(conversation, stranger, "YQ=="),
        world.message(confab_contract::ConversationId::generate(), me, "YQ=="),
        reply_to(there),
        reply_to(MessageId::generate()),
    ];
    let good = [reply_to(here), world.message(conversation, me, "YQ==")];
    let results = join_all(bad.into_iter().chain(good).map(|message| world.try_send(message))).await;
    let mut results = results.into_iter();
    for expected in
        [Refusal::ConversationNotFound, Refusal::ConversationNotFound, Refusal::ReplyElsewhere, Refusal::ReplyElsewhere]
    {
        assert_eq!(refusal(results.next().unwrap()), expected);
    }
    let seqs: BTreeSet<u64> = results.map(|sent| sent.unwrap().message.seq).collect();
    assert_eq!(seqs, BTreeSet::from([3, 4]));
}

async fn a_message_that_breaks_the_batch_fails_alone(world: World) {
    let [me, other] = world.users().await;
    let conversation = world.direct(me, other).await;
    let taken = world.send(conversation, me, "YQ==").await.message.message_id;
    let mut nul = world.message(conversation, me, "YQ==");
    nul.temp_id = Some("a\0b".to_owned());
    let guilty = NewMessage { id: taken, ..world.message(conversation, me, "YQ==") };
    // Enough to share a batch with the guilty one while the writer is busy.
    let innocent = (0..60).map(|_| world.message(conversation, me, "YQ=="));
    let jobs = innocent.clone().take(30).chain([guilty, nul]).chain(innocent.skip(30));
    let results = join_all(jobs.map(|message| world.try_send(message))).await;
    let failed: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
    assert_eq!(failed.len(), 2, "{failed:?}");
    assert!(matches!(failed[0], WriteError::Store(StoreError::Query(_))), "{failed:?}");
    assert!(matches!(failed[1], WriteError::Store(StoreError::Unstorable)), "{failed:?}");
    let frames = timeline::read(&world.store, &world.tenant, conversation, 0, u64::MAX, 1000).await.unwrap();
    assert_eq!(frames.iter().map(|frame| frame.seq).collect::<Vec<_>>(), (1..=62).collect::<Vec<_>>());
}

async fn a_caller_who_goes_away_harms_nobody(world: World) {
    let [me, other] = world.users().await;
    let conversation = world.direct(me, other).await;
    let mut kept = Vec::new();
    for round in 0..60 {
        let send = world.try_send(world.message(conversation, me, "YQ=="));
        if round % 3 == 0 {
            // Polled once, so that it is queued, and dropped then.
            let mut send = Box::pin(send);
            let _ = futures_util::poll!(send.as_mut());
        } else {
            kept.push(send.await.unwrap().message.seq);
        }
    }
    world.send(conversation, me, "YQ==").await;
    let frames = timeline::read(&world.store, &world.tenant, conversation, 0, u64::MAX, 1000).await.unwrap();
    let seqs: Vec<u64> = frames.iter().map(|frame| frame.seq).collect();
    assert_eq!(seqs, (1..=u64::try_from(seqs.len()).unwrap()).collect::<Vec<_>>());
    assert!(kept.iter().all(|seq| seqs.contains(seq)));
}

async fn suspension_silences_both_sides_of_a_direct_conversation_and_only_the_suspended_in_a_group(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, third] = world.users().await;
    let direct = world.direct(me, other).await;
    let group = world.group(&[me, other, third]).await;
    users::set_suspended(store, tenant, other, true, world.now()).await.unwrap();
    let not_allowed = |refusal| matches!(refusal, Refusal::NotAllowed(_));
    assert!(not_allowed(refusal(world.try_send(world.message(direct, me, "YQ==")).await)));
    assert!(not_allowed(refusal(world.try_send(world.message(direct, other, "YQ==")).await)));
    assert!(not_allowed(refusal(world.try_send(world.message(group, other, "YQ==")).await)));
    world.send(group, me, "YQ==").await;
}

async fn who_left_sends_no_more_and_does_not_reply_to_what_was_before_a_new_joining(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let group = world.group(&[me, other]).await;
    let old = world.send(group, me, "YQ==").await.message.message_id;
    members::leave(store, tenant, other, group, world.now()).await.unwrap();
    assert_eq!(refusal(world.try_send(world.message(group, other, "YQ==")).await), Refusal::ConversationNotFound);
    members::add(store, tenant, me, group, &[other], 500, world.now()).await.unwrap();
    let reply = NewMessage { reply_to: Some(old), ..world.message(group, other, "YQ==") };
    assert_eq!(refusal(world.try_send(reply).await), Refusal::ReplyElsewhere);
    world.send(group, other, "YQ==").await;
}

async fn closing_finishes_what_is_queued(world: World) {
    let [me, other] = world.users().await;
    let conversation = world.direct(me, other).await;
    let store = world.another_store().await;
    let sends: Vec<_> = (0..50)
        .map(|_| {
            let (store, tenant) = (store.clone(), world.tenant.clone());
            let message = world.message(conversation, me, "YQ==");
            tokio::spawn(async move { messages::send(&store, &tenant, message).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut stored = 0;
    for send in sends {
        match send.await.unwrap() {
            Ok(_) => stored += 1,
            Err(error) => assert!(error.is_unavailable(), "{error:?}"),
        }
    }
    assert_eq!(timeline::last_seq(&world.store, &world.tenant, conversation).await.unwrap(), Some(1 + stored));
}

/// On Postgres two processes; SQLite has one.
async fn stores(world: &World) -> Vec<Store> {
    match world.store.engine() {
        Engine::Sqlite => vec![world.store.clone()],
        Engine::Postgres => vec![world.store.clone(), world.another_store().await],
    }
}

fn message_id(event: &TimelineEvent) -> Option<MessageId> {
    match event {
        TimelineEvent::MessageReceived { message } => Some(message.message_id),
        _ => None,
    }
}
