//! Nothing of one tenant is found by another, by whatever function.

use confab_contract::rest::members::Role;
use confab_contract::rest::users::PresenceStatus;
use confab_contract::{SessionId, TenantId, Timestamp};
use confab_store::changes::{self, Position};
use confab_store::conversations::{self, GroupPatch};
use confab_store::members::{self, Mute};
use confab_store::messages::{self, Cursor};
use confab_store::presence::{self, NodeId, NodePresence};
use confab_store::receipts::{self, Ack};
use confab_store::sessions::{self, Familiarity, NewSession, RotateRules, Rotation};
use confab_store::signing_keys::{self, SigningKey};
use confab_store::users::{self, Account, ProfilePatch};
use confab_store::{reactions, timeline};

use crate::world::{World, new_group};

on_both_engines! {
    every_function_finds_nothing_with_the_ids_of_another_tenant,
}

#[expect(clippy::too_many_lines, reason = "one table, a line for each function")]
async fn every_function_finds_nothing_with_the_ids_of_another_tenant(world: World) {
    let (store, own) = (&world.store, &world.tenant);
    let other: TenantId = "default.other".parse().unwrap();
    let foreign = &other;
    let [me, friend] = world.users().await;
    let group = world.group(&[me, friend]).await;
    let message = world.send(group, me, "YQ==").await.message.message_id;
    let stranger = world.user_of(foreign, "stranger").await;
    let now = world.now();
    let session = SessionId::generate();
    let new = NewSession {
        id: session,
        user: me,
        password_hash: "$argon2id$hash".to_owned().into(),
        device_id: Some("d".to_owned()),
        user_agent: None,
        address: None,
        network: Some("n".to_owned()),
        refresh_salt: "s".to_owned(),
        expires_at: now.plus_millis(1_000_000),
    };
    sessions::insert(store, own, new, now).await.unwrap();
    let key = SigningKey {
        tenant: own.clone(),
        generation: 1,
        kid: "k".to_owned(),
        sealed_private_key: vec![1],
        public_key: vec![2],
        active_from: now,
        retires_at: now,
        expires_at: now.plus_millis(1_000_000),
    };
    signing_keys::insert(store, &key).await.unwrap();
    let node = NodeId::generate();
    presence::renew(store, node, Timestamp::from_millis(i64::MAX), now).await.unwrap();
    let before = timeline::read(store, own, group, 0, u64::MAX, 100).await.unwrap();

    let rules = RotateRules { now, grace_millis: 0, expires_at: now, address: None, network: None };
    let edit = || "Yg==".to_owned();
    let hashes = || ("$argon2id$hash".to_owned().into(), "x".to_owned().into());
    let patch = || GroupPatch { name: Some("x".to_owned()), avatar_url: None };
    let ack = Ack { tenant: other.clone(), conversation: group, user: me, seq: 2 };
    let shown =
        NodePresence { tenant: other.clone(), user: me, status: Some(PresenceStatus::Online), is_afresh: false };
    let mut sent = world.message(group, me, "YQ==");
    sent.temp_id = Some("t".to_owned());
    let findings: Vec<(&str, bool)> = vec![
        ("users::get", users::get(store, foreign, me).await.unwrap().is_some()),
        ("users::get_many", !users::get_many(store, foreign, &[me, friend]).await.unwrap().is_empty()),
        ("users::credentials by id", users::credentials(store, foreign, Account::Id(me)).await.unwrap().is_some()),
        (
            "users::credentials by e-mail",
            users::credentials(store, foreign, Account::Email("person0@example.com")).await.unwrap().is_some(),
        ),
        ("users::update", users::update(store, foreign, me, ProfilePatch::default(), now).await.unwrap().is_some()),
        ("users::search", users::search(store, foreign, "person", 10, 0).await.unwrap().1 > 0),
        (
            "users::change_password",
            users::change_password(store, foreign, me, hashes(), None, now).await.unwrap().is_some(),
        ),
        ("users::set_suspended", users::set_suspended(store, foreign, me, true, now).await.unwrap().is_some()),
        ("users::visible_to", !users::visible_to(store, foreign, me, &[me, friend]).await.unwrap().is_empty()),
        ("sessions::get", sessions::get(store, foreign, session).await.unwrap().is_some()),
        ("sessions::list", sessions::list(store, foreign, me, now, 10, 0).await.unwrap().1 > 0),
        ("sessions::rotate", sessions::rotate(store, foreign, session, 0, rules).await.unwrap() != Rotation::Gone),
        ("sessions::revoke", sessions::revoke(store, foreign, me, session, now).await.unwrap()),
        ("sessions::revoke_others", !sessions::revoke_others(store, foreign, me, None, now).await.unwrap().is_empty()),
        (
            "sessions::familiarity",
            sessions::familiarity(store, foreign, me, "n", Some("d"), now).await.unwrap() != Familiarity::Strange,
        ),
        ("signing_keys::list", !signing_keys::list(store, foreign, now).await.unwrap().is_empty()),
        ("conversations::create_direct", conversations::create_direct(store, foreign, stranger, me, now).await.is_ok()),
        (
            "conversations::create_direct by",
            conversations::create_direct(store, foreign, me, friend, now).await.is_ok(),
        ),
        (
            "conversations::create_group",
            conversations::create_group(store, foreign, new_group(stranger, &[me]), now).await.is_ok(),
        ),
        ("conversations::get", conversations::get(store, foreign, me, group, now).await.unwrap().is_some()),
        ("conversations::list", conversations::list(store, foreign, me, 10, 0, now).await.unwrap().1 > 0),
        ("conversations::update", conversations::update(store, foreign, me, group, patch(), now).await.is_ok()),
        ("members::list", members::list(store, foreign, me, group, 10, 0).await.unwrap().is_some()),
        ("members::add", members::add(store, foreign, me, group, &[stranger], 9, now).await.is_ok()),
        ("members::add of a foreigner", members::add(store, own, me, group, &[stranger], 9, now).await.is_ok()),
        ("members::remove", members::remove(store, foreign, me, group, friend, now).await.is_ok()),
        ("members::leave", members::leave(store, foreign, friend, group, now).await.is_ok()),
        (
            "members::change_role",
            members::change_role(store, foreign, me, group, friend, Role::Admin, now).await.is_ok(),
        ),
        ("members::set_pinned", members::set_pinned(store, foreign, me, group, true).await.unwrap()),
        ("members::set_muted", members::set_muted(store, foreign, me, group, Mute::Forever).await.unwrap()),
        ("members::of_user", !members::of_user(store, foreign, me).await.unwrap().is_empty()),
        ("members::get", members::get(store, foreign, me, group).await.unwrap().is_some()),
        ("messages::send", messages::send(store, foreign, sent).await.is_ok()),
        ("messages::page", messages::page(store, foreign, me, group, Cursor::Newest, 10).await.is_ok()),
        ("messages::get", messages::get(store, foreign, me, message).await.unwrap().is_some()),
        ("messages::edit", messages::edit(store, foreign, me, message, edit(), now).await.is_ok()),
        (
            "messages::delete_for_everyone",
            messages::delete_for_everyone(store, foreign, me, message, now).await.is_ok(),
        ),
        ("messages::delete_for_me", messages::delete_for_me(store, foreign, me, message).await.unwrap()),
        ("messages::versions", messages::versions(store, foreign, me, message, 10, 0).await.unwrap().is_some()),
        ("reactions::add", reactions::add(store, foreign, me, message, "👍", now).await.is_ok()),
        ("reactions::remove", reactions::remove(store, foreign, me, message, "👍", now).await.is_ok()),
        ("receipts::mark_read", receipts::mark_read(store, foreign, friend, group, message, now).await.is_ok()),
        ("receipts::acknowledge", !receipts::acknowledge(store, vec![ack], now).await.unwrap().is_empty()),
        ("receipts::watermarks", !receipts::watermarks(store, foreign, &[group]).await.unwrap().is_empty()),
        ("timeline::page", timeline::page(store, foreign, me, group, 0, 10).await.unwrap().is_some()),
        ("timeline::read", !timeline::read(store, foreign, group, 0, u64::MAX, 10).await.unwrap().is_empty()),
        ("timeline::last_seq", timeline::last_seq(store, foreign, group).await.unwrap().is_some()),
        ("changes::position", changes::position(store, foreign).await.unwrap() != Position::default()),
        ("changes::positions", !changes::positions(store, &[foreign]).await.unwrap().is_empty()),
        ("changes::since", {
            let tail = changes::since(store, foreign, &Position::default(), 10).await.unwrap();
            !tail.conversations.is_empty() || !tail.members.is_empty()
        }),
        ("changes::sync", !changes::sync(store, foreign, me, None, 10, now).await.unwrap().changed.is_empty()),
        (
            "changes::starting_points",
            !changes::starting_points(store, foreign, me, &Position::default()).await.unwrap().is_empty(),
        ),
        (
            "changes::ended_since",
            !changes::ended_since(store, foreign, me, &Position::default()).await.unwrap().is_empty(),
        ),
        ("presence::set", !presence::set(store, node, vec![shown], now).await.unwrap().is_empty()),
        ("presence::get", !presence::get(store, foreign, &[me, friend], now).await.unwrap().is_empty()),
    ];
    let found: Vec<&str> = findings.into_iter().filter(|(_, found)| *found).map(|(name, _)| name).collect();
    assert_eq!(found, Vec::<&str>::new());

    // And nothing was changed from there.
    assert_eq!(timeline::read(store, own, group, 0, u64::MAX, 100).await.unwrap(), before);
    assert_eq!(sessions::get(store, own, session).await.unwrap().unwrap().revoked_at, None);
    assert_eq!(users::get(store, own, me).await.unwrap().unwrap().suspended_at, None);
    let row = conversations::get(store, own, friend, group, now).await.unwrap().unwrap();
    assert_eq!((row.name.as_str(), row.read_seq, row.is_pinned), ("Project", 0, false));
    let row = &presence::get(store, own, &[me], now).await.unwrap()[0];
    assert_eq!((row.status, row.version), (PresenceStatus::Offline, 0));
}
