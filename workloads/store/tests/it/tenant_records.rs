//! Tenants that come and go: what is stored, who owns which host name, and what followers see.

use std::collections::{BTreeMap, BTreeSet};

use confab_contract::admin::policy::GuestsFrom;
use confab_contract::admin::{GuestPolicy, RefusalReason, TenantRecord, TenantState};
use confab_contract::config::tenant::TenantConfig;
use confab_contract::{TenantId, Timestamp};
use confab_store::tenants::{self, Changes, Outcome};
use confab_store::{Store, StoreError};
use futures_util::future::join_all;

use crate::world::{World, execute};

on_both_engines! {
    a_batch_is_stored_as_a_whole_with_an_outcome_for_each,
    saying_the_same_again_changes_nothing,
    a_host_name_moves_from_one_tenant_to_another_only_when_it_is_free,
    two_processes_never_give_one_host_name_to_two_tenants,
    a_removed_tenant_keeps_its_rows_and_frees_its_names,
    only_the_tenant_that_is_meant_is_removed,
    a_change_of_the_hosts_policy_suspends_and_admits_guests,
    guests_are_counted_whatever_becomes_of_them,
    followers_miss_no_change_of_writers_at_the_same_time,
    a_follower_that_comes_too_late_is_told_to_read_everything,
    settings_that_a_newer_version_wrote_are_told_apart,
    lists_have_pages_and_leave_out_what_is_gone,
}

pub fn host() -> TenantId {
    "chat.host".parse().unwrap()
}

pub fn record(name: &str) -> TenantRecord {
    let id: TenantId = format!("team.{name}").parse().unwrap();
    let config = TenantConfig::new(id, format!("{name}.example.com"));
    TenantRecord::new(format!("uid-of-{name}"), Timestamp::from_millis(1000), config)
}

pub fn host_record(policy: Option<GuestPolicy>) -> TenantRecord {
    let config = TenantConfig::new(host(), "host.example.com");
    TenantRecord { guests: policy, ..TenantRecord::new("uid-of-host", Timestamp::from_millis(0), config) }
}

pub fn all() -> GuestPolicy {
    GuestPolicy { from: GuestsFrom::All, ..GuestPolicy::default() }
}

async fn upsert(world: &World, records: &[TenantRecord]) -> Vec<Result<u64, RefusalReason>> {
    let outcomes = tenants::upsert(&world.store, &host(), records, world.now()).await.unwrap();
    outcomes.iter().map(short).collect()
}

fn short(outcome: &Outcome) -> Result<u64, RefusalReason> {
    match outcome {
        Outcome::Stored { generation } => Ok(*generation),
        Outcome::Refused { reason, .. } => Err(*reason),
    }
}

async fn remove(world: &World, record: &TenantRecord, keep_rows: bool) -> TenantState {
    let name = (record.id(), record.uid.as_str());
    tenants::remove(&world.store, &host(), name, record.generation, keep_rows, world.now()).await.unwrap()
}

/// The state of each tenant as somebody sees it who reads everything, some at a time.
async fn states(store: &Store) -> BTreeMap<String, TenantState> {
    let (mut seen, mut revision) = (BTreeMap::new(), 0);
    loop {
        let Changes { tenants, revision: reached, has_more, .. } =
            tenants::changed_since(store, revision, 3).await.unwrap();
        revision = reached;
        seen.extend(tenants.into_iter().map(|tenant| (tenant.id.to_string(), tenant.state)));
        if !has_more {
            return seen;
        }
    }
}

async fn a_batch_is_stored_as_a_whole_with_an_outcome_for_each(world: World) {
    let mut rival = record("rival");
    "one.example.com".clone_into(&mut rival.config.domain);
    let mut asleep = record("asleep");
    asleep.hibernated = true;
    // The host comes last, and yet its policy counts for those before it.
    let batch = [record("one"), asleep, rival, host_record(Some(all()))];
    let outcomes = upsert(&world, &batch).await;
    assert_eq!(outcomes, [Ok(1), Ok(1), Err(RefusalReason::DomainTaken), Ok(1)]);
    let expected = [
        ("chat.host".to_owned(), TenantState::Serving),
        ("team.asleep".to_owned(), TenantState::Hibernated),
        ("team.one".to_owned(), TenantState::Serving),
    ];
    assert_eq!(states(&world.store).await, BTreeMap::from(expected));
    let changes = tenants::changed_since(&world.store, 0, 100).await.unwrap();
    let one = changes.tenants.iter().find(|tenant| tenant.id.as_str() == "team.one").unwrap();
    assert_eq!(one.config.as_ref(), Some(&record("one").config));
}

async fn saying_the_same_again_changes_nothing(world: World) {
    let batch = [host_record(Some(all())), record("one")];
    upsert(&world, &batch).await;
    let before = tenants::changed_since(&world.store, 0, 100).await.unwrap().revision;
    assert_eq!(upsert(&world, &batch).await, [Ok(1), Ok(1)]);
    assert_eq!(tenants::changed_since(&world.store, before, 100).await.unwrap().tenants.len(), 0);
    let mut changed = record("one");
    changed.generation = 2;
    changed.config.limits.group_members = 7;
    assert_eq!(upsert(&world, std::slice::from_ref(&changed)).await, [Ok(2)]);
    let news = tenants::changed_since(&world.store, before, 100).await.unwrap();
    assert_eq!(news.tenants[0].config.as_ref().unwrap().limits.group_members, 7);
    assert_eq!(upsert(&world, &batch).await, [Ok(1), Err(RefusalReason::Superseded)]);
}

async fn a_host_name_moves_from_one_tenant_to_another_only_when_it_is_free(world: World) {
    upsert(&world, &[host_record(Some(all())), record("one"), record("two")]).await;
    let mut greedy = TenantRecord { generation: 2, ..record("two") };
    greedy.config.extra_hosts = vec!["API.one.example.com".to_owned()];
    assert_eq!(upsert(&world, &[greedy.clone()]).await, [Err(RefusalReason::DomainTaken)]);
    let mut moved = TenantRecord { generation: 2, ..record("one") };
    "elsewhere.example.com".clone_into(&mut moved.config.domain);
    assert_eq!(upsert(&world, &[moved, greedy]).await, [Ok(2), Ok(2)]);
    let mut third = record("three");
    "one.example.com".clone_into(&mut third.config.domain);
    assert_eq!(upsert(&world, &[third]).await, [Err(RefusalReason::DomainTaken)], "api. before it has an owner");
}

async fn two_processes_never_give_one_host_name_to_two_tenants(world: World) {
    upsert(&world, &[host_record(Some(all()))]).await;
    let stores = join_all((0..4).map(|_| world.another_store())).await;
    let rivals = (0..24).map(|number| {
        let mut rival = record(&format!("rival{number}"));
        rival.config.domain = format!("contested{}.example.com", number % 6);
        let (store, host, now) = (stores[number % 4].clone(), host(), world.now());
        async move { tenants::upsert(&store, &host, &[rival], now).await.unwrap().remove(0) }
    });
    let outcomes: Vec<_> = join_all(rivals).await.iter().map(short).collect();
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 6, "{outcomes:?}");
    assert!(outcomes.iter().all(|outcome| matches!(outcome, Ok(1) | Err(RefusalReason::DomainTaken))));
}

async fn a_removed_tenant_keeps_its_rows_and_frees_its_names(world: World) {
    upsert(&world, &[host_record(Some(all())), record("one")]).await;
    let user = world.user_of(record("one").id(), "ada").await;
    assert_eq!(remove(&world, &record("one"), true).await, TenantState::Retained);
    assert_eq!(states(&world.store).await["team.one"], TenantState::Retained);
    assert!(confab_store::users::get(&world.store, record("one").id(), user).await.unwrap().is_some());
    let mut heir = record("heir");
    heir.config.domain = record("one").config.domain;
    assert_eq!(upsert(&world, &[heir.clone()]).await, [Ok(1)], "the name is free");
    assert_eq!(upsert(&world, &[record("one")]).await, [Err(RefusalReason::Superseded)], "it was late");
    let again = TenantRecord { uid: "another".to_owned(), created_at: Timestamp::from_millis(2000), ..record("one") };
    assert_eq!(upsert(&world, std::slice::from_ref(&again)).await, [Err(RefusalReason::DomainTaken)]);
    assert_eq!(remove(&world, &heir, true).await, TenantState::Retained);
    assert_eq!(upsert(&world, &[again]).await, [Ok(1)]);
    assert!(confab_store::users::get(&world.store, record("one").id(), user).await.unwrap().is_some());
}

async fn only_the_tenant_that_is_meant_is_removed(world: World) {
    upsert(&world, &[host_record(Some(all())), record("one")]).await;
    let former = TenantRecord { uid: "former".to_owned(), ..record("one") };
    assert_eq!(remove(&world, &former, false).await, TenantState::Gone);
    assert_eq!(remove(&world, &record("unknown"), false).await, TenantState::Gone);
    assert_eq!(states(&world.store).await["team.one"], TenantState::Serving);
    assert_eq!(remove(&world, &record("one"), true).await, TenantState::Retained);
    assert_eq!(remove(&world, &record("one"), false).await, TenantState::Deleting, "the policy was changed");
    assert_eq!(remove(&world, &record("one"), true).await, TenantState::Deleting, "too late");
}

async fn a_change_of_the_hosts_policy_suspends_and_admits_guests(world: World) {
    let red = |name: &str| {
        let labels = BTreeMap::from([("team".to_owned(), "red".to_owned())]);
        TenantRecord { namespace_labels: labels, ..record(name) }
    };
    let mut asleep = red("asleep");
    asleep.hibernated = true;
    upsert(&world, &[host_record(Some(all())), red("one"), asleep, record("blue")]).await;
    let only_red = GuestPolicy {
        from: GuestsFrom::Selector,
        match_labels: BTreeMap::from([("team".to_owned(), "red".to_owned())]),
        ..GuestPolicy::default()
    };
    let stricter = TenantRecord { generation: 2, ..host_record(Some(only_red)) };
    assert_eq!(upsert(&world, &[stricter]).await, [Ok(2)]);
    let now = states(&world.store).await;
    assert_eq!(now["team.blue"], TenantState::NotAllowed);
    assert_eq!((now["team.one"], now["team.asleep"]), (TenantState::Serving, TenantState::Hibernated));
    let nobody = TenantRecord { generation: 3, ..host_record(None) };
    upsert(&world, &[nobody]).await;
    let now = states(&world.store).await;
    assert!(now.iter().all(|(id, state)| id == "chat.host" || *state == TenantState::NotAllowed), "{now:?}");
    // Two places for three: who was there first comes first, and what hibernates goes on doing so.
    let two = GuestPolicy { max_tenants: 2, ..all() };
    upsert(&world, &[TenantRecord { generation: 4, ..host_record(Some(two)) }]).await;
    let now = states(&world.store).await;
    assert_eq!((now["team.asleep"], now["team.blue"]), (TenantState::Hibernated, TenantState::Serving));
    assert_eq!(now["team.one"], TenantState::NotAllowed);
    assert_eq!(upsert(&world, &[red("one")]).await, [Err(RefusalReason::HostFull)]);
}

async fn guests_are_counted_whatever_becomes_of_them(world: World) {
    let few = GuestPolicy { max_tenants: 2, ..all() };
    upsert(&world, &[host_record(Some(few)), record("one"), record("two")]).await;
    let full = [Err(RefusalReason::HostFull)];
    assert_eq!(upsert(&world, &[record("three")]).await, full);
    assert_eq!(upsert(&world, &[TenantRecord { generation: 2, ..record("two") }]).await, [Ok(2)]);
    remove(&world, &record("one"), true).await;
    remove(&world, &record("one"), false).await;
    assert_eq!(upsert(&world, &[record("three"), record("four")]).await, [Ok(1), full[0]]);
    remove(&world, &record("three"), false).await;
    assert_eq!(upsert(&world, &[record("four")]).await, [Ok(1)]);
    assert_eq!(upsert(&world, &[record("five")]).await, full);
}

async fn followers_miss_no_change_of_writers_at_the_same_time(world: World) {
    upsert(&world, &[host_record(Some(all()))]).await;
    let stores = join_all((0..3).map(|_| world.another_store())).await;
    let writers = (0..60).map(|number| {
        let (store, host, now) = (stores[number % 3].clone(), host(), world.now());
        let batch = [record(&format!("a{number}")), record(&format!("b{number}"))];
        async move { tenants::upsert(&store, &host, &batch, now).await.map(drop) }
    });
    let follower = async {
        let (mut seen, mut revision) = (BTreeSet::new(), 0);
        while seen.len() < 121 {
            let changes = tenants::changed_since(&world.store, revision, 7).await?;
            revision = changes.revision;
            seen.extend(changes.tenants.into_iter().map(|tenant| tenant.id));
        }
        Ok::<_, StoreError>(())
    };
    let (written, seen_all) = tokio::join!(join_all(writers), follower);
    for result in written {
        result.unwrap();
    }
    seen_all.unwrap();
}

async fn a_follower_that_comes_too_late_is_told_to_read_everything(world: World) {
    upsert(&world, &[host_record(Some(all())), record("one"), record("two")]).await;
    let before = tenants::changed_since(&world.store, 0, 100).await.unwrap();
    assert!(!before.is_incomplete);
    remove(&world, &record("one"), false).await;
    let store = &world.store;
    tenants::purge::finish(store, record("one").id(), world.now()).await.unwrap();
    let in_time = tenants::changed_since(store, before.revision, 100).await.unwrap();
    assert_eq!(in_time.tenants[0].state, TenantState::Gone);
    tenants::purge::forget(store, record("one").id(), 100).await.unwrap();
    assert!(tenants::changed_since(store, before.revision, 100).await.unwrap().is_incomplete);
    assert!(!tenants::changed_since(store, in_time.revision, 100).await.unwrap().is_incomplete);
    let anew = tenants::changed_since(store, 0, 100).await.unwrap();
    assert!(!anew.is_incomplete && anew.tenants.iter().all(|tenant| tenant.id != *record("one").id()));
    assert_eq!(upsert(&world, &[record("one")]).await, [Ok(1)], "nothing is known of it any more");
}

async fn lists_have_pages_and_leave_out_what_is_gone(world: World) {
    let names = ["a", "b", "c", "d"];
    let mut batch: Vec<TenantRecord> = names.into_iter().map(record).collect();
    batch.push(host_record(Some(all())));
    upsert(&world, &batch).await;
    remove(&world, &record("b"), true).await;
    remove(&world, &record("c"), false).await;
    tenants::purge::finish(&world.store, record("c").id(), world.now()).await.unwrap();
    let first = tenants::list(&world.store, "", 2).await.unwrap();
    let second = tenants::list(&world.store, first[1].id.as_str(), 2).await.unwrap();
    let ids: Vec<&str> = first.iter().chain(&second).map(|listed| listed.id.as_str()).collect();
    assert_eq!(ids, ["chat.host", "team.a", "team.b", "team.d"]);
    assert_eq!((second[0].state, second[0].uid.as_str()), (TenantState::Retained, "uid-of-b"));
    let counts = tenants::counts(&world.store).await.unwrap();
    assert_eq!(counts, BTreeMap::from([(TenantState::Serving, 3), (TenantState::Retained, 1)]));
}

async fn settings_that_a_newer_version_wrote_are_told_apart(world: World) {
    upsert(&world, &[host_record(Some(all())), record("one")]).await;
    let statement = "UPDATE tenants SET config = replace(config, '\"limits\"', '\"of_the_future\": 1, \"limits\"')";
    execute(&world.source(), statement).await;
    let changes = tenants::changed_since(&world.store, 0, 100).await.unwrap();
    assert!(changes.tenants.iter().all(|tenant| tenant.config.is_none() && tenant.state == TenantState::Serving));
    let again = TenantRecord { generation: 2, ..record("one") };
    assert_eq!(upsert(&world, &[again]).await, [Ok(2)], "this version may write them anew");
}
