//! Opening and migrating: many at once, and never onto something unsafe or unknown.

use confab_store::{Engine, Source, Store, StoreError, StoreOptions};
use confab_testbed::PostgresServer;
use futures_util::future::join_all;

use crate::world::{World, execute, new_user, open};

on_both_engines! {
    a_migrated_store_is_ready_and_stays_so_after_another_migration,
    a_newer_or_older_schema_is_named,
    a_newer_schema_that_bears_this_program_is_tolerated_and_left_as_it_is,
}

async fn a_migrated_store_is_ready_and_stays_so_after_another_migration(world: World) {
    world.store.check().await.unwrap();
    world.store.migrate().await.unwrap();
    world.store.check().await.unwrap();
    let user = world.user("ada").await;
    let another = world.another_store().await;
    another.migrate().await.unwrap();
    assert!(confab_store::users::get(&another, &world.tenant, user).await.unwrap().is_some());
    world.store.close().await;
    assert!(world.store.check().await.unwrap_err().is_unavailable());
    let refused = confab_store::users::insert(&world.store, &world.tenant, new_user("bob"), world.now()).await;
    assert!(refused.unwrap_err().is_unavailable());
}

async fn a_newer_or_older_schema_is_named(world: World) {
    execute(&world.source(), "INSERT INTO schema_migrations VALUES (999, 'future', 999)").await;
    let newer = |error| matches!(error, StoreError::SchemaTooNew { found: 999, .. });
    assert!(newer(world.store.migrate().await.unwrap_err()));
    assert!(newer(world.store.check().await.unwrap_err()));
    execute(&world.source(), "DELETE FROM schema_migrations").await;
    let error = world.store.check().await.unwrap_err();
    assert!(matches!(error, StoreError::SchemaTooOld { found: 0, .. }), "{error:?}");
}

/// A process of the version before goes on, and may also start again, while the first new ones are there.
async fn a_newer_schema_that_bears_this_program_is_tolerated_and_left_as_it_is(world: World) {
    execute(&world.source(), "INSERT INTO schema_migrations VALUES (999, 'only adds', 1)").await;
    world.store.check().await.unwrap();
    world.store.migrate().await.unwrap();
    world.user("ada").await;
    execute(&world.source(), "INSERT INTO schema_migrations VALUES (1000, 'removes', 999)").await;
    assert!(matches!(world.store.check().await.unwrap_err(), StoreError::SchemaTooNew { found: 1000, .. }));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn four_processes_migrate_one_database_at_once() {
    let database = confab_testbed::postgres().await.database().await;
    let folder = tempfile::tempdir().unwrap();
    let sources = [Source::Postgres(database.url().to_owned().into()), Source::Sqlite(folder.path().join("new.db"))];
    for source in sources {
        let stores: Vec<Store> = join_all((0..4).map(|_| open(source.clone()))).await;
        let error = stores[0].check().await.unwrap_err();
        assert!(matches!(error, StoreError::SchemaTooOld { found: 0, .. }), "{error:?}");
        for result in join_all(stores.iter().map(Store::migrate)).await {
            result.unwrap();
        }
        for store in stores {
            store.check().await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_that_lose_commits_are_refused_by_name() {
    let database = confab_testbed::postgres().await.database().await;
    let source = Source::Postgres(database.url().to_owned().into());
    let store = open(source.clone()).await;
    let name = database.url().rsplit('/').next().unwrap().to_owned();
    execute(&source, &format!("ALTER DATABASE {name} SET synchronous_commit = off")).await;
    let error = try_open(source).await.unwrap_err();
    assert!(matches!(error, StoreError::NotDurable { setting: "synchronous_commit", .. }), "{error:?}");
    assert!(error.to_string().contains("ALTER DATABASE"), "{error}");
    drop(store);
    for setting in ["fsync", "full_page_writes"] {
        let server = PostgresServer::start_with(&[&format!("{setting}=off")]).await.unwrap();
        let source = Source::Postgres(server.database().await.url().to_owned().into());
        let error = try_open(source).await.unwrap_err();
        assert!(matches!(error, StoreError::NotDurable { setting: named, .. } if named == setting), "{error:?}");
    }
}

#[tokio::test]
async fn an_address_that_makes_no_sense_is_told_apart_from_a_server_that_is_away() {
    let nonsense = try_open(Source::Postgres("no url".to_owned().into())).await.unwrap_err();
    assert!(matches!(nonsense, StoreError::Address(_)), "{nonsense:?}");
    let port = confab_testbed::free_port().unwrap();
    let away = format!("postgres://confab:canary-password@127.0.0.1:{port}/none");
    let away = try_open(Source::Postgres(away.into())).await.unwrap_err();
    assert!(away.is_unavailable(), "{away:?}");
    assert!(!format!("{away:?} {away}").contains("canary-password"));
    let folder = tempfile::tempdir().unwrap();
    let missing = try_open(Source::Sqlite(folder.path().join("no/such/folder.db"))).await.unwrap_err();
    assert!(missing.is_unavailable(), "{missing:?}");
}

#[tokio::test]
async fn who_is_turned_away_by_the_database_learns_why_and_what_to_do() {
    let server = confab_testbed::postgres().await;
    let url = server.database().await.url().to_owned();
    let (before, rest) = url.split_once('@').unwrap();
    let (user, _) = before.rsplit_once(':').unwrap();
    let cases = [
        (format!("{user}:canary@{rest}"), "password"),
        (server.url("no_such_database"), "createdb"),
        (format!("postgres://confab:x@127.0.0.1:{}/x", confab_testbed::free_port().unwrap()), "host and port"),
    ];
    for (url, cure) in cases {
        let error = try_open(Source::Postgres(url.into())).await.unwrap_err();
        assert!(error.cure().unwrap().contains(cure), "{error:?}");
        assert!(error.is_unavailable() || matches!(error, StoreError::Refused(_)), "{error:?}");
        assert!(!format!("{error:?} {error}").contains("canary"));
    }
}

#[tokio::test]
async fn a_store_says_which_engine_it_is() {
    assert_eq!(World::sqlite().await.store.engine(), Engine::Sqlite);
    assert_eq!(World::postgres().await.store.engine(), Engine::Postgres);
}

async fn try_open(source: Source) -> Result<(), StoreError> {
    Store::open(StoreOptions { source, max_connections: 4 }).await.map(drop)
}
