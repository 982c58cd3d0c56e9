//! Membership: joining, leaving, roles, and what each sees.

use confab_contract::UserId;
use confab_contract::rest::members::Role::{self, Admin, Member, Owner};
use confab_contract::timeline::TimelineEvent;
use confab_store::{Refusal, members, messages, timeline};
use futures_util::future::join_all;

use crate::world::{World, refusal};

on_both_engines! {
    those_who_are_added_see_from_their_joining_on,
    who_was_removed_sees_nothing_and_comes_back_to_a_new_beginning,
    rights_follow_roles,
    ownership_is_handed_on_and_there_is_always_one_owner,
    nobody_leaves_a_direct_conversation,
    all_leave_at_once_while_others_acknowledge,
}

async fn those_who_are_added_see_from_their_joining_on(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [owner, member, late] = world.users().await;
    let id = world.group(&[owner, member]).await;
    let before = world.send(id, owner, "YQ==").await.message;
    let committed =
        members::add(store, tenant, owner, id, &[late, member, late], 500, world.now()).await.unwrap().unwrap();
    assert_eq!((committed.joined.as_slice(), committed.frame.seq), ([late].as_slice(), 3));
    let after = world.send(id, owner, "Yg==").await.message;
    let page = timeline::page(store, tenant, late, id, 0, 100).await.unwrap().unwrap();
    assert_eq!(page.events.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [3, 4]);
    assert_eq!(messages::get(store, tenant, late, before.message_id).await.unwrap(), None);
    assert!(messages::get(store, tenant, late, after.message_id).await.unwrap().is_some());
    let membership = members::get(store, tenant, late, id).await.unwrap().unwrap();
    assert_eq!((membership.visible_from, membership.last_seq), (3, 4));
    assert_eq!(members::add(store, tenant, owner, id, &[late, member], 500, world.now()).await.unwrap(), None);
    let oneself = members::add(store, tenant, owner, id, &[late, owner], 500, world.now()).await;
    assert_eq!(refusal(oneself), Refusal::Yourself);
}

async fn who_was_removed_sees_nothing_and_comes_back_to_a_new_beginning(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [owner, member] = world.users().await;
    let id = world.group(&[owner, member]).await;
    let old = world.send(id, member, "YQ==").await.message.message_id;
    let committed = members::remove(store, tenant, owner, id, member, world.now()).await.unwrap();
    assert_eq!((committed.left.as_slice(), committed.frame.seq), ([member].as_slice(), 3));
    assert!(timeline::page(store, tenant, member, id, 0, 100).await.unwrap().is_none());
    assert_eq!(members::list(store, tenant, member, id, 10, 0).await.unwrap(), None);
    assert_eq!(members::get(store, tenant, member, id).await.unwrap(), None);
    assert_eq!(messages::get(store, tenant, member, old).await.unwrap(), None);
    let edit = messages::edit(store, tenant, member, old, "Yg==".to_owned(), world.now()).await;
    assert_eq!(refusal(edit), Refusal::MessageNotFound);
    assert_eq!(
        refusal(members::remove(store, tenant, owner, id, member, world.now()).await),
        Refusal::NotAMember(member)
    );
    members::add(store, tenant, owner, id, &[member], 500, world.now()).await.unwrap();
    let page = timeline::page(store, tenant, member, id, 0, 100).await.unwrap().unwrap();
    assert_eq!(page.events.iter().map(|frame| frame.seq).collect::<Vec<_>>(), [4]);
    assert_eq!(messages::get(store, tenant, member, old).await.unwrap(), None);
}

async fn rights_follow_roles(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [owner, admin, member, other, stranger] = world.users().await;
    let id = world.group(&[owner, admin, member, other]).await;
    members::change_role(store, tenant, owner, id, admin, Role::Admin, world.now()).await.unwrap().unwrap();
    let is_forbidden = |refusal| matches!(refusal, Refusal::NotAllowed(_));
    assert!(is_forbidden(refusal(members::add(store, tenant, member, id, &[stranger], 500, world.now()).await)));
    assert!(is_forbidden(refusal(members::remove(store, tenant, member, id, other, world.now()).await)));
    assert!(is_forbidden(refusal(members::remove(store, tenant, admin, id, owner, world.now()).await)));
    assert!(is_forbidden(refusal(
        members::change_role(store, tenant, admin, id, member, Role::Admin, world.now()).await
    )));
    let not_there = Refusal::ConversationNotFound;
    assert_eq!(refusal(members::add(store, tenant, stranger, id, &[stranger], 500, world.now()).await), not_there);
    assert_eq!(refusal(members::leave(store, tenant, stranger, id, world.now()).await), not_there);
    assert_eq!(refusal(members::remove(store, tenant, owner, id, owner, world.now()).await), Refusal::Yourself);
    members::remove(store, tenant, admin, id, other, world.now()).await.unwrap();
    let nobody = UserId::generate();
    let add = members::add(store, tenant, admin, id, &[nobody], 500, world.now()).await;
    assert_eq!(refusal(add), Refusal::UserNotFound(vec![nobody]));
    let add = members::add(store, tenant, admin, id, &[stranger], 3, world.now()).await;
    assert_eq!(refusal(add), Refusal::TooManyMembers { most: 3 });
}

async fn ownership_is_handed_on_and_there_is_always_one_owner(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [first, second, third, fourth] = world.users().await;
    let id = world.group(&[first, second, third, fourth]).await;
    let roles = async |reader| {
        let (members, _) = members::list(store, tenant, reader, id, 10, 0).await.unwrap().unwrap();
        members.into_iter().map(|member| (member.participant.user_id, member.participant.role)).collect::<Vec<_>>()
    };
    let change =
        async |actor, user, role| members::change_role(store, tenant, actor, id, user, role, world.now()).await;
    let committed = change(first, third, Role::Owner).await.unwrap().unwrap();
    let expected = TimelineEvent::RoleChanged { user_id: third, role: Role::Owner, changed_by: first };
    assert_eq!(committed.frame.event, expected);
    assert_eq!(roles(first).await, [(first, Admin), (second, Member), (third, Owner), (fourth, Member)]);
    assert_eq!(change(third, fourth, Member).await.unwrap(), None);
    assert_eq!(refusal(change(third, third, Member).await), Refusal::Yourself);
    let left = members::leave(store, tenant, third, id, world.now()).await.unwrap();
    assert_eq!(left.frame.event, TimelineEvent::MemberLeft { user_id: third, new_owner_id: Some(first) });
    assert_eq!(roles(first).await, [(first, Owner), (second, Member), (fourth, Member)]);
    let left = members::leave(store, tenant, first, id, world.now()).await.unwrap();
    assert_eq!(left.frame.event, TimelineEvent::MemberLeft { user_id: first, new_owner_id: Some(second) });
    let left = members::leave(store, tenant, fourth, id, world.now()).await.unwrap();
    assert_eq!(left.frame.event, TimelineEvent::MemberLeft { user_id: fourth, new_owner_id: None });
    members::leave(store, tenant, second, id, world.now()).await.unwrap();
    assert!(members::of_user(store, tenant, second).await.unwrap().is_empty());
}

async fn nobody_leaves_a_direct_conversation(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, other] = world.users().await;
    let id = world.direct(me, other).await;
    let direct = Refusal::DirectConversation;
    assert_eq!(refusal(members::leave(store, tenant, me, id, world.now()).await), direct);
    assert_eq!(refusal(members::remove(store, tenant, me, id, other, world.now()).await), direct);
    assert_eq!(refusal(members::add(store, tenant, me, id, &[other], 9, world.now()).await), direct);
    assert_eq!(refusal(members::change_role(store, tenant, me, id, other, Role::Owner, world.now()).await), direct);
}

async fn all_leave_at_once_while_others_acknowledge(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let people: [UserId; 8] = world.users().await;
    let id = world.group(&people).await;
    world.send(id, people[0], "YQ==").await;
    let leaving = join_all(people[1..].iter().map(|user| members::leave(store, tenant, *user, id, world.now())));
    let acks = join_all((0..20).map(|round| {
        let acks = people.iter().map(|user| confab_store::receipts::Ack {
            tenant: tenant.clone(),
            conversation: id,
            user: *user,
            seq: 1 + round % 2,
        });
        confab_store::receipts::acknowledge(store, acks.collect(), world.now())
    }));
    let (left, acknowledged) = futures_util::future::join(leaving, acks).await;
    assert!(left.iter().all(Result::is_ok), "{left:?}");
    assert!(acknowledged.iter().all(Result::is_ok), "{acknowledged:?}");
    let (members, total) = members::list(store, tenant, people[0], id, 10, 0).await.unwrap().unwrap();
    assert_eq!((members[0].participant.user_id, total), (people[0], 1));
    assert_eq!(timeline::last_seq(store, tenant, id).await.unwrap(), Some(9));
}
