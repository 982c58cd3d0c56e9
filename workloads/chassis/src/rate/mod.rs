//! How often somebody may do something: fixed windows, over all processes where there is Redis.
//!
//! While Redis is away each process counts for itself; then a limit holds per process. That is better than refusing everybody
//! and better than letting everybody in.

mod local;
mod shared;
pub mod window;

use std::sync::Arc;

use aws_lc_rs::digest;
use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use confab_contract::config::tenant::RateLimit;
use confab_contract::{TenantId, Timestamp};
use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use self::local::LocalWindows;
use self::shared::SharedWindows;
use self::window::Taken;
use crate::clock::Clock;
use crate::redis_link::RedisLink;
use crate::telemetry::{MetricSet, Metrics};

/// `X-RateLimit-Limit`: how many the window holds.
pub const LIMIT_HEADER: HeaderName = HeaderName::from_static("x-ratelimit-limit");
/// `X-RateLimit-Remaining`: how many are left in it.
pub const REMAINING_HEADER: HeaderName = HeaderName::from_static("x-ratelimit-remaining");
/// `X-RateLimit-Reset`: when it ends, in seconds since the epoch.
pub const RESET_HEADER: HeaderName = HeaderName::from_static("x-ratelimit-reset");

/// What is limited; each class has windows of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Class {
    /// Requests to `/v1/auth/…`.
    Authentication,
    /// Every other request.
    Regular,
    /// Uploads.
    Uploads,
    /// Frames from clients.
    WebSocket,
}

impl Class {
    /// The name inside keys.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Authentication => "authentication",
            Self::Regular => "regular",
            Self::Uploads => "uploads",
            Self::WebSocket => "websocket",
        }
    }
}

/// Whether a request may go on, and what to tell the client about its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Whether it may go on.
    pub allowed: bool,
    /// How many the window holds.
    pub limit: u32,
    /// How many are left in it.
    pub remaining: u32,
    /// When it ends.
    pub reset: Timestamp,
    /// Seconds until it ends, at least 1.
    pub retry_after: u32,
}

impl Verdict {
    fn new(taken: Taken, limit: RateLimit, now: Timestamp) -> Self {
        let millis = taken.window.ends.millis_since(now).max(0);
        Self {
            allowed: taken.allowed,
            limit: limit.requests,
            remaining: limit.requests.saturating_sub(taken.window.used),
            reset: taken.window.ends,
            retry_after: u32::try_from(millis.saturating_add(999) / 1000).unwrap_or(u32::MAX).max(1),
        }
    }

    /// The stricter of two, for requests that count in two windows.
    #[must_use]
    pub fn stricter(self, other: Self) -> Self {
        let rank = |verdict: &Self| (verdict.allowed, verdict.remaining, std::cmp::Reverse(verdict.reset));
        if rank(&other) < rank(&self) { other } else { self }
    }

    /// The headers that say so.
    pub fn headers(&self) -> HeaderMap {
        let mut headers = HeaderMap::with_capacity(4);
        self.write_to(&mut headers);
        headers
    }

    /// Adds the headers that say so to those of a reply.
    pub fn write_to(&self, headers: &mut HeaderMap) {
        headers.insert(LIMIT_HEADER, HeaderValue::from(self.limit));
        headers.insert(REMAINING_HEADER, HeaderValue::from(self.remaining));
        // Rounded up: at that second the window has ended.
        headers.insert(RESET_HEADER, HeaderValue::from(self.reset.plus_millis(999).as_seconds()));
        if !self.allowed {
            headers.insert(header::RETRY_AFTER, HeaderValue::from(self.retry_after));
        }
    }
}

/// Who is counted.
struct Subject<'a> {
    tenant: &'a TenantId,
    class: Class,
    name: &'a str,
}

type SubjectHash = [u8; 16];

impl Subject<'_> {
    /// Strangers choose subjects, so nothing less than a cryptographic hash keeps them apart.
    fn hash(&self) -> SubjectHash {
        let mut context = digest::Context::new(&digest::SHA256);
        for part in [self.tenant.as_str(), self.class.as_str(), self.name] {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let hash = context.finish();
        *hash.as_ref().first_chunk().expect("SHA-256 gives 32 bytes")
    }
}

#[derive(Debug, Clone, Default)]
struct RateMetrics {
    refused: Counter,
    counted_alone: Counter,
}

impl MetricSet for RateMetrics {
    fn register(registry: &mut Registry) -> Self {
        let set = Self::default();
        registry.register("rate_limit_refused", "Requests and frames above a rate limit", set.refused.clone());
        registry.register(
            "rate_limit_counted_alone",
            "Requests and frames counted by this process alone because Redis was away",
            set.counted_alone.clone(),
        );
        set
    }
}

/// Counts who does what how often. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RateLimiter(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    clock: Clock,
    local: LocalWindows,
    shared: Option<SharedWindows>,
    metrics: RateMetrics,
}

impl RateLimiter {
    /// Counts in this process alone.
    #[must_use]
    pub fn in_process(clock: Clock) -> Self {
        Self::build(clock, None, RateMetrics::default())
    }

    /// Counts in Redis, over all processes; in this process alone while Redis is away.
    #[must_use]
    pub fn with_redis(link: RedisLink, clock: Clock) -> Self {
        Self::build(clock, Some(SharedWindows::new(link)), RateMetrics::default())
    }

    /// The same, counting into the process's metrics what it refuses.
    #[must_use]
    pub fn counted_by(self, metrics: &Metrics) -> Self {
        // Only ever called while building a process, when there is no other clone yet.
        let counted = metrics.set();
        match Arc::try_unwrap(self.0) {
            Ok(inner) => Self(Arc::new(Inner { metrics: counted, ..inner })),
            Err(shared) => Self(shared),
        }
    }

    fn build(clock: Clock, shared: Option<SharedWindows>, metrics: RateMetrics) -> Self {
        Self(Arc::new(Inner { clock, local: LocalWindows::new(), shared, metrics }))
    }

    /// Takes `cost` from the window of a subject, such as a user id or an address. What does not fit takes nothing.
    pub async fn take(&self, tenant: &TenantId, class: Class, subject: &str, limit: RateLimit, cost: u32) -> Verdict {
        let subject = Subject { tenant, class, name: subject };
        let now = self.0.clock.now();
        let counted_by_all = match &self.0.shared {
            Some(shared) => shared.take(&subject, limit, cost, now).await,
            None => None,
        };
        let taken = counted_by_all.unwrap_or_else(|| {
            if self.0.shared.is_some() {
                self.0.metrics.counted_alone.inc();
            }
            self.0.local.take(&subject, limit, cost, now)
        });
        if !taken.allowed {
            self.0.metrics.refused.inc();
        }
        Verdict::new(taken, limit, now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: RateLimit = RateLimit { requests: 2, per_seconds: 60 };

    #[tokio::test]
    async fn tenants_classes_and_subjects_have_windows_of_their_own() {
        let (clock, _) = Clock::manual(Timestamp::from_millis(0));
        let limiter = RateLimiter::in_process(clock);
        let (ours, theirs): (TenantId, TenantId) = ("a.a".parse().expect("an id"), "b.b".parse().expect("an id"));
        for _ in 0..2 {
            assert!(limiter.take(&ours, Class::Regular, "jane", LIMIT, 1).await.allowed);
        }
        assert!(!limiter.take(&ours, Class::Regular, "jane", LIMIT, 1).await.allowed);
        assert!(limiter.take(&ours, Class::Regular, "john", LIMIT, 1).await.allowed);
        assert!(limiter.take(&ours, Class::Uploads, "jane", LIMIT, 1).await.allowed);
        assert!(limiter.take(&theirs, Class::Regular, "jane", LIMIT, 1).await.allowed);
    }

    #[tokio::test]
    async fn the_headers_say_what_is_left_and_when_to_come_back() {
        let (clock, hand) = Clock::manual(Timestamp::from_millis(1_642_348_800_000));
        let limiter = RateLimiter::in_process(clock);
        let tenant: TenantId = "a.a".parse().expect("an id");
        let first = limiter.take(&tenant, Class::Regular, "jane", LIMIT, 1).await.headers();
        assert_eq!(
            (&first[LIMIT_HEADER], &first[REMAINING_HEADER]),
            (&"2".parse().expect("a value"), &"1".parse().expect("a value"))
        );
        assert_eq!(first[RESET_HEADER], "1642348860");
        assert!(!first.contains_key(header::RETRY_AFTER));
        limiter.take(&tenant, Class::Regular, "jane", LIMIT, 1).await;
        hand.advance(20_500);
        let refused = limiter.take(&tenant, Class::Regular, "jane", LIMIT, 1).await;
        assert_eq!(refused.headers()[header::RETRY_AFTER], "40");
        assert_eq!(refused.headers()[REMAINING_HEADER], "0");
    }

    #[tokio::test]
    async fn the_stricter_of_two_verdicts_is_shown() {
        let limiter = RateLimiter::in_process(Clock::system());
        let tenant: TenantId = "a.a".parse().expect("an id");
        let loose = limiter.take(&tenant, Class::Regular, "a", RateLimit { requests: 9, per_seconds: 60 }, 1).await;
        let tight = limiter.take(&tenant, Class::Regular, "b", LIMIT, 1).await;
        let refused = limiter.take(&tenant, Class::Regular, "c", LIMIT, 3).await;
        assert_eq!(loose.stricter(tight), tight);
        assert_eq!(tight.stricter(loose), tight);
        assert_eq!(tight.stricter(refused), refused);
    }
}
