//! Rate limits on a real Redis: shared between processes, and never in the way when Redis is.

use std::time::Duration;

use confab_chassis::clock::Clock;
use confab_chassis::rate::{Class, RateLimiter};
use confab_chassis::redis_link::RedisLink;
use confab_chassis::telemetry::Metrics;
use confab_contract::config::tenant::RateLimit;
use confab_testbed::RedisServer;
use confab_testbed::process::eventually;
use secrecy::SecretString;

use crate::fixture::tenant_id;

const LIMIT: RateLimit = RateLimit { requests: 5, per_seconds: 3600 };
const PATIENCE: Duration = Duration::from_secs(20);

/// A process of its own: its connection and its limiter.
struct Process {
    link: RedisLink,
    limiter: RateLimiter,
    metrics: Metrics,
}

async fn process(redis: &RedisServer) -> Process {
    let metrics = Metrics::new();
    let link = RedisLink::open(SecretString::from(redis.url()), "rate limits").unwrap();
    let limiter = RateLimiter::with_redis(link.clone(), Clock::system()).counted_by(&metrics);
    let process = Process { link, limiter, metrics };
    process.connected().await;
    process
}

impl Process {
    async fn connected(&self) {
        eventually("the link is up", PATIENCE, || self.link.is_up()).await.unwrap();
    }

    async fn take(&self, subject: &str) -> bool {
        self.limiter.take(&tenant_id(), Class::Regular, subject, LIMIT, 1).await.allowed
    }

    /// How many are allowed before the first refusal.
    async fn exhaust(&self, subject: &str) -> u32 {
        let mut allowed = 0;
        while self.take(subject).await {
            allowed += 1;
        }
        allowed
    }

    fn counted_alone(&self) -> bool {
        !self.metrics.encode().contains("confab_rate_limit_counted_alone_total 0")
    }
}

#[tokio::test]
async fn two_processes_share_one_count() {
    let redis = RedisServer::start().await.unwrap();
    let (one, two) = (process(&redis).await, process(&redis).await);
    for _ in 0..2 {
        assert!(one.take("jane").await && two.take("jane").await);
    }
    let last = one.limiter.take(&tenant_id(), Class::Regular, "jane", LIMIT, 1).await;
    assert!(last.allowed && last.remaining == 0);
    let refused = two.limiter.take(&tenant_id(), Class::Regular, "jane", LIMIT, 1).await;
    assert!(!refused.allowed && (3590..=3600).contains(&refused.retry_after), "{refused:?}");
    assert!(two.take("john").await, "another subject has a window of its own");
    assert!(!one.counted_alone() && !two.counted_alone());
}

#[tokio::test]
async fn parallel_requests_on_two_processes_get_exactly_the_limit() {
    let redis = RedisServer::start().await.unwrap();
    let (one, two) = (process(&redis).await, process(&redis).await);
    let mut tasks = tokio::task::JoinSet::new();
    for limiter in [one.limiter.clone(), two.limiter.clone()] {
        for _ in 0..20 {
            let limiter = limiter.clone();
            tasks.spawn(async move { limiter.take(&tenant_id(), Class::Regular, "jane", LIMIT, 1).await.allowed });
        }
    }
    let allowed = tasks.join_all().await.into_iter().filter(|allowed| *allowed).count();
    assert!(!one.counted_alone() && !two.counted_alone());
    assert_eq!(allowed, 5);
}

#[tokio::test]
async fn a_short_window_ends_on_redis_too() {
    let redis = RedisServer::start().await.unwrap();
    let process = process(&redis).await;
    let short = RateLimit { requests: 1, per_seconds: 1 };
    let take = async || process.limiter.take(&tenant_id(), Class::Regular, "jane", short, 1).await;
    assert!(take().await.allowed);
    // Refusals may come until the window has ended; then the next is allowed.
    tokio::time::timeout(PATIENCE, async { while !take().await.allowed {} }).await.unwrap();
}

#[tokio::test]
async fn a_setting_that_becomes_shorter_counts_at_once() {
    let redis = RedisServer::start().await.unwrap();
    let process = process(&redis).await;
    assert_eq!(process.exhaust("jane").await, 5);
    let shorter = RateLimit { requests: 5, per_seconds: 60 };
    assert!(process.limiter.take(&tenant_id(), Class::Regular, "jane", shorter, 1).await.allowed);
}

#[tokio::test]
async fn a_flush_forgets_the_counts_and_breaks_nothing() {
    let redis = RedisServer::start().await.unwrap();
    let process = process(&redis).await;
    assert_eq!(process.exhaust("jane").await, 5);
    redis.flush_all().unwrap();
    assert_eq!(process.exhaust("jane").await, 5);
    assert!(!process.counted_alone());
}

#[tokio::test]
async fn while_redis_is_away_each_process_counts_for_itself_and_goes_back_by_itself() {
    let mut redis = RedisServer::start().await.unwrap();
    let (one, two) = (process(&redis).await, process(&redis).await);
    redis.stop().await.unwrap();
    assert_eq!((one.exhaust("jane").await, two.exhaust("jane").await), (5, 5));
    assert!(one.counted_alone() && two.counted_alone());

    redis.start_again().await.unwrap();
    one.connected().await;
    two.connected().await;
    assert_eq!(one.exhaust("john").await, 5);
    assert_eq!(two.exhaust("john").await, 0);
}

#[tokio::test]
async fn a_frozen_redis_costs_one_request_its_patience_and_not_all() {
    let redis = RedisServer::start().await.unwrap();
    let process = process(&redis).await;
    redis.pause().unwrap();
    // A thousand requests at 50 ms each would be 50 s.
    let thousand = async {
        for number in 0..1000 {
            assert!(process.take(&number.to_string()).await);
        }
    };
    tokio::time::timeout(Duration::from_secs(10), thousand).await.unwrap();
    assert!(!process.link.is_up());
    redis.resume().unwrap();
    process.connected().await;
}

#[tokio::test]
async fn a_redis_that_was_never_there_is_no_obstacle() {
    let link = RedisLink::open(SecretString::from("redis://127.0.0.1:1"), "rate limits").unwrap();
    let limiter = RateLimiter::with_redis(link, Clock::system());
    assert!(limiter.take(&tenant_id(), Class::Regular, "jane", LIMIT, 1).await.allowed);
}

#[tokio::test]
async fn a_server_that_speaks_no_tls_is_tried_again_and_again() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("rediss://{}", listener.local_addr().unwrap());
    let link = RedisLink::open(SecretString::from(url), "rate limits").unwrap();
    for _ in 0..3 {
        drop(tokio::time::timeout(PATIENCE, listener.accept()).await.unwrap().unwrap());
    }
    assert!(!link.is_up());
}

#[tokio::test]
async fn a_bad_address_is_refused_and_never_shown() {
    for url in ["", "canary", "http://canary@host", "redis://:canary@host:notaport"] {
        let error = RedisLink::open(SecretString::from(url), "rate limits").unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{url}");
    }
}
