//! Conversations as a reader sees them.

use std::collections::BTreeSet;

use confab_contract::rest::conversations::ConversationType;
use confab_contract::rest::members::Role;
use confab_contract::timeline::TimelineEvent;
use confab_contract::{ConversationId, UserId};
use confab_store::conversations::{self, GroupPatch, NewGroup};
use confab_store::members::{self, Mute};
use confab_store::{Refusal, messages, receipts, timeline, users};
use futures_util::future::join_all;

use crate::world::{World, new_group, refusal};

on_both_engines! {
    a_direct_conversation_raced_by_both_is_made_once,
    creating_names_everybody_and_refuses_whom_it_must,
    a_direct_conversation_looks_like_the_other_person,
    a_list_has_pinned_ones_first_then_the_newest_and_only_ones_own,
    a_list_shows_twenty_participants_and_a_single_view_all,
    the_last_message_is_the_newest_that_the_reader_sees,
    unread_counts_others_messages_that_are_neither_deleted_nor_hidden,
    unread_messages_are_counted_up_to_a_thousand,
    a_mute_ends_by_itself,
    a_group_is_renamed_by_those_who_may,
}

async fn a_direct_conversation_raced_by_both_is_made_once(world: World) {
    let stores = [world.store.clone(), world.another_store().await];
    for round in 0..5 {
        let one = world.user(&format!("one{round}")).await;
        let other = world.user(&format!("other{round}")).await;
        let attempts = (0..8).map(|number| {
            let (me, you) = if number % 2 == 0 { (one, other) } else { (other, one) };
            conversations::create_direct(&stores[number / 4], &world.tenant, me, you, world.now())
        });
        let made: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
        assert_eq!(made.iter().map(|made| made.id).collect::<BTreeSet<_>>().len(), 1);
        assert_eq!(made.iter().filter(|made| made.is_new).count(), 1);
        assert_eq!(made.iter().filter(|made| made.committed.is_some()).count(), 1);
        assert_eq!(timeline::last_seq(&world.store, &world.tenant, made[0].id).await.unwrap(), Some(1));
    }
}

async fn creating_names_everybody_and_refuses_whom_it_must(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, suspended] = world.users().await;
    users::set_suspended(store, tenant, suspended, true, world.now()).await.unwrap();
    let nobody = UserId::generate();
    let direct = async |other| conversations::create_direct(store, tenant, me, other, world.now()).await;
    assert_eq!(refusal(direct(me).await), Refusal::Yourself);
    assert_eq!(refusal(direct(nobody).await), Refusal::UserNotFound(vec![nobody]));
    assert_eq!(refusal(direct(suspended).await), Refusal::UserSuspended(vec![suspended]));
    let group = async |group| conversations::create_group(store, tenant, group, world.now()).await;
    assert_eq!(refusal(group(new_group(me, &[other, nobody])).await), Refusal::UserNotFound(vec![nobody]));
    assert_eq!(refusal(group(new_group(me, &[suspended])).await), Refusal::UserSuspended(vec![suspended]));
    let small = NewGroup { most_members: 1, ..new_group(me, &[other]) };
    assert_eq!(refusal(group(small).await), Refusal::TooManyMembers { most: 1 });
    let made = group(new_group(me, &[other, me, other])).await.unwrap();
    let committed = made.committed.unwrap();
    assert_eq!(committed.joined, [me, other]);
    let TimelineEvent::ConversationCreated { member_ids, created_by, conversation_type, name, .. } =
        committed.frame.event
    else {
        panic!("another event")
    };
    assert_eq!((member_ids, created_by, conversation_type), (vec![me, other], me, ConversationType::Group));
    assert_eq!((committed.frame.seq, name.as_deref()), (1, Some("Project")));
    assert_eq!(members::of_user(store, tenant, me).await.unwrap().len(), 1);
}

async fn a_direct_conversation_looks_like_the_other_person(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let see = async || conversations::get(store, tenant, me, id, world.now()).await.unwrap().unwrap();
    assert_eq!(see().await.name, "person1");
    let patch = users::ProfilePatch {
        full_name: Some(Some("Jane Doe".to_owned())),
        avatar_url: Some(Some("https://a.example/j.png".to_owned())),
        ..users::ProfilePatch::default()
    };
    users::update(store, tenant, other, patch, world.now()).await.unwrap();
    let seen = see().await;
    assert_eq!((seen.name.as_str(), seen.avatar_url.as_deref()), ("Jane Doe", Some("https://a.example/j.png")));
    assert_eq!((seen.participant_count, seen.participants.len(), seen.participants[0].user_id), (2, 1, other));
    assert_eq!((seen.kind, seen.role, seen.last_seq), (ConversationType::Direct, Role::Member, 1));
}

async fn a_list_has_pinned_ones_first_then_the_newest_and_only_ones_own(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, stranger] = world.users().await;
    let mut groups = Vec::new();
    for _ in 0..5 {
        groups.push(world.group(&[me, other]).await);
    }
    world.group(&[stranger, other]).await;
    world.send(groups[1], other, "YQ==").await;
    assert!(members::set_pinned(store, tenant, me, groups[3], true).await.unwrap());
    let (rows, total) = conversations::list(store, tenant, me, 10, 0, world.now()).await.unwrap();
    let ids: Vec<_> = rows.iter().map(|row| row.conversation_id).collect();
    assert_eq!(ids, [groups[3], groups[1], groups[4], groups[2], groups[0]]);
    assert_eq!((total, rows[0].is_pinned, rows[1].is_pinned), (5, true, false));
    let (page, total) = conversations::list(store, tenant, me, 2, 3, world.now()).await.unwrap();
    assert_eq!(page.iter().map(|row| row.conversation_id).collect::<Vec<_>>(), [groups[2], groups[0]]);
    assert_eq!(total, 5);
}

async fn a_list_shows_twenty_participants_and_a_single_view_all(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let people: [UserId; 30] = world.users().await;
    let id = world.group(&people).await;
    for reader in [people[0], people[7], people[29]] {
        let others: Vec<_> = people.iter().copied().filter(|user| *user != reader).collect();
        let all = conversations::get(store, tenant, reader, id, world.now()).await.unwrap().unwrap();
        assert_eq!(all.participants.iter().map(|p| p.user_id).collect::<Vec<_>>(), others);
        let (rows, _) = conversations::list(store, tenant, reader, 10, 0, world.now()).await.unwrap();
        assert_eq!(rows[0].participants.iter().map(|p| p.user_id).collect::<Vec<_>>(), others[..20]);
        assert_eq!(rows[0].participant_count, 30);
    }
}

async fn the_last_message_is_the_newest_that_the_reader_sees(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other, late] = world.users().await;
    let id = world.group(&[me, other]).await;
    let see = async |reader| conversations::get(store, tenant, reader, id, world.now()).await.unwrap().unwrap();
    assert_eq!(see(me).await.last_message, None);
    let first = world.send(id, other, "Zmlyc3Q=").await.message;
    let second = world.send(id, other, "c2Vjb25k").await.message;
    members::add(store, tenant, me, id, &[late], 500, world.now()).await.unwrap();
    assert_eq!(see(late).await.last_message, None);
    let last = see(me).await.last_message.unwrap();
    assert_eq!(
        (last.message_id, last.seq, last.content_encrypted.as_deref()),
        (second.message_id, 3, Some("c2Vjb25k"))
    );
    messages::delete_for_me(store, tenant, me, second.message_id).await.unwrap();
    assert_eq!(see(me).await.last_message.unwrap().message_id, first.message_id);
    messages::delete_for_everyone(store, tenant, other, second.message_id, world.now()).await.unwrap();
    let last = see(other).await.last_message.unwrap();
    assert_eq!((last.message_id, last.content_encrypted), (second.message_id, None));
}

async fn unread_counts_others_messages_that_are_neither_deleted_nor_hidden(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let unread = async || conversations::get(store, tenant, me, id, world.now()).await.unwrap().unwrap().unread_count;
    let mut theirs = Vec::new();
    for _ in 0..6 {
        theirs.push(world.send(id, other, "YQ==").await.message.message_id);
        world.send(id, me, "YQ==").await;
    }
    assert_eq!(unread().await, 6);
    messages::delete_for_everyone(store, tenant, other, theirs[4], world.now()).await.unwrap();
    messages::delete_for_me(store, tenant, me, theirs[5]).await.unwrap();
    assert_eq!(unread().await, 4);
    receipts::mark_read(store, tenant, me, id, theirs[1], world.now()).await.unwrap();
    assert_eq!(unread().await, 2);
    messages::edit(store, tenant, other, theirs[2], "Yg==".to_owned(), world.now()).await.unwrap();
    assert_eq!(unread().await, 2);
}

async fn unread_messages_are_counted_up_to_a_thousand(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let sent = join_all((0..1002).map(|_| world.send(id, other, "YQ=="))).await;
    let unread = async || conversations::get(store, tenant, me, id, world.now()).await.unwrap().unwrap().unread_count;
    assert_eq!(unread().await, 1000);
    let third = sent.iter().find(|sent| sent.message.seq == 4).unwrap().message.message_id;
    receipts::mark_read(store, tenant, me, id, third, world.now()).await.unwrap();
    assert_eq!(unread().await, 999);
}

async fn a_mute_ends_by_itself(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let end = world.now().plus_millis(5_000);
    let see = async |now| {
        let row = conversations::get(store, tenant, me, id, now).await.unwrap().unwrap();
        (row.is_muted, row.muted_until)
    };
    let mute = async |mute| members::set_muted(store, tenant, me, id, mute).await.unwrap();
    assert!(mute(Mute::Until(end)).await);
    assert_eq!(see(end.plus_millis(-1)).await, (true, Some(end)));
    assert_eq!(see(end).await, (false, None));
    assert!(mute(Mute::Forever).await);
    assert_eq!(see(end).await, (true, None));
    assert!(mute(Mute::Off).await);
    assert_eq!(see(world.now()).await, (false, None));
    assert!(!members::set_muted(store, tenant, UserId::generate(), id, Mute::Off).await.unwrap());
    assert!(!members::set_pinned(store, tenant, me, ConversationId::generate(), true).await.unwrap());
}

async fn a_group_is_renamed_by_those_who_may(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [owner, admin, member, stranger] = world.users().await;
    let id = world.group(&[owner, admin, member]).await;
    members::change_role(store, tenant, owner, id, admin, Role::Admin, world.now()).await.unwrap();
    let update = async |actor, patch| conversations::update(store, tenant, actor, id, patch, world.now()).await;
    let picture = GroupPatch { name: None, avatar_url: Some(Some("https://a.example/g.png".to_owned())) };
    update(owner, picture).await.unwrap();
    let name = || GroupPatch { name: Some("Neu".to_owned()), avatar_url: None };
    let committed = update(admin, name()).await.unwrap();
    let TimelineEvent::ConversationUpdated { name: new_name, avatar_url, updated_by } = committed.frame.event else {
        panic!("another event")
    };
    assert_eq!(
        (new_name.as_deref(), avatar_url.as_deref(), updated_by),
        (Some("Neu"), Some("https://a.example/g.png"), admin)
    );
    assert!(matches!(refusal(update(member, name()).await), Refusal::NotAllowed(_)));
    assert_eq!(refusal(update(stranger, name()).await), Refusal::ConversationNotFound);
    let direct = world.direct(owner, member).await;
    let renamed = conversations::update(store, tenant, owner, direct, name(), world.now()).await;
    assert_eq!(refusal(renamed), Refusal::DirectConversation);
    update(owner, GroupPatch { name: None, avatar_url: Some(None) }).await.unwrap();
    let row = conversations::get(store, tenant, member, id, world.now()).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.avatar_url), ("Neu", None));
}
