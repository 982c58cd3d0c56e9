//! Sessions and signing keys.

use confab_contract::{SessionId, Timestamp, UserId};
use confab_store::sessions::{self, NewSession, Revocation, RotateRules, Rotation};
use confab_store::signing_keys::{self, SigningKey};
use confab_store::users;
use futures_util::future::join_all;

use crate::world::World;

const HOUR: i64 = 3_600_000;

on_both_engines! {
    fifty_uses_of_one_refresh_token_give_one_live_family,
    a_rotation_prolongs_the_session_and_notes_the_address,
    a_suspended_or_expired_session_is_gone,
    a_device_has_one_session_and_revocations_are_told,
    a_device_or_address_is_known_for_ninety_days,
    a_generation_of_signing_keys_is_made_once,
}

async fn fifty_uses_of_one_refresh_token_give_one_live_family(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let stores = [store.clone(), world.another_store().await];
    let user = world.user("ada").await;
    let id = sign_in(&world, user, Some("phone")).await;
    let now = world.now();
    let attempts = (0..50).map(|number| sessions::rotate(&stores[number % 2], tenant, id, 0, rules(now)));
    let results: Vec<_> = join_all(attempts).await.into_iter().map(|result| result.unwrap().0).collect();
    assert_eq!(results.iter().filter(|rotation| **rotation == Rotation::Rotated { generation: 1 }).count(), 1);
    assert_eq!(results.iter().filter(|rotation| **rotation == Rotation::Repeated { generation: 1 }).count(), 49);
    let (live, total) = sessions::list(store, tenant, user, now, 10, 0).await.unwrap();
    assert_eq!((live[0].generation, total), (1, 1));
    // The successor works, and after the grace the used token gives the family away.
    let (rotation, session) = sessions::rotate(store, tenant, id, 1, rules(now)).await.unwrap();
    assert_eq!((rotation, session.unwrap().generation), (Rotation::Rotated { generation: 2 }, 2));
    let late = rules(now.plus_millis(10_001));
    let (rotation, session) = sessions::rotate(store, tenant, id, 1, late.clone()).await.unwrap();
    assert_eq!(rotation, Rotation::Reused);
    assert!(session.unwrap().revoked_at.is_some());
    assert_eq!(sessions::rotate(store, tenant, id, 2, late.clone()).await.unwrap().0, Rotation::Gone);
    let unknown = sessions::rotate(store, tenant, SessionId::generate(), 0, late).await.unwrap();
    assert_eq!(unknown, (Rotation::Gone, None));
}

async fn a_rotation_prolongs_the_session_and_notes_the_address(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let user = world.user("ada").await;
    let id = sign_in(&world, user, None).await;
    let now = world.now().plus_millis(HOUR / 2);
    let rules = RotateRules { address: Some("203.0.113.9".to_owned()), ..rules(now) };
    let (_, session) = sessions::rotate(store, tenant, id, 0, rules).await.unwrap();
    let session = session.unwrap();
    assert_eq!((session.last_used_at, session.expires_at), (now, now.plus_millis(HOUR)));
    assert_eq!(session.address.as_deref(), Some("203.0.113.9"));
}

async fn a_suspended_or_expired_session_is_gone(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let user = world.user("ada").await;
    let id = sign_in(&world, user, None).await;
    let too_late = world.now().plus_millis(2 * HOUR);
    assert_eq!(sessions::rotate(store, tenant, id, 0, rules(too_late)).await.unwrap().0, Rotation::Gone);
    users::set_suspended(store, tenant, user, true, world.now()).await.unwrap();
    assert_eq!(sessions::rotate(store, tenant, id, 0, rules(world.now())).await.unwrap().0, Rotation::Gone);
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
    assert_eq!(sessions::insert(store, tenant, new, world.now()).await.unwrap(), [old]);
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

async fn a_device_or_address_is_known_for_ninety_days(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [user, other] = world.users().await;
    sign_in(&world, user, Some("phone")).await;
    let now = world.now();
    let known = async |user, device, address, now| {
        sessions::is_known_device(store, tenant, user, device, address, now).await.unwrap()
    };
    assert!(known(user, Some("phone"), None, now).await);
    assert!(known(user, Some("new"), Some("198.51.100.1"), now).await);
    assert!(!known(user, Some("new"), Some("198.51.100.2"), now).await);
    assert!(!known(user, None, None, now).await);
    assert!(!known(other, Some("phone"), None, now).await);
    assert!(!known(user, Some("phone"), None, now.plus_millis(91 * 24 * HOUR)).await);
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

fn rules(now: Timestamp) -> RotateRules {
    RotateRules { now, grace_millis: 10_000, expires_at: now.plus_millis(HOUR), address: None }
}

fn new_session(user: UserId, device: Option<&str>, now: Timestamp) -> NewSession {
    NewSession {
        id: SessionId::generate(),
        user,
        device_id: device.map(str::to_owned),
        user_agent: Some("test".to_owned()),
        address: Some("198.51.100.1".to_owned()),
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
