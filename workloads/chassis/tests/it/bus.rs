//! The bus on a real Redis, and without one.

use std::time::Duration;

use confab_chassis::bus::{Bus, BusEvent, Subscription};
use confab_chassis::telemetry::Metrics;
use confab_contract::bus::{BusMessage, Notice, TypingNotice};
use confab_contract::{ConversationId, TenantId, UserId};
use confab_testbed::RedisServer;
use secrecy::SecretString;

use crate::fixture::tenant_id;

const PATIENCE: Duration = Duration::from_secs(20);

fn other_tenant() -> TenantId {
    "default.other".parse().unwrap()
}

fn message(tenant: &TenantId) -> (BusMessage, UserId) {
    let user = UserId::generate();
    let notice = Notice::Typing(TypingNotice { conversation: ConversationId::generate(), user, is_typing: true });
    (BusMessage { tenant: tenant.clone(), notice }, user)
}

/// Publishes and gives what to look for.
fn publish(bus: &Bus, tenant: &TenantId) -> UserId {
    let (message, typist) = message(tenant);
    bus.publish(message);
    typist
}

fn connect(redis: &RedisServer) -> Bus {
    Bus::redis(SecretString::from(redis.url()), &Metrics::new()).unwrap()
}

async fn next(subscription: &mut Subscription) -> BusEvent {
    tokio::time::timeout(PATIENCE, subscription.recv()).await.expect("an event comes in time")
}

/// The next message; whether the bus is up or down in between does not matter.
async fn next_typist(subscription: &mut Subscription) -> UserId {
    loop {
        if let BusEvent::Message(message) = next(subscription).await {
            let Notice::Typing(typing) = &message.notice else { panic!("{message:?}") };
            return typing.user;
        }
    }
}

async fn until_up(subscription: &mut Subscription, bus: &Bus) {
    while !bus.is_up() {
        next(subscription).await;
    }
    tokio::time::timeout(PATIENCE, subscription.settled()).await.unwrap();
}

async fn listener(bus: &Bus, tenant: &TenantId) -> Subscription {
    let mut subscription = bus.subscribe();
    subscription.watch_tenant(tenant);
    until_up(&mut subscription, bus).await;
    subscription
}

#[tokio::test]
async fn in_one_process_messages_come_to_those_who_watch_their_tenant() {
    let bus = Bus::in_process();
    let (mut ours, mut theirs) = (bus.subscribe(), bus.subscribe());
    ours.watch_tenant(&tenant_id());
    theirs.watch_tenant(&other_tenant());
    ours.settled().await;
    assert!(bus.is_up());
    let (first, second, third) =
        (publish(&bus, &tenant_id()), publish(&bus, &other_tenant()), publish(&bus, &tenant_id()));
    assert_eq!(next_typist(&mut ours).await, first);
    assert_eq!(next_typist(&mut ours).await, third);
    assert_eq!(next_typist(&mut theirs).await, second);
}

#[tokio::test]
async fn watching_is_counted() {
    let bus = Bus::in_process();
    let mut subscription = bus.subscribe();
    subscription.watch_tenant(&tenant_id());
    subscription.watch_tenant(&tenant_id());
    subscription.unwatch(&tenant_id());
    let first = publish(&bus, &tenant_id());
    assert_eq!(next_typist(&mut subscription).await, first);
    subscription.unwatch(&tenant_id());
    subscription.unwatch(&tenant_id());
    publish(&bus, &tenant_id());
    subscription.watch_tenant(&other_tenant());
    let second = publish(&bus, &other_tenant());
    assert_eq!(next_typist(&mut subscription).await, second);
}

#[tokio::test]
async fn who_is_too_slow_is_told() {
    let bus = Bus::in_process();
    let mut subscription = bus.subscribe();
    subscription.watch_tenant(&tenant_id());
    for _ in 0..10_000 {
        publish(&bus, &tenant_id());
    }
    assert!(matches!(next(&mut subscription).await, BusEvent::Lagged));
    assert!(matches!(next(&mut subscription).await, BusEvent::Message(_)));
}

#[tokio::test]
async fn messages_come_to_other_processes_and_own_ones_exactly_once() {
    let redis = RedisServer::start().await.unwrap();
    let (one, two) = (connect(&redis), connect(&redis));
    let (mut at_one, mut at_two) = (listener(&one, &tenant_id()).await, listener(&two, &tenant_id()).await);
    let mut sent_by_one = Vec::new();
    for _ in 0..100 {
        sent_by_one.push(publish(&one, &tenant_id()));
    }
    for expected in &sent_by_one {
        assert_eq!(next_typist(&mut at_two).await, *expected);
        assert_eq!(next_typist(&mut at_one).await, *expected);
    }
    // Had echoes come, they would come before this.
    let last = publish(&two, &tenant_id());
    assert_eq!(next_typist(&mut at_one).await, last);
    assert_eq!(next_typist(&mut at_two).await, last);
}

#[tokio::test]
async fn another_tenants_messages_do_not_come() {
    let redis = RedisServer::start().await.unwrap();
    let (one, two) = (connect(&redis), connect(&redis));
    let mut at_two = listener(&two, &tenant_id()).await;
    let sender = listener(&one, &tenant_id()).await;
    publish(&one, &other_tenant());
    let ours = publish(&one, &tenant_id());
    assert_eq!(next_typist(&mut at_two).await, ours);
    drop(sender);
}

#[tokio::test]
async fn a_tenant_watched_later_is_subscribed_when_it_has_settled() {
    let redis = RedisServer::start().await.unwrap();
    let (one, two) = (connect(&redis), connect(&redis));
    let mut at_two = listener(&two, &tenant_id()).await;
    let sender = listener(&one, &tenant_id()).await;
    at_two.watch_tenant(&other_tenant());
    tokio::time::timeout(PATIENCE, at_two.settled()).await.unwrap();
    let theirs = publish(&one, &other_tenant());
    assert_eq!(next_typist(&mut at_two).await, theirs);
    at_two.unwatch(&other_tenant());
    tokio::time::timeout(PATIENCE, at_two.settled()).await.unwrap();
    publish(&one, &other_tenant());
    let ours = publish(&one, &tenant_id());
    assert_eq!(next_typist(&mut at_two).await, ours);
    drop(sender);
}

#[tokio::test]
async fn an_outage_is_told_delivery_inside_goes_on_and_everything_comes_back() {
    let mut redis = RedisServer::start().await.unwrap();
    let (one, two) = (connect(&redis), connect(&redis));
    let (mut at_one, mut at_two) = (listener(&one, &tenant_id()).await, listener(&two, &tenant_id()).await);

    redis.stop().await.unwrap();
    for (subscription, bus) in [(&mut at_one, &one), (&mut at_two, &two)] {
        while !matches!(next(subscription).await, BusEvent::Down) {}
        assert!(!bus.is_up());
    }
    let inside = publish(&one, &tenant_id());
    assert_eq!(next_typist(&mut at_one).await, inside);
    // Watched while Redis is away, and subscribed when it is back.
    at_two.watch_tenant(&other_tenant());
    tokio::time::timeout(PATIENCE, at_two.settled()).await.expect("it does not wait for Redis");

    redis.start_again().await.unwrap();
    for subscription in [&mut at_one, &mut at_two] {
        while !matches!(next(subscription).await, BusEvent::Up) {}
    }
    // The way out has a connection of its own, which may come back later than the way in; a hint may be lost meanwhile.
    for tenant in [tenant_id(), other_tenant()] {
        let arrived = async {
            loop {
                publish(&one, &tenant);
                if tokio::time::timeout(Duration::from_millis(100), next_typist(&mut at_two)).await.is_ok() {
                    break;
                }
            }
        };
        tokio::time::timeout(PATIENCE, arrived).await.expect("messages come again");
    }
}

#[tokio::test]
async fn a_frozen_redis_is_noticed() {
    let redis = RedisServer::start().await.unwrap();
    let bus = connect(&redis);
    let mut subscription = listener(&bus, &tenant_id()).await;
    redis.pause().unwrap();
    while !matches!(next(&mut subscription).await, BusEvent::Down) {}
    redis.resume().unwrap();
    while !matches!(next(&mut subscription).await, BusEvent::Up) {}
}

#[tokio::test]
async fn publishing_never_waits_even_when_redis_was_never_there() {
    let metrics = Metrics::new();
    let bus = Bus::redis(SecretString::from("redis://127.0.0.1:1"), &metrics).unwrap();
    assert!(!bus.is_up());
    let mut subscription = bus.subscribe();
    subscription.watch_tenant(&tenant_id());
    subscription.settled().await;
    let mut last = publish(&bus, &tenant_id());
    assert_eq!(next_typist(&mut subscription).await, last);
    // More than any queue holds, without a single await.
    for _ in 0..30_000 {
        last = publish(&bus, &tenant_id());
    }
    assert!(!metrics.encode().contains("confab_bus_dropped_total 0"));
    assert!(matches!(next(&mut subscription).await, BusEvent::Lagged));
    while next_typist(&mut subscription).await != last {}
}

#[tokio::test]
async fn strangers_on_the_channel_do_no_harm() {
    let redis = RedisServer::start().await.unwrap();
    let (one, two) = (connect(&redis), connect(&redis));
    let mut at_two = listener(&two, &tenant_id()).await;
    let sender = listener(&one, &tenant_id()).await;
    let mut stranger = redis::Client::open(redis.url()).unwrap().get_connection().unwrap();
    for payload in ["", "x", "{}", &"f".repeat(40)] {
        redis::cmd("PUBLISH").arg("confab:default.demo").arg(payload).query::<i64>(&mut stranger).unwrap();
    }
    let good = publish(&one, &tenant_id());
    assert_eq!(next_typist(&mut at_two).await, good);
    drop(sender);
}

#[tokio::test]
async fn what_is_for_all_comes_also_to_those_who_watch_nobody_in_every_process() {
    let redis = RedisServer::start().await.unwrap();
    let (one, two) = (connect(&redis), connect(&redis));
    let (mut at_one, mut at_two) = (one.subscribe(), two.subscribe());
    until_up(&mut at_one, &one).await;
    until_up(&mut at_two, &two).await;
    one.publish(BusMessage { tenant: tenant_id(), notice: Notice::TenantsChanged { revision: 7 } });
    for subscription in [&mut at_one, &mut at_two] {
        loop {
            if let BusEvent::Message(message) = next(subscription).await {
                assert!(matches!(message.notice, Notice::TenantsChanged { revision: 7 }), "{message:?}");
                break;
            }
        }
    }
}
