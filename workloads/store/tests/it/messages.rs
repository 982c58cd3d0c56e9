//! Messages after they were sent: pages, edits, deletions, reactions.

use std::collections::BTreeMap;

use confab_contract::timeline::TimelineEvent;
use confab_contract::{MessageId, UserId};
use confab_store::messages::{self, Cursor};
use confab_store::{Refusal, members, reactions, receipts, timeline};

use crate::world::{World, execute, refusal};

on_both_engines! {
    pages_go_back_and_forth_over_all_messages,
    a_cursor_is_a_message_of_this_conversation_that_the_reader_could_see,
    an_edit_is_an_event_and_leaves_a_history,
    a_message_is_edited_until_its_history_is_full,
    deleting_for_everyone_takes_all_content_away_and_keeps_the_place,
    deleting_for_oneself_hides_it_from_nobody_else,
    reactions_are_events_once_each_and_keep_their_order,
    a_message_takes_so_many_different_reactions,
    edits_deletions_and_reactions_at_once_leave_a_dense_sequence,
    a_page_of_the_timeline_says_where_it_ends,
}

async fn pages_go_back_and_forth_over_all_messages(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let mut all = Vec::new();
    for number in 0..25 {
        let message = world.send(id, if number % 2 == 0 { me } else { other }, "YQ==").await.message.message_id;
        // Events lie between the messages.
        reactions::add(store, tenant, me, message, "👍", world.now()).await.unwrap();
        all.push(message);
    }
    let mut back = Vec::new();
    let mut cursor = Cursor::Newest;
    loop {
        let page = messages::page(store, tenant, me, id, cursor, 10).await.unwrap();
        back.extend(page.messages.iter().map(|message| message.message_id));
        assert_eq!(page.has_more, page.next_cursor.is_some());
        let Some(next) = page.next_cursor else { break };
        cursor = Cursor::Before(next);
    }
    assert_eq!(back, all.iter().rev().copied().collect::<Vec<_>>());
    let mut forth = vec![all[0]];
    let mut cursor = Cursor::After(all[0]);
    loop {
        let page = messages::page(store, tenant, me, id, cursor, 10).await.unwrap();
        forth.extend(page.messages.iter().map(|message| message.message_id));
        let Some(next) = page.next_cursor else { break };
        cursor = Cursor::After(next);
    }
    assert_eq!(forth, all);
    let exact = messages::page(store, tenant, me, id, Cursor::Newest, 25).await.unwrap();
    assert!(!exact.has_more);
}

async fn a_cursor_is_a_message_of_this_conversation_that_the_reader_could_see(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, late] = world.users().await;
    let id = world.group(&[me, other]).await;
    let elsewhere = world.direct(me, other).await;
    let there = world.send(elsewhere, me, "YQ==").await.message.message_id;
    let early = world.send(id, me, "YQ==").await.message.message_id;
    members::add(store, tenant, me, id, &[late], 500, world.now()).await.unwrap();
    let page = async |reader, cursor| messages::page(store, tenant, reader, id, cursor, 10).await;
    assert_eq!(refusal(page(me, Cursor::Before(there)).await), Refusal::MessageNotFound);
    assert_eq!(refusal(page(me, Cursor::After(MessageId::generate())).await), Refusal::MessageNotFound);
    assert_eq!(refusal(page(late, Cursor::Before(early)).await), Refusal::MessageNotFound);
    assert_eq!(refusal(page(UserId::generate(), Cursor::Newest).await), Refusal::ConversationNotFound);
    assert!(page(late, Cursor::Newest).await.unwrap().messages.is_empty());
    // One that was deleted for oneself still marks its place.
    messages::delete_for_me(store, tenant, me, early).await.unwrap();
    assert!(page(me, Cursor::After(early)).await.unwrap().messages.is_empty());
}

async fn an_edit_is_an_event_and_leaves_a_history(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let sent = world.send(id, me, "b25l").await.message;
    let edit = async |actor, text: &str| {
        messages::edit(store, tenant, actor, sent.message_id, text.to_owned(), world.now()).await
    };
    let (edited, committed) = edit(me, "dHdv").await.unwrap();
    assert_eq!((edited.seq, committed.frame.seq), (3, 3));
    edit(me, "dGhyZWU=").await.unwrap();
    assert!(matches!(refusal(edit(other, "eA==").await), Refusal::NotAllowed(_)));
    let message = messages::get(store, tenant, other, sent.message_id).await.unwrap().unwrap();
    assert_eq!((message.content_encrypted.as_deref(), message.is_edited, message.seq), (Some("dGhyZWU="), true, 2));
    let page = async |limit, offset| {
        messages::versions(store, tenant, other, sent.message_id, limit, offset).await.unwrap().unwrap()
    };
    let (versions, total) = page(10, 0).await;
    let contents: Vec<_> =
        versions.iter().map(|version| (version.version, version.content_encrypted.as_str())).collect();
    assert_eq!(contents, [(1, "b25l"), (2, "dHdv"), (3, "dGhyZWU=")]);
    assert_eq!((versions[0].created_at, versions[2].created_at), (sent.created_at, message.updated_at));
    assert_eq!(total, 3);
    for (limit, offset, expected) in
        [(2, 0, &versions[..2]), (2, 2, &versions[2..]), (1, 1, &versions[1..2]), (5, 3, &[])]
    {
        assert_eq!(page(limit, offset).await, (expected.to_vec(), 3), "{limit} after {offset}");
    }
    // Read again, both the message and its first edit show what it is now.
    let frames = timeline::read(store, tenant, id, 1, u64::MAX, 10).await.unwrap();
    assert_eq!(frames.iter().map(|frame| content(&frame.event)).collect::<Vec<_>>(), [Some("dGhyZWU="); 3]);
}

async fn a_message_is_edited_until_its_history_is_full(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let sent = world.send(id, me, "b25l").await.message.message_id;
    let most = confab_contract::limit::MESSAGE_VERSIONS;
    execute(&world.source(), &format!("UPDATE messages SET version = {}", most - 1)).await;
    let edit = async || messages::edit(store, tenant, me, sent, "dHdv".to_owned(), world.now()).await;
    edit().await.unwrap();
    assert_eq!(refusal(edit().await), Refusal::TooManyVersions { most });
    let (versions, total) = messages::versions(store, tenant, me, sent, 100, 900).await.unwrap().unwrap();
    assert_eq!((versions.last().unwrap().version, total), (most, u64::from(most)));
    messages::delete_for_everyone(store, tenant, me, sent, world.now()).await.unwrap();
}

async fn deleting_for_everyone_takes_all_content_away_and_keeps_the_place(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [owner, sender, admin, member] = world.users().await;
    let id = world.group(&[owner, sender, admin, member]).await;
    let sent = world.send(id, sender, "b25l").await.message.message_id;
    messages::edit(store, tenant, sender, sent, "dHdv".to_owned(), world.now()).await.unwrap();
    reactions::add(store, tenant, member, sent, "👍", world.now()).await.unwrap();
    let delete = async |actor| messages::delete_for_everyone(store, tenant, actor, sent, world.now()).await;
    assert!(matches!(refusal(delete(member).await), Refusal::NotAllowed(_)));
    let committed = delete(owner).await.unwrap().unwrap();
    assert_eq!(committed.frame.event, TimelineEvent::MessageDeleted { message_id: sent, deleted_by: owner });
    assert_eq!(delete(sender).await.unwrap(), None);
    let message = messages::get(store, tenant, member, sent).await.unwrap().unwrap();
    assert!(message.is_deleted && message.content_encrypted.is_none() && message.metadata.is_empty());
    assert!(message.reactions.is_empty());
    assert_eq!(messages::versions(store, tenant, member, sent, 10, 0).await.unwrap(), Some((vec![], 0)));
    let frames = timeline::read(store, tenant, id, 1, u64::MAX, 10).await.unwrap();
    assert_eq!(frames.len(), 4);
    assert!(frames.iter().all(|frame| content(&frame.event).is_none()));
    let edit = messages::edit(store, tenant, sender, sent, "eA==".to_owned(), world.now()).await;
    assert_eq!(refusal(edit), Refusal::MessageDeleted);
    let reaction = reactions::add(store, tenant, member, sent, "👍", world.now()).await;
    assert_eq!(refusal(reaction), Refusal::MessageDeleted);
}

async fn deleting_for_oneself_hides_it_from_nobody_else(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, stranger] = world.users().await;
    let id = world.direct(me, other).await;
    let sent = world.send(id, other, "YQ==").await.message.message_id;
    let hide = async |user| messages::delete_for_me(store, tenant, user, sent).await.unwrap();
    assert!(!hide(stranger).await);
    assert!(hide(me).await);
    assert!(hide(me).await);
    assert_eq!(messages::get(store, tenant, me, sent).await.unwrap(), None);
    assert_eq!(messages::versions(store, tenant, me, sent, 10, 0).await.unwrap(), None);
    assert!(messages::page(store, tenant, me, id, Cursor::Newest, 10).await.unwrap().messages.is_empty());
    assert_eq!(refusal(reactions::add(store, tenant, me, sent, "👍", world.now()).await), Refusal::MessageNotFound);
    assert!(messages::get(store, tenant, other, sent).await.unwrap().is_some());
}

async fn reactions_are_events_once_each_and_keep_their_order(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, third, stranger] = world.users().await;
    let id = world.group(&[me, other, third]).await;
    let sent = world.send(id, me, "YQ==").await.message.message_id;
    let add = async |user, emoji| reactions::add(store, tenant, user, sent, emoji, world.now()).await;
    let remove = async |user, emoji| reactions::remove(store, tenant, user, sent, emoji, world.now()).await.unwrap();
    add(third, "❤️").await.unwrap();
    add(other, "❤️").await.unwrap();
    let (now, committed) = add(other, "👍").await.unwrap();
    let expected = BTreeMap::from([("❤️".to_owned(), vec![third, other]), ("👍".to_owned(), vec![other])]);
    assert_eq!(now, expected);
    let event = TimelineEvent::ReactionAdded { message_id: sent, user_id: other, emoji: "👍".to_owned() };
    assert_eq!(committed.unwrap().frame.event, event);
    assert!(add(other, "👍").await.unwrap().1.is_none());
    assert_eq!(messages::get(store, tenant, me, sent).await.unwrap().unwrap().reactions, expected);
    let (now, committed) = remove(other, "👍").await;
    assert!(committed.is_some() && !now.contains_key("👍"));
    assert!(remove(other, "👍").await.1.is_none());
    assert_eq!(refusal(add(stranger, "👍").await), Refusal::MessageNotFound);
    assert_eq!(timeline::last_seq(store, tenant, id).await.unwrap(), Some(6));
}

async fn a_message_takes_so_many_different_reactions(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let sent = world.send(id, me, "YQ==").await.message.message_id;
    let most = confab_contract::limit::REACTIONS_PER_MESSAGE;
    for number in 0..most {
        reactions::add(store, tenant, me, sent, &format!("e{number}"), world.now()).await.unwrap();
    }
    let one_more = reactions::add(store, tenant, other, sent, "one more", world.now()).await;
    assert_eq!(refusal(one_more), Refusal::TooManyReactions { most });
    reactions::add(store, tenant, other, sent, "e0", world.now()).await.unwrap();
}

async fn edits_deletions_and_reactions_at_once_leave_a_dense_sequence(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let mut sent = Vec::new();
    for _ in 0..6 {
        sent.push(world.send(id, me, "YQ==").await.message.message_id);
    }
    let edits = futures_util::future::join_all(
        sent.iter().map(|message| messages::edit(store, tenant, me, *message, "Yg==".to_owned(), world.now())),
    );
    let likes = futures_util::future::join_all(
        sent.iter().map(|message| reactions::add(store, tenant, other, *message, "👍", world.now())),
    );
    let sends = futures_util::future::join_all(sent.iter().map(|_| world.send(id, other, "YQ==")));
    let reads = futures_util::future::join_all(
        sent.iter().map(|message| receipts::mark_read(store, tenant, other, id, *message, world.now())),
    );
    let (edits, likes, _, reads) = tokio::join!(edits, likes, sends, reads);
    assert!(edits.iter().all(Result::is_ok) && likes.iter().all(Result::is_ok) && reads.iter().all(Result::is_ok));
    let frames = timeline::read(store, tenant, id, 0, u64::MAX, 100).await.unwrap();
    assert_eq!(frames.iter().map(|frame| frame.seq).collect::<Vec<_>>(), (1..=25).collect::<Vec<_>>());
}

async fn a_page_of_the_timeline_says_where_it_ends(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, stranger] = world.users().await;
    let id = world.direct(me, other).await;
    for _ in 0..9 {
        world.send(id, me, "YQ==").await;
    }
    let mut after = 0;
    let mut seqs = Vec::new();
    loop {
        let page = timeline::page(store, tenant, other, id, after, 4).await.unwrap().unwrap();
        seqs.extend(page.events.iter().map(|frame| frame.seq));
        after = page.next_after;
        if !page.has_more {
            break;
        }
    }
    assert_eq!(seqs, (1..=10).collect::<Vec<_>>());
    for beyond in [10, 99, u64::MAX] {
        let page = timeline::page(store, tenant, other, id, beyond, 4).await.unwrap().unwrap();
        assert_eq!((page.events.len(), page.has_more, page.next_after), (0, false, beyond));
    }
    assert!(timeline::page(store, tenant, stranger, id, 0, 4).await.unwrap().is_none());
    let part = timeline::read(store, tenant, id, 2, 5, 100).await.unwrap();
    assert_eq!(part.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [3, 4, 5]);
}

fn content(event: &TimelineEvent) -> Option<&str> {
    match event {
        TimelineEvent::MessageReceived { message } => message.content_encrypted.as_deref(),
        TimelineEvent::MessageEdited { content_encrypted, .. } => content_encrypted.as_deref(),
        _ => None,
    }
}
