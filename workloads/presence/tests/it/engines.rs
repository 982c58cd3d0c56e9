//! Each behaviour is shown on SQLite in one process, and on Postgres with Redis.

/// Defines tests that take a world, once for each engine: `sqlite::name` and `postgres::name`.
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: &World) $body:block)+) => {
        $($(#[$doc])* async fn $name($world: &crate::world::World) $body)+

        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&crate::world::World::on_sqlite().await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() {
                super::$name(&crate::world::World::on_postgres().await).await;
            })+
        }
    };
}

pub(crate) use on_both_engines;
