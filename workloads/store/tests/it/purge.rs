//! The end of a tenant's rows: all of them, of this tenant alone, some at a time.

use std::collections::{BTreeMap, BTreeSet};

use confab_contract::TenantId;
use confab_contract::admin::TenantState;
use confab_store::tenants::{self, purge};
use confab_store::{Source, Store};
use futures_util::future::join_all;
use secrecy::ExposeSecret as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

use crate::tenant_records::{all, host, host_record, record};
use crate::world::{World, execute};

on_both_engines! {
    every_table_with_a_tenant_is_known,
    every_row_of_a_deleted_tenant_goes_and_none_of_another,
    rows_go_some_at_a_time_and_whoever_comes_next_goes_on,
    nothing_is_deleted_of_a_tenant_that_is_served_or_retained,
    what_was_written_too_late_goes_with_the_last_memory,
}

/// Rows of a query with one text column.
async fn texts(source: &Source, query: &str) -> Vec<String> {
    let query = AssertSqlSafe(query.to_owned());
    match source {
        Source::Sqlite(path) => {
            let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
            sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap()
        }
        Source::Postgres(url) => {
            let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
            sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap()
        }
    }
}

/// The tables of the schema that have a column `tenant`.
async fn tables_with_a_tenant(world: &World) -> BTreeSet<String> {
    let source = world.source();
    let query = match source {
        Source::Sqlite(_) => {
            "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table' AND c.name = 'tenant'"
        }
        Source::Postgres(_) => {
            "SELECT table_name::text FROM information_schema.columns WHERE column_name = 'tenant' AND table_schema = 'public'"
        }
    };
    texts(&source, query).await.into_iter().collect()
}

/// Puts so many rows of a tenant into every table that can hold them, whatever its columns are.
async fn fill(world: &World, tenant: &TenantId, rows: u32) {
    let source = world.source();
    for table in tables_with_a_tenant(world).await {
        let columns = match &source {
            Source::Sqlite(_) => format!(
                "SELECT name || ' ' || lower(type) || ' ' || (\"notnull\" OR pk > 0) FROM pragma_table_info('{table}')"
            ),
            Source::Postgres(_) => format!(
                "SELECT column_name || ' ' || data_type || ' ' || (is_nullable = 'NO')::int FROM information_schema.columns \
                 WHERE table_name = '{table}'"
            ),
        };
        let columns: Vec<Vec<String>> = texts(&source, &columns)
            .await
            .iter()
            .map(|line| line.split(' ').map(ToOwned::to_owned).collect())
            .filter(|column: &Vec<String>| column.last().is_some_and(|needed| needed == "1"))
            .collect();
        for row in 0..rows {
            let names: Vec<&str> = columns.iter().map(|column| column[0].as_str()).collect();
            let value = |column: &Vec<String>| match (column[0].as_str(), column[1].as_str()) {
                ("tenant", _) => format!("'{tenant}'"),
                (_, "boolean") => "true".to_owned(),
                (_, "bigint") => row.to_string(),
                (_, "bytea") => "'\\x01'".to_owned(),
                (_, "blob") => "x'01'".to_owned(),
                _ => format!("'{table}-{tenant}-{row}'"),
            };
            let values: Vec<String> = columns.iter().map(value).collect();
            let insert = format!("INSERT INTO {table} ({}) VALUES ({})", names.join(", "), values.join(", "));
            execute(&source, &insert).await;
        }
    }
}

/// How many rows of a tenant there are, by table.
async fn rows_of(world: &World, tenant: &TenantId) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for table in tables_with_a_tenant(world).await {
        let query = format!("SELECT CAST(COUNT(*) AS TEXT) FROM {table} WHERE tenant = '{tenant}'");
        let count = texts(&world.source(), &query).await[0].parse().unwrap();
        counts.insert(table, count);
    }
    counts
}

/// A host with two guests, each with rows in every table.
async fn filled(world: &World, rows: u32) -> (TenantId, TenantId) {
    let batch = [host_record(Some(all())), record("one"), record("two")];
    tenants::upsert(&world.store, &host(), &batch, world.now()).await.unwrap();
    let (one, two) = (record("one").id().clone(), record("two").id().clone());
    fill(world, &one, rows).await;
    fill(world, &two, rows).await;
    (one, two)
}

async fn delete(world: &World, tenant: &TenantId) {
    let uid = format!("uid-of-{}", tenant.as_str().trim_start_matches("team."));
    let state = tenants::remove(&world.store, &host(), (tenant, &uid), 1, false, world.now()).await.unwrap();
    assert_eq!(state, TenantState::Deleting);
}

async fn every_table_with_a_tenant_is_known(world: World) {
    let known: BTreeSet<String> = purge::TABLES.iter().map(ToString::to_string).collect();
    assert_eq!(known.len(), purge::TABLES.len(), "none is there twice");
    assert_eq!(tables_with_a_tenant(&world).await, known, "purge.rs lists every table with a column `tenant`");
}

async fn every_row_of_a_deleted_tenant_goes_and_none_of_another(world: World) {
    let (one, two) = filled(&world, 3).await;
    let before = rows_of(&world, &two).await;
    assert!(before.values().all(|count| *count >= 3), "{before:?}");
    delete(&world, &one).await;
    while purge::delete_some(&world.store, &one, 1000).await.unwrap().unwrap() > 0 {}
    let left = rows_of(&world, &one).await;
    assert!(left.values().all(|count| *count == 0), "{left:?}");
    assert_eq!(rows_of(&world, &two).await, before);
    let listed = purge::removed(&world.store, TenantState::Deleting, 10).await.unwrap();
    assert_eq!(listed[0].id, one);
    purge::finish(&world.store, &one, world.now()).await.unwrap();
    assert_eq!(purge::removed(&world.store, TenantState::Deleting, 10).await.unwrap(), []);
    assert_eq!(purge::removed(&world.store, TenantState::Gone, 10).await.unwrap()[0].id, one);
}

async fn rows_go_some_at_a_time_and_whoever_comes_next_goes_on(world: World) {
    let (one, _) = filled(&world, 5).await;
    delete(&world, &one).await;
    let total: u64 = rows_of(&world, &one).await.values().sum();
    assert_eq!(purge::delete_some(&world.store, &one, 4).await.unwrap(), Some(4));
    assert_eq!(rows_of(&world, &one).await.values().sum::<u64>(), total - 4);
    // Others go on where it stopped, also side by side.
    let stores: Vec<Store> = join_all((0..3).map(|_| world.another_store())).await;
    let work = stores.iter().map(|store| async {
        let mut deleted = 0;
        loop {
            match purge::delete_some(store, &one, 7).await.unwrap() {
                Some(0) => return deleted,
                Some(count) => deleted += count,
                // Somebody else is at it.
                None => tokio::task::yield_now().await,
            }
        }
    });
    assert_eq!(join_all(work).await.into_iter().sum::<u64>(), total - 4);
    assert_eq!(rows_of(&world, &one).await.values().sum::<u64>(), 0);
}

async fn nothing_is_deleted_of_a_tenant_that_is_served_or_retained(world: World) {
    let (one, two) = filled(&world, 1).await;
    let before = rows_of(&world, &one).await;
    assert_eq!(purge::delete_some(&world.store, &one, 100).await.unwrap(), None);
    purge::finish(&world.store, &one, world.now()).await.unwrap();
    purge::forget(&world.store, &one, 100).await.unwrap();
    assert_eq!(rows_of(&world, &one).await, before);
    let kept = tenants::remove(&world.store, &host(), (&two, "uid-of-two"), 1, true, world.now()).await.unwrap();
    assert_eq!(kept, TenantState::Retained);
    assert_eq!(purge::delete_some(&world.store, &two, 100).await.unwrap(), None);
}

async fn what_was_written_too_late_goes_with_the_last_memory(world: World) {
    let (one, _) = filled(&world, 1).await;
    delete(&world, &one).await;
    while purge::delete_some(&world.store, &one, 1000).await.unwrap().unwrap() > 0 {}
    purge::finish(&world.store, &one, world.now()).await.unwrap();
    let late = world.user_of(&one, "late").await;
    purge::forget(&world.store, &one, 1000).await.unwrap();
    assert!(confab_store::users::get(&world.store, &one, late).await.unwrap().is_none());
    assert_eq!(
        purge::removed(&world.store, TenantState::Gone, 10).await.unwrap().len(),
        1,
        "it is looked at once more"
    );
    purge::forget(&world.store, &one, 1000).await.unwrap();
    assert_eq!(purge::removed(&world.store, TenantState::Gone, 10).await.unwrap(), []);
}
