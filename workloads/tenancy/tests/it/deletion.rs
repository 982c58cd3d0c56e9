//! The end of a tenant: its rows go, whoever deletes them, and its name is free.

use confab_chassis::clock::Clock;
use confab_contract::admin::TenantRecord;
use confab_contract::admin::v1::{RemoveMode, RemovedState};
use confab_contract::{TenantId, UserId};
use confab_store::Store;
use confab_store::users::{self, NewUser};

use crate::world::{DEADLINE, Hears, Operator, World, guest, host_record};

on_both_engines! {
    a_deleted_tenant_is_gone_in_the_end_and_may_be_made_again,
    another_process_finishes_what_one_has_begun,
}

async fn add_user(store: &Store, tenant: &TenantId, name: &str) -> UserId {
    let new = NewUser {
        id: UserId::generate(),
        email: format!("{name}@example.com"),
        username: name.to_owned(),
        full_name: None,
        phone: None,
        password_hash: "none".to_owned().into(),
    };
    let id = new.id;
    users::insert(store, tenant, new, Clock::system().now()).await.unwrap();
    id
}

/// Asks again until nothing is left.
async fn until_gone(operator: &mut Operator, record: &TenantRecord) {
    let asking = async {
        while operator.remove(record, RemoveMode::Delete).await != RemovedState::Gone {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(DEADLINE, asking).await.unwrap();
}

async fn a_deleted_tenant_is_gone_in_the_end_and_may_be_made_again(world: &World) {
    let process = world.process(Hears::Nothing).await;
    process.purge();
    let mut operator = world.operator(&process).await;
    operator.upsert(&[host_record(), guest("one"), guest("two")]).await;
    let (one, two) = (guest("one").id().clone(), guest("two").id().clone());
    let (gone, kept) = (add_user(&process.store, &one, "ada").await, add_user(&process.store, &two, "ada").await);
    until_gone(&mut operator, &guest("one")).await;
    assert!(users::get(&process.store, &one, gone).await.unwrap().is_none());
    assert!(users::get(&process.store, &two, kept).await.unwrap().is_some());
    let again = TenantRecord { uid: "another".to_owned(), ..guest("one") };
    assert_eq!(operator.upsert(&[again]).await, [Ok(1)]);
    assert!(process.serves("one.example.com"));
}

async fn another_process_finishes_what_one_has_begun(world: &World) {
    let begun = world.still_process(Hears::Nothing).await;
    let mut operator = world.operator(&begun).await;
    operator.upsert(&[host_record(), guest("one")]).await;
    add_user(&begun.store, guest("one").id(), "ada").await;
    // This process deletes nothing, as if it had died.
    assert_eq!(operator.remove(&guest("one"), RemoveMode::Delete).await, RemovedState::Deleting);
    let other = world.process(Hears::Nothing).await;
    other.purge();
    until_gone(&mut operator, &guest("one")).await;
}
