//! Accounts: uniqueness, profiles, search, passwords, who sees whom.

use std::collections::HashSet;

use confab_contract::SessionId;
use confab_store::sessions::{self, NewSession, SignIn};
use confab_store::users::{self, Account, NewUser, ProfilePatch};
use confab_store::{Refusal, WriteError};
use futures_util::future::join_all;
use secrecy::ExposeSecret as _;

use crate::world::{World, new_user, refusal};

on_both_engines! {
    email_and_username_are_unique_in_any_case,
    one_of_many_who_register_a_name_at_once_gets_it,
    a_profile_keeps_what_is_not_named_and_clears_what_is_null,
    search_finds_parts_of_names_in_any_case_and_takes_wildcards_literally,
    a_new_password_ends_the_other_sessions_and_a_rehash_none,
    a_sign_in_with_the_old_password_does_not_survive_a_change_at_the_same_moment,
    of_two_changes_from_one_password_at_once_one_counts,
    suspension_ends_all_sessions_and_lets_nobody_in,
    whoever_looks_after_accounts_sees_suspended_ones_too_page_by_page,
    people_see_those_with_whom_they_share_a_conversation_now,
    text_of_any_kind_survives_and_nul_is_refused,
}

async fn email_and_username_are_unique_in_any_case(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    world.user("Johan").await;
    let same_email = NewUser { email: "JOHAN@Example.com".to_owned(), ..new_user("other") };
    let taken = users::insert(store, tenant, same_email, world.now()).await;
    assert_eq!(refusal(taken), Refusal::EmailTaken);
    let same_name = NewUser { email: "else@example.com".to_owned(), ..new_user("jOHAN") };
    let taken = users::insert(store, tenant, same_name, world.now()).await;
    assert_eq!(refusal(taken), Refusal::UsernameTaken);
    let elsewhere = "default.other".parse().unwrap();
    users::insert(store, &elsewhere, new_user("Johan"), world.now()).await.unwrap();
}

async fn one_of_many_who_register_a_name_at_once_gets_it(world: World) {
    let attempts = (0..8).map(|_| users::insert(&world.store, &world.tenant, new_user("same"), world.now()));
    let results = futures_util::future::join_all(attempts).await;
    assert_eq!(results.iter().filter(|result| result.is_ok()).count(), 1);
    assert!(results.iter().all(|result| !matches!(result, Err(WriteError::Store(_)))), "{results:?}");
}

async fn a_profile_keeps_what_is_not_named_and_clears_what_is_null(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let id = world.user("ada").await;
    let patch = ProfilePatch {
        full_name: Some(Some("Ada 🧮 Lovelace".to_owned())),
        bio: Some(Some("first".to_owned())),
        ..ProfilePatch::default()
    };
    users::update(store, tenant, id, patch, world.now()).await.unwrap().unwrap();
    let patch =
        ProfilePatch { bio: Some(None), phone: Some(Some("+4912345678".to_owned())), ..ProfilePatch::default() };
    let user = users::update(store, tenant, id, patch, world.now()).await.unwrap().unwrap();
    assert_eq!(
        (user.full_name.as_deref(), user.bio, user.phone.as_deref()),
        (Some("Ada 🧮 Lovelace"), None, Some("+4912345678"))
    );
    assert!(user.updated_at > user.created_at);
    let nobody = confab_contract::UserId::generate();
    assert_eq!(users::update(store, tenant, nobody, ProfilePatch::default(), world.now()).await.unwrap(), None);
}

async fn search_finds_parts_of_names_in_any_case_and_takes_wildcards_literally(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let anna = world.user("anna_b").await;
    let hanna = world.user("Hanna").await;
    let patch = ProfilePatch { full_name: Some(Some("Ärzte ohne 100%".to_owned())), ..ProfilePatch::default() };
    users::update(store, tenant, hanna, patch, world.now()).await.unwrap();
    let suspended = world.user("susanna").await;
    users::set_suspended(store, tenant, suspended, true, world.now()).await.unwrap();
    let find = async |text: &str| {
        let (found, total) = users::search(store, tenant, text, 10, 0).await.unwrap();
        assert_eq!(found.len() as u64, total);
        found.into_iter().map(|user| user.id).collect::<Vec<_>>()
    };
    assert_eq!(find("ANNA").await, [anna, hanna]);
    assert_eq!(find("ärzte").await, [hanna]);
    assert_eq!(find("ANNA_B@example.com").await, [anna]);
    assert_eq!(find("example.com").await, []);
    assert_eq!(find("100%").await, [hanna]);
    assert_eq!(find("_").await, [anna]);
    assert_eq!(find(r"\").await, []);
    assert_eq!(find("nobody' OR 1=1 --").await, []);
    let (page, total) = users::search(store, tenant, "anna", 1, 1).await.unwrap();
    assert_eq!((page[0].id, page.len(), total), (hanna, 1, 2));
}

async fn a_new_password_ends_the_other_sessions_and_a_rehash_none(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let id = world.user("ada").await;
    let [here, there] = [SessionId::generate(), SessionId::generate()];
    for session in [here, there] {
        sessions::insert(store, tenant, session_of(id, session, &world), world.now()).await.unwrap();
    }
    let change = async |old: &str, new: &str| {
        let hashes = (old.to_owned().into(), new.to_owned().into());
        users::change_password(store, tenant, id, hashes, Some(here), world.now()).await.unwrap()
    };
    users::rehash_password(store, tenant, id, "wrong".to_owned().into(), "x".to_owned().into()).await.unwrap();
    users::rehash_password(store, tenant, id, "$argon2id$hash".to_owned().into(), "better".to_owned().into())
        .await
        .unwrap();
    let found = users::credentials(store, tenant, Account::Email("ADA@example.com")).await.unwrap().unwrap();
    assert_eq!((found.user.id, found.password_hash.expose_secret()), (id, "better"));
    assert_eq!(change("$argon2id$hash", "stale").await, None);
    assert_eq!(change("better", "new").await, Some(vec![there]));
    let found = users::credentials(store, tenant, Account::Id(id)).await.unwrap().unwrap();
    assert_eq!(found.password_hash.expose_secret(), "new");
    assert!(!format!("{found:?}").contains("new\""));
}

async fn a_sign_in_with_the_old_password_does_not_survive_a_change_at_the_same_moment(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let stores = [store.clone(), world.another_store().await];
    for round in 0..10 {
        let id = world.user(&format!("ada{round}")).await;
        let sessions: Vec<_> = (0..6).map(|_| SessionId::generate()).collect();
        let signing_in = sessions.iter().enumerate().map(|(number, session)| {
            sessions::insert(&stores[number % 2], tenant, session_of(id, *session, &world), world.now())
        });
        let hashes = ("$argon2id$hash".to_owned().into(), "new".to_owned().into());
        let changing = users::change_password(store, tenant, id, hashes, None, world.now());
        let (_, changed) = tokio::join!(join_all(signing_in), changing);
        assert!(changed.unwrap().is_some());
        let (live, _) = sessions::list(store, tenant, id, world.now(), 10, 0).await.unwrap();
        assert_eq!(live, [], "revoked by the change, or refused after it");
        let late = sessions::insert(store, tenant, session_of(id, SessionId::generate(), &world), world.now()).await;
        assert_eq!(late.unwrap(), SignIn::Outdated);
    }
}

async fn of_two_changes_from_one_password_at_once_one_counts(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let id = world.user("ada").await;
    let change = |new: &str| {
        let hashes = ("$argon2id$hash".to_owned().into(), new.to_owned().into());
        users::change_password(store, tenant, id, hashes, None, world.now())
    };
    let done = join_all(["a", "b", "c", "d"].map(change)).await;
    assert_eq!(done.into_iter().filter(|done| done.as_ref().unwrap().is_some()).count(), 1);
}

async fn suspension_ends_all_sessions_and_lets_nobody_in(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let id = world.user("ada").await;
    let session = SessionId::generate();
    sessions::insert(store, tenant, session_of(id, session, &world), world.now()).await.unwrap();
    assert_eq!(users::set_suspended(store, tenant, id, true, world.now()).await.unwrap(), Some(vec![session]));
    assert_eq!(users::set_suspended(store, tenant, id, true, world.now()).await.unwrap(), Some(vec![]));
    let later = SessionId::generate();
    let refused = sessions::insert(store, tenant, session_of(id, later, &world), world.now()).await.unwrap();
    assert_eq!(refused, SignIn::Suspended);
    assert_eq!(sessions::get(store, tenant, later).await.unwrap(), None);
    users::set_suspended(store, tenant, id, false, world.now()).await.unwrap();
    assert_eq!(users::get(store, tenant, id).await.unwrap().unwrap().suspended_at, None);
    let nobody = confab_contract::UserId::generate();
    assert_eq!(users::set_suspended(store, tenant, nobody, true, world.now()).await.unwrap(), None);
}

async fn whoever_looks_after_accounts_sees_suspended_ones_too_page_by_page(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    for name in ["cleo", "anna", "bert"] {
        world.user(name).await;
    }
    let bert = users::credentials(store, tenant, Account::Email("bert@example.com")).await.unwrap().unwrap().user.id;
    users::set_suspended(store, tenant, bert, true, world.now()).await.unwrap();
    let (first, total) = users::list(store, tenant, "", 2, 0).await.unwrap();
    let (second, _) = users::list(store, tenant, "", 2, 2).await.unwrap();
    let names: Vec<&str> = first.iter().chain(&second).map(|user| user.username.as_str()).collect();
    assert_eq!((names, total), (vec!["anna", "bert", "cleo"], 3));
    assert!(first[0].suspended_at.is_none() && first[1].suspended_at.is_some());
    assert_eq!(users::list(store, tenant, "ERT@exam", 9, 0).await.unwrap().1, 1);
    assert_eq!(users::list(store, tenant, "%", 9, 0).await.unwrap().1, 0);
}

async fn people_see_those_with_whom_they_share_a_conversation_now(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [me, friend, mate, left, stranger] = world.users().await;
    world.direct(me, friend).await;
    let group = world.group(&[me, mate, left]).await;
    confab_store::members::leave(store, tenant, left, group, world.now()).await.unwrap();
    let all = [me, friend, mate, left, stranger, confab_contract::UserId::generate()];
    let seen = users::visible_to(store, tenant, me, &all).await.unwrap();
    assert_eq!(seen, HashSet::from([me, friend, mate]));
    let seen = users::visible_to(store, tenant, stranger, &all).await.unwrap();
    assert_eq!(seen, HashSet::from([stranger]));
}

async fn text_of_any_kind_survives_and_nul_is_refused(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let id = world.user("ada").await;
    let odd = ["\u{1}\u{7f}", "🏳️‍🌈", "\u{10FFFF}", "'; DROP TABLE users; --", "\u{202e}abc", "\\u0000", "\u{FEFF}"];
    for text in odd {
        let patch = ProfilePatch { bio: Some(Some(text.to_owned())), ..ProfilePatch::default() };
        let user = users::update(store, tenant, id, patch, world.now()).await.unwrap().unwrap();
        assert_eq!(user.bio.as_deref(), Some(text));
    }
    let patch = ProfilePatch { bio: Some(Some("a\0b".to_owned())), ..ProfilePatch::default() };
    let refused = users::update(store, tenant, id, patch, world.now()).await;
    assert!(matches!(refused, Err(confab_store::StoreError::Unstorable)), "{refused:?}");
}

fn session_of(user: confab_contract::UserId, id: SessionId, world: &World) -> NewSession {
    NewSession {
        id,
        user,
        password_hash: "$argon2id$hash".to_owned().into(),
        device_id: None,
        user_agent: None,
        address: None,
        network: None,
        refresh_salt: "salt".to_owned(),
        expires_at: world.now().plus_millis(1_000_000),
    }
}
