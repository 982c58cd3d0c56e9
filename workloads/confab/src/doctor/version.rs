//! Whether services are new enough.

use confab_store::Engine;

use super::finding::Finding;

/// Our settings of a connection need 12 (`plan_cache_mode`); older than 13 is neither tried nor maintained.
const POSTGRES: (u32, u32) = (13, 0);
/// Older ones may work, but are neither tried nor maintained.
const REDIS: (u32, u32) = (6, 2);

/// The database's version. SQLite comes with this program, so it always fits.
pub fn database(engine: Engine, version: &str) -> Finding {
    match engine {
        Engine::Sqlite => Finding::well("database version", format!("SQLite {version}")),
        Engine::Postgres if number(version) < POSTGRES => Finding::mend(
            "database version",
            format!("Postgres {version}"),
            format!("use Postgres {} or newer", POSTGRES.0),
        ),
        Engine::Postgres => Finding::well("database version", format!("Postgres {version}")),
    }
}

/// The version of Redis.
pub fn redis(version: &str) -> Finding {
    if number(version) < REDIS {
        let cure = format!("use Redis {}.{} or newer; older ones are not tried", REDIS.0, REDIS.1);
        return Finding::hint("redis", format!("version {version}"), cure);
    }
    Finding::well("redis", format!("version {version}"))
}

/// The first two numbers of a version such as `16.3 (Debian 16.3-1)` or `17beta1`.
fn number(version: &str) -> (u32, u32) {
    let digits = |text: &str| text.chars().take_while(char::is_ascii_digit).collect::<String>().parse().ok();
    let mut parts = version.split('.').map(digits);
    let mut next = || parts.next().flatten().unwrap_or(0);
    (next(), next())
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn versions_are_read_as_the_services_spell_them() {
        let spellings =
            [("16.3 (Debian 16.3-1)", (16, 3)), ("17beta1", (17, 0)), ("7.0.15", (7, 0)), ("unknown", (0, 0))];
        for (text, expected) in spellings {
            assert_eq!(number(text), expected, "{text}");
        }
    }

    #[test]
    fn an_old_postgres_must_be_mended_and_an_old_redis_is_worth_a_hint() {
        assert_eq!(database(Engine::Postgres, "12.20").level, Level::Mend);
        assert_eq!(database(Engine::Postgres, "13.1").level, Level::Well);
        assert_eq!(database(Engine::Sqlite, "3.50.2").level, Level::Well);
        assert_eq!(redis("6.0.16").level, Level::Hint);
        assert_eq!(redis("7.0.15").level, Level::Well);
    }
}
