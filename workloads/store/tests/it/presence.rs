//! Availability over devices, nodes and outages of nodes.

use confab_contract::rest::users::PresenceStatus::{self, Away, Busy, Offline, Online};
use confab_contract::{TenantId, Timestamp, UserId};
use confab_store::presence::{self, NodeId, NodePresence, Renewed};
use confab_store::users::{self, ProfilePatch};
use futures_util::future::join_all;

use crate::world::World;

on_both_engines! {
    a_person_shows_the_best_of_all_nodes_and_only_changes_are_told,
    nodes_that_fall_silent_are_swept_and_their_people_go_offline,
    versions_grow_with_every_change_also_of_the_status_message,
    nodes_that_tell_of_the_same_people_at_once_agree,
    people_who_do_not_exist_are_passed_over,
    a_lease_that_ended_is_noticed_by_its_node_swept_or_not,
    what_is_told_afresh_is_news_although_nothing_changed,
    a_node_never_sweeps_itself,
    who_is_there_was_last_seen_now,
}

async fn a_person_shows_the_best_of_all_nodes_and_only_changes_are_told(world: World) {
    let [ada] = world.users().await;
    let [one, two] = [live_node(&world).await, live_node(&world).await];
    assert_eq!(tell(&world, one, ada, Some(Away)).await, Some((Away, 1)));
    assert_eq!(tell(&world, two, ada, Some(Online)).await, Some((Online, 2)));
    assert_eq!(tell(&world, one, ada, Some(Busy)).await, None);
    assert_eq!(tell(&world, one, ada, None).await, None);
    assert_eq!(tell(&world, two, ada, Some(Online)).await, None);
    assert_eq!(tell(&world, two, ada, None).await, Some((Offline, 3)));
    let row = &presence::get(&world.store, &world.tenant, &[ada], world.now()).await.unwrap()[0];
    assert_eq!((row.status, row.version), (Offline, 3));
    assert!(row.last_seen.is_some());
}

async fn nodes_that_fall_silent_are_swept_and_their_people_go_offline(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [ada, bob, eve] = world.users().await;
    let [dead, alive] = [NodeId::generate(), live_node(&world).await];
    let lease = world.now().plus_millis(1000);
    presence::renew(store, dead, lease, world.now()).await.unwrap();
    for (node, user) in [(dead, ada), (dead, bob), (alive, bob)] {
        tell(&world, node, user, Some(Online)).await;
    }
    assert_eq!(presence::sweep(store, alive, world.now()).await.unwrap(), []);
    let later = lease.plus_millis(5000);
    // Not swept yet, but the lease is over.
    let rows = presence::get(store, tenant, &[ada, bob, eve, UserId::generate()], later).await.unwrap();
    let statuses: Vec<_> = rows.iter().map(|row| (row.user, row.status)).collect();
    assert_eq!(statuses, [(ada, Offline), (bob, Online), (eve, Offline)]);
    let sweeps = join_all((0..4).map(|_| presence::sweep(store, alive, later))).await;
    let swept: Vec<_> = sweeps.into_iter().flat_map(Result::unwrap).collect();
    assert_eq!(swept.len(), 1);
    let (of, row) = &swept[0];
    assert_eq!((of, row.user, row.status, row.last_seen), (tenant, ada, Offline, Some(lease)));
    // It was only frozen: it renews and tells everything anew.
    let renewed = presence::renew(store, dead, later.plus_millis(1000), later).await.unwrap();
    assert_eq!(renewed, Renewed::Late);
    assert_eq!(tell(&world, dead, ada, Some(Online)).await.map(|(status, _)| status), Some(Online));
}

async fn versions_grow_with_every_change_also_of_the_status_message(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let [ada] = world.users().await;
    let node = live_node(&world).await;
    let see = async || presence::get(store, tenant, &[ada], world.now()).await.unwrap().remove(0);
    assert_eq!((see().await.status, see().await.version, see().await.last_seen), (Offline, 0, None));
    let say = |text: &str| ProfilePatch { status_message: Some(Some(text.to_owned())), ..ProfilePatch::default() };
    users::update(store, tenant, ada, say("lunch"), world.now()).await.unwrap();
    tell(&world, node, ada, Some(Busy)).await;
    let row = see().await;
    assert_eq!((row.status, row.status_message.as_deref(), row.version), (Busy, Some("lunch"), 2));
    users::update(store, tenant, ada, say("back"), world.now()).await.unwrap();
    assert_eq!((see().await.status, see().await.version), (Busy, 3));
}

async fn nodes_that_tell_of_the_same_people_at_once_agree(world: World) {
    let (store, tenant) = (&world.store, &world.tenant);
    let people: [UserId; 10] = world.users().await;
    let stores = [store.clone(), world.another_store().await];
    let nodes = [live_node(&world).await, live_node(&world).await];
    let rounds = (0..12).map(|round| {
        let status = [Some(Online), Some(Away), None][round % 3];
        let mut changes: Vec<_> = people.iter().map(|user| told(tenant, *user, status)).collect();
        if round % 2 == 0 {
            changes.reverse();
        }
        presence::set(&stores[round % 2], nodes[round % 2], changes, world.now())
    });
    let told = join_all(rounds).await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    let rows = presence::get(store, tenant, &people, world.now()).await.unwrap();
    for row in &rows {
        // Whatever order they came in, the newest version that was told is what is stored.
        let news = told.iter().flatten().flatten().map(|(_, news)| news).filter(|news| news.user == row.user);
        let newest = news.max_by_key(|news| news.version).unwrap();
        assert_eq!((row.status, row.version), (newest.status, newest.version));
    }
}

async fn people_who_do_not_exist_are_passed_over(world: World) {
    let node = live_node(&world).await;
    assert_eq!(tell(&world, node, UserId::generate(), Some(Online)).await, None);
    assert_eq!(presence::set(&world.store, node, Vec::new(), world.now()).await.unwrap(), []);
}

async fn a_lease_that_ended_is_noticed_by_its_node_swept_or_not(world: World) {
    let (store, now, node) = (&world.store, world.now(), NodeId::generate());
    let renew = async |after: i64| {
        let moment = now.plus_millis(after);
        presence::renew(store, node, moment.plus_millis(1000), moment).await.unwrap()
    };
    assert_eq!(renew(0).await, Renewed::Late, "the first");
    assert_eq!(renew(900).await, Renewed::InTime);
    assert_eq!(renew(1900).await, Renewed::Late, "it has just ended");
    let other = live_node(&world).await;
    presence::sweep(store, other, now.plus_millis(2900)).await.unwrap();
    assert_eq!(renew(2950).await, Renewed::Late, "somebody whose clock is ahead has swept it");
    assert_eq!(renew(3000).await, Renewed::InTime);
}

async fn what_is_told_afresh_is_news_although_nothing_changed(world: World) {
    let [ada] = world.users().await;
    let node = live_node(&world).await;
    assert_eq!(tell(&world, node, ada, Some(Online)).await, Some((Online, 1)));
    let again = NodePresence { is_afresh: true, ..told(&world.tenant, ada, Some(Online)) };
    let news = presence::set(&world.store, node, vec![again], world.now()).await.unwrap();
    assert_eq!(news.iter().map(|(_, row)| (row.status, row.version)).collect::<Vec<_>>(), [(Online, 2)]);
}

async fn a_node_never_sweeps_itself(world: World) {
    let (store, now, node) = (&world.store, world.now(), NodeId::generate());
    let [ada] = world.users().await;
    presence::renew(store, node, now.plus_millis(1000), now).await.unwrap();
    tell(&world, node, ada, Some(Online)).await;
    assert_eq!(presence::sweep(store, node, now.plus_millis(5000)).await.unwrap(), []);
    assert_eq!(presence::sweep(store, live_node(&world).await, now.plus_millis(5000)).await.unwrap().len(), 1);
}

async fn who_is_there_was_last_seen_now(world: World) {
    let (store, tenant, now) = (&world.store, &world.tenant, world.now());
    let [ada] = world.users().await;
    let node = live_node(&world).await;
    tell(&world, node, ada, Some(Away)).await;
    let later = now.plus_millis(600_000);
    let see = async |at| presence::get(store, tenant, &[ada], at).await.unwrap()[0].last_seen;
    assert_eq!(see(later).await, Some(later));
    presence::set(store, node, vec![told(tenant, ada, None)], later).await.unwrap();
    assert_eq!(see(later.plus_millis(1000)).await, Some(later));
}

async fn live_node(world: &World) -> NodeId {
    let node = NodeId::generate();
    presence::renew(&world.store, node, Timestamp::from_millis(i64::MAX), world.now()).await.unwrap();
    node
}

fn told(tenant: &TenantId, user: UserId, status: Option<PresenceStatus>) -> NodePresence {
    NodePresence { tenant: tenant.clone(), user, status, is_afresh: false }
}

/// What others learn of it.
async fn tell(
    world: &World,
    node: NodeId,
    user: UserId,
    status: Option<PresenceStatus>,
) -> Option<(PresenceStatus, u64)> {
    let change = told(&world.tenant, user, status);
    let mut told = presence::set(&world.store, node, vec![change], world.now()).await.unwrap();
    assert!(told.len() <= 1);
    told.pop().map(|(_, row)| (row.status, row.version))
}
