//! What one process was told, each process serves.

use std::time::{Duration, Instant};

use confab_chassis::tenant::Standing;
use confab_contract::admin::v1::RemoveMode;
use confab_contract::admin::{GuestPolicy, RefusalReason};
use confab_store::{Source, tenants};
use confab_testbed::PostgresServer;
use confab_testbed::StopMode;

use crate::world::{Hears, World, changed, domain, eventually, guest, host, host_record};

on_both_engines! {
    who_answers_serves_the_tenant_before_it_replies,
    a_process_that_starts_later_serves_everybody,
    a_peer_that_hears_nothing_serves_a_new_tenant_when_it_is_asked_for,
    a_peer_that_hears_nothing_follows_by_itself,
    a_tenant_hibernates_and_wakes_on_every_process,
    a_removed_tenant_is_unknown_and_its_keys_are_gone,
    a_stricter_host_suspends_its_guests_and_takes_them_back,
}

async fn who_answers_serves_the_tenant_before_it_replies(world: &World) {
    let process = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    assert_eq!(operator.upsert(&[host_record(), guest("one"), guest("two")]).await, [Ok(1), Ok(1), Ok(1)]);
    assert!(process.serves("one.example.com") && process.serves("api.two.example.com"));
    let renamed = changed(&guest("one"), |record| record.config.domain = domain("uno"));
    assert_eq!(operator.upsert(&[renamed]).await, [Ok(2)]);
    assert!(process.serves("uno.example.com") && process.tenants.by_host("one.example.com").is_none());
}

async fn a_process_that_starts_later_serves_everybody(world: &World) {
    let first = world.still_process(Hears::Nothing).await;
    let guests: Vec<_> = (0..200).map(|number| guest(&format!("g{number}"))).collect();
    let mut operator = world.operator(&first).await;
    operator.upsert(&[host_record()]).await;
    assert!(operator.upsert(&guests).await.iter().all(Result::is_ok));
    let second = world.still_process(Hears::Nothing).await;
    assert!((0..200).all(|number| second.serves(&domain(&format!("g{number}")))));
    assert_eq!(second.tenants.counts()[0], (Standing::Serving, 201));
    let (one, other) = (first.keyring.kids(guests[7].id()), second.keyring.kids(guests[7].id()));
    assert_eq!((one.len(), &one), (1, &other), "they sign with the same key");
}

async fn a_peer_that_hears_nothing_serves_a_new_tenant_when_it_is_asked_for(world: &World) {
    let (told, peer) = (world.still_process(Hears::Nothing).await, world.still_process(Hears::Nothing).await);
    world.operator(&told).await.upsert(&[host_record(), guest("one")]).await;
    assert!(peer.tenants.by_host("one.example.com").is_none(), "nobody has told it");
    assert!(peer.tenants.find_by_host("one.example.com").await.unwrap().is_some());
    assert!(peer.serves("one.example.com"));
    assert!(peer.tenants.find_by_host("nobody.example.com").await.unwrap().is_none());
}

async fn a_peer_that_hears_nothing_follows_by_itself(world: &World) {
    let (told, peer) = (world.still_process(Hears::Nothing).await, world.process(Hears::Nothing).await);
    let mut operator = world.operator(&told).await;
    operator.upsert(&[host_record(), guest("one")]).await;
    eventually("it comes", || peer.serves("one.example.com")).await;
    operator.remove(&guest("one"), RemoveMode::Retain).await;
    eventually("it goes", || peer.tenants.by_host("one.example.com").is_none()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_that_hears_the_bus_follows_at_once() {
    let world = World::on_postgres().await;
    let (told, peer) = (world.still_process(Hears::Bus).await, world.process(Hears::Bus).await);
    let mut operator = world.operator(&told).await;
    operator.upsert(&[host_record()]).await;
    let mut slowest = Duration::ZERO;
    for number in 0..20 {
        let (name, began) = (format!("g{number}"), Instant::now());
        operator.upsert(&[guest(&name)]).await;
        eventually("it comes", || peer.serves(&domain(&name))).await;
        slowest = slowest.max(began.elapsed());
    }
    // Looking at the store alone would take two seconds for some of twenty.
    assert!(slowest < Duration::from_secs(1), "{slowest:?}");
}

async fn a_tenant_hibernates_and_wakes_on_every_process(world: &World) {
    let (told, peer) = (world.still_process(Hears::Nothing).await, world.still_process(Hears::Nothing).await);
    let mut operator = world.operator(&told).await;
    let asleep = changed(&guest("one"), |record| record.hibernated = true);
    operator.upsert(&[host_record(), asleep.clone()]).await;
    peer.follower.catch_up().await.unwrap();
    for process in [&told, &peer] {
        assert_eq!(process.tenants.by_host("one.example.com").unwrap().standing, Standing::Hibernated);
    }
    let awake = changed(&asleep, |record| record.hibernated = false);
    assert_eq!(operator.upsert(&[awake]).await, [Ok(3)]);
    peer.follower.catch_up().await.unwrap();
    assert!(told.serves("one.example.com") && peer.serves("one.example.com"));
}

async fn a_removed_tenant_is_unknown_and_its_keys_are_gone(world: &World) {
    let (told, peer) = (world.still_process(Hears::Nothing).await, world.still_process(Hears::Nothing).await);
    let mut operator = world.operator(&told).await;
    operator.upsert(&[host_record(), guest("one")]).await;
    peer.follower.catch_up().await.unwrap();
    operator.remove(&guest("one"), RemoveMode::Delete).await;
    peer.follower.catch_up().await.unwrap();
    for process in [&told, &peer] {
        assert!(process.tenants.by_id(guest("one").id()).is_none());
        assert!(process.keyring.kids(guest("one").id()).is_empty());
    }
}

async fn a_stricter_host_suspends_its_guests_and_takes_them_back(world: &World) {
    let process = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    operator.upsert(&[host_record(), guest("one")]).await;
    let stricter = changed(&host_record(), |record| record.guests = Some(GuestPolicy::default()));
    assert_eq!(operator.upsert(std::slice::from_ref(&stricter)).await, [Ok(2)]);
    assert_eq!(process.tenants.by_host("one.example.com").unwrap().standing, Standing::NotAllowed);
    assert!(process.serves("host.example.com"), "the host is no guest");
    assert_eq!(operator.upsert(&[guest("one")]).await, [Err(RefusalReason::NotAllowed)]);
    let milder = changed(&stricter, |record| record.guests = host_record().guests);
    operator.upsert(&[milder]).await;
    assert!(process.serves("one.example.com"), "without another word about the guest");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_who_is_known_is_served_and_of_others_nobody_can_tell() {
    let mut server = PostgresServer::start().await.unwrap();
    let database = server.database().await;
    let source = Source::Postgres(database.url().to_owned().into());
    let world = World::new(source, None, tempfile::tempdir().unwrap(), Some(database));
    let process = world.process(Hears::Nothing).await;
    let mut operator = world.operator(&process).await;
    operator.upsert(&[host_record(), guest("one")]).await;
    server.stop(StopMode::Fast).await.unwrap();
    assert!(process.tenants.find_by_host("one.example.com").await.unwrap().is_some());
    let began = Instant::now();
    assert!(process.tenants.find_by_host("new.example.com").await.is_err());
    assert!(began.elapsed() < Duration::from_secs(2), "a request does not wait for the store");
    let away = operator.try_upsert(&[guest("new")]).await.unwrap_err();
    assert_eq!(away.code(), tonic::Code::Unavailable);
    server.start_again().await.unwrap();
    let again = async {
        while operator.try_upsert(&[guest("new")]).await.is_err() {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(crate::world::DEADLINE, again).await.unwrap();
    assert!(process.serves("new.example.com"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_stored_and_not_applied_is_applied_when_it_is_said_again() {
    let world = World::on_postgres().await;
    let process = world.still_process(Hears::Nothing).await;
    world.operator(&process).await.upsert(&[host_record()]).await;
    // As if the process had died between COMMIT and the table.
    let records = [guest("one")];
    tenants::upsert(&process.store, &host(), &records, confab_chassis::clock::Clock::system().now()).await.unwrap();
    let mut operator = world.operator(&process).await;
    assert_eq!(operator.upsert(&records).await, [Ok(1)]);
    assert!(process.serves("one.example.com"));
}
