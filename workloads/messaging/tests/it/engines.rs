//! Each behaviour is shown on SQLite and on Postgres.

/// Defines tests that take a world, once for each engine: `sqlite::name` and `postgres::name`.
macro_rules! on_both_engines {
    ($($(#[$doc:meta])* async fn $name:ident($world:ident: &World) $body:block)+) => {
        $($(#[$doc])* async fn $name($world: &crate::world::World) $body)+

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&crate::world::World::on_sqlite().await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&crate::world::World::on_postgres().await).await;
            })+
        }
    };
}

pub(crate) use on_both_engines;
