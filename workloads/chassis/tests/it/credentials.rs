//! Credentials that change while the process runs.

use std::path::Path;
use std::time::Duration;

use confab_chassis::bus::Bus;
use confab_chassis::config::SecretSource;
use confab_chassis::redis_link::RedisLink;
use confab_chassis::telemetry::Metrics;
use confab_testbed::RedisServer;

const DEADLINE: Duration = Duration::from_secs(20);

async fn until(what: &str, holds: impl Fn() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, waiting).await.is_ok(), "{what}");
}

/// Gives the account of the test this password and ends its connections.
async fn set_password(redis: &RedisServer, password: &str) {
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let mut account = redis::cmd("ACL");
    account.arg("SETUSER").arg("app").arg("on").arg("resetpass").arg(format!(">{password}"));
    account.arg("~*").arg("&*").arg("+@all").exec_async(&mut connection).await.unwrap();
    redis::cmd("CLIENT").arg("KILL").arg("USER").arg("app").exec_async(&mut connection).await.unwrap();
}

fn write_address(file: &Path, redis: &RedisServer, password: &str) {
    let address = redis.url().replacen("redis://", &format!("redis://app:{password}@"), 1);
    std::fs::write(file, address).unwrap();
}

#[tokio::test]
async fn a_new_password_of_redis_is_used_without_a_restart() {
    let (redis, folder) = (RedisServer::start().await.unwrap(), tempfile::tempdir().unwrap());
    let file = folder.path().join("redis-url");
    set_password(&redis, "first").await;
    write_address(&file, &redis, "first");
    let source = SecretSource::of(None, Some(&file)).unwrap();
    let link = RedisLink::open(source.clone(), "test").unwrap();
    let bus = Bus::redis(source, &Metrics::new()).unwrap();
    until("both are connected", || link.is_up() && bus.is_up()).await;

    set_password(&redis, "second").await;
    until("both have lost their connections", || !link.is_up() && !bus.is_up()).await;
    write_address(&file, &redis, "second");
    until("both use the new password", || link.is_up() && bus.is_up()).await;
}

#[tokio::test]
async fn an_address_file_that_holds_none_is_told_at_the_start() {
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), "canary").unwrap();
    let error = RedisLink::open(SecretSource::of(None, Some(file.path())).unwrap(), "test").unwrap_err();
    assert!(!format!("{error} {error:?}").contains("canary"));
}
