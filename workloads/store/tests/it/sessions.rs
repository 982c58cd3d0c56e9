//! Sessions and signing keys.

use confab_contract::{SessionId, Timestamp, UserId};
use confab_store::sessions::{self, Familiarity, NewSession, Revocation, RotateRules, Rotation, Session, SignIn};
use confab_store::signing_keys::{self, SigningKey};
use confab_store::users;
use futures_util::future::join_all;

use crate::world::World;

const HOUR: i64 = 3_600_000;
const HOME: &str = "198.51.100.1";

on_both_engines! {
    fifty_uses_of_one_refresh_token_give_one_live_family,
    a_rotation_prolongs_the_session_and_notes_the_address,
    a_suspended_or_expired_session_is_gone,
    a_device_has_one_session_and_revocations_are_told,
    a_place_is_known_for_ninety_days_and_a_device_only_there,
    sessions_that_ended_long_ago_are_cleared_away,
    a_generation_of_signing_keys_is_made_once,
}

async fn fifty_uses_of_one_refresh_token_give_one_live_family(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let stores = [store.clone(), world.another_store().await];
    let user = world.user("ada").await;
    let id = sign_in(&world, user, Some("phone")).await;
    let now = world.now();
    let attempts = (0..50).map(|number| sessions::rotate(&stores[number % 2], tenant, id, 0, rules(now)));
    let results: Vec<_> = join_all(attempts).await.into_iter().map(Result::unwrap).collect();
    assert_eq!(results.iter().filter(|rotation| **rotation == Rotation::Rotated { generation: 1 }).count(), 1);
    assert_eq!(results.iter().filter(|rotation| **rotation == Rotation::Repeated { generation: 1 }).count(), 49);
    let (live, total) = sessions::list(store, tenant, user, now, 10, 0).await.unwrap();
    assert_eq!((live[0].generation, total), (1, 1));
    // The successor works, and after the grace the used token gives the family away.
    let rotation = sessions::rotate(store, tenant, id, 1, rules(now)).await.unwrap();
    assert_eq!((rotation, stored(&world, id).await.generation), (Rotation::Rotated { generation: 2 }, 2));
    let late = rules(now.plus_millis(10_001));
    assert_eq!(sessions::rotate(store, tenant, id, 1, late.clone()).await.unwrap(), Rotation::Reused);
    assert!(stored(&world, id).await.revoked_at.is_some());
    assert_eq!(sessions::rotate(store, tenant, id, 2, late.clone()).await.unwrap(), Rotation::Gone);
    let unknown = sessions::rotate(store, tenant, SessionId::generate(), 0, late).await.unwrap();
    assert_eq!(unknown, Rotation::Gone);
}

async fn a_rotation_prolongs_the_session_and_notes_the_address(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let user = world.user("ada").await;
    let id = sign_in(&world, user, None).await;
    let now = world.now().plus_millis(HOUR / 2);
    let rules = RotateRules { address: Some("203.0.113.9".to_owned()), ..rules(now) };
    sessions::rotate(store, tenant, id, 0, rules).await.unwrap();
    let session = stored(&world, id).await;
    assert_eq!((session.last_used_at, session.expires_at), (now, now.plus_millis(HOUR)));
    assert_eq!(session.address.as_deref(), Some("203.0.113.9"));
}

async fn a_suspended_or_expired_session_is_gone(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let user = world.user("ada").await;
    let id = sign_in(&world, user, None).await;
    let too_late = world.now().plus_millis(2 * HOUR);
    assert_eq!(sessions::rotate(store, tenant, id, 0, rules(too_late)).await.unwrap(), Rotation::Gone);
    users::set_suspended(store, tenant, user, true, world.now()).await.unwrap();
    assert_eq!(sessions::rotate(store, tenant, id, 0, rules(world.now())).await.unwrap(), Rotation::Gone);
}

async fn a_device_has_one_session_and_revocations_are_told(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [user, other] = world.users().await;
    let start = world.now();
    let old = sign_in(&world, user, Some("phone")).await;
    let laptop = sign_in(&world, user, Some("laptop")).await;
    let theirs = sign_in(&world, other, Some("phone")).await;
    let new = new_session(user, Some("phone"), world.now());
    let id = new.id;
    let signed_in = sessions::insert(store, tenant, new, world.now()).await.unwrap();
    assert_eq!(signed_in, SignIn::Opened { replaced: vec![old], generation: 0 });
    let (live, total) = sessions::list(store, tenant, user, world.now(), 10, 0).await.unwrap();
    assert_eq!((live.iter().map(|s| s.id).collect::<Vec<_>>(), total), (vec![id, laptop], 2));
    assert!(!sessions::revoke(store, tenant, user, theirs, world.now()).await.unwrap());
    assert!(sessions::revoke(store, tenant, user, laptop, world.now()).await.unwrap());
    assert!(!sessions::revoke(store, tenant, user, laptop, world.now()).await.unwrap());
    let third = sign_in(&world, user, None).await;
    assert_eq!(sessions::revoke_others(store, tenant, user, Some(third), world.now()).await.unwrap(), [id]);
    let told: Vec<_> = sessions::revoked_since(store, start)
        .await
        .unwrap()
        .into_iter()
        .map(|Revocation { session, .. }| session)
        .collect();
    assert_eq!(told, [old, laptop, id]);
    assert_eq!(sessions::revoked_since(store, world.now()).await.unwrap(), []);
}

async fn a_place_is_known_for_ninety_days_and_a_device_only_there(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [user, other] = world.users().await;
    let id = sign_in(&world, user, Some("phone")).await;
    let now = world.now();
    let known = async |user, network, device, now| {
        sessions::familiarity(store, tenant, user, network, device, now).await.unwrap()
    };
    assert_eq!(known(user, HOME, Some("phone"), now).await, Familiarity::Device);
    assert_eq!(known(user, HOME, Some("new"), now).await, Familiarity::Network);
    assert_eq!(known(user, HOME, None, now).await, Familiarity::Network);
    assert_eq!(known(user, "198.51.100.2", Some("phone"), now).await, Familiarity::Strange);
    assert_eq!(known(other, HOME, Some("phone"), now).await, Familiarity::Strange);
    assert_eq!(known(user, HOME, Some("phone"), now.plus_millis(91 * 24 * HOUR)).await, Familiarity::Strange);
    let elsewhere = RotateRules { network: Some("198.51.100.2".to_owned()), ..rules(now) };
    sessions::rotate(store, tenant, id, 0, elsewhere).await.unwrap();
    assert_eq!(known(user, "198.51.100.2", Some("phone"), now).await, Familiarity::Device);
}

async fn sessions_that_ended_long_ago_are_cleared_away(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let user = world.user("ada").await;
    let [live, expired, revoked, lately] =
        join_all((0..4).map(|_| sign_in(&world, user, None))).await.try_into().unwrap();
    let later = world.now().plus_millis(100 * HOUR);
    for session in [live, lately] {
        sessions::rotate(store, tenant, session, 0, RotateRules { now: world.now(), ..rules(later) }).await.unwrap();
    }
    assert!(sessions::revoke(store, tenant, user, revoked, world.now()).await.unwrap());
    assert!(sessions::revoke(store, tenant, user, lately, later).await.unwrap());
    let before = world.now().plus_millis(50 * HOUR);
    while sessions::purge_ended(store, before, 1).await.unwrap() {}
    for (session, is_left) in [(live, true), (lately, true), (expired, false), (revoked, false)] {
        assert_eq!(sessions::get(store, tenant, session).await.unwrap().is_some(), is_left);
    }
    assert_eq!(sessions::rotate(store, tenant, expired, 0, rules(later)).await.unwrap(), Rotation::Gone);
}

async fn a_generation_of_signing_keys_is_made_once(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let at = |millis| Timestamp::from_millis(millis);
    let key = |generation: u32, expires_at| SigningKey {
        tenant: tenant.clone(),
        generation,
        kid: format!("k{generation}"),
        sealed_private_key: vec![0, 255, 7],
        public_key: vec![1, 2, 3],
        active_from: at(1),
        retires_at: at(2),
        expires_at: at(expires_at),
    };
    let (first, second) = (key(1, 100), key(2, 200));
    let made = join_all((0..5).map(|_| signing_keys::insert(store, &first))).await;
    assert_eq!(made.into_iter().filter(|made| *made.as_ref().unwrap()).count(), 1);
    assert!(signing_keys::insert(store, &second).await.unwrap());
    assert!(signing_keys::list(store, tenant, at(99)).await.unwrap() == [first.clone(), second.clone()]);
    assert!(signing_keys::list(store, tenant, at(100)).await.unwrap() == [second]);
    assert!(!format!("{first:?}").contains("255"));
}

async fn stored(world: &World, id: SessionId) -> Session {
    sessions::get(&world.store, &world.tenant, id).await.unwrap().unwrap()
}

fn rules(now: Timestamp) -> RotateRules {
    RotateRules { now, grace_millis: 10_000, expires_at: now.plus_millis(HOUR), address: None, network: None }
}

fn new_session(user: UserId, device: Option<&str>, now: Timestamp) -> NewSession {
    NewSession {
        id: SessionId::generate(),
        user,
        password_hash: "$argon2id$hash".to_owned().into(),
        device_id: device.map(str::to_owned),
        user_agent: Some("test".to_owned()),
        address: Some(HOME.to_owned()),
        network: Some(HOME.to_owned()),
        refresh_salt: "salt".to_owned(),
        expires_at: now.plus_millis(HOUR),
    }
}

async fn sign_in(world: &World, user: UserId, device: Option<&str>) -> SessionId {
    let session = new_session(user, device, world.now());
    let id = session.id;
    sessions::insert(&world.store, &world.tenant, session, world.now()).await.unwrap();
    id
}
