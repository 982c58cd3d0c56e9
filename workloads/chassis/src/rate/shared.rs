//! Windows in Redis, counted over all processes by one script.

use std::fmt::Write as _;
use std::time::Duration;

use confab_contract::Timestamp;
use confab_contract::config::tenant::RateLimit;
use redis::Script;

use super::Subject;
use super::window::{Taken, Window};
use crate::redis_link::RedisLink;

/// Longer than any healthy answer takes, short enough that the one request that finds Redis dead is not slow.
const PATIENCE: Duration = Duration::from_millis(50);

pub(super) struct SharedWindows {
    link: RedisLink,
    script: Script,
}

impl std::fmt::Debug for SharedWindows {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SharedWindows").field("link", &self.link).finish_non_exhaustive()
    }
}

impl SharedWindows {
    pub(super) fn new(link: RedisLink) -> Self {
        Self { link, script: Script::new(include_str!("take.lua")) }
    }

    /// `None` when Redis is away.
    pub(super) async fn take(
        &self,
        subject: &Subject<'_>,
        limit: RateLimit,
        cost: u32,
        now: Timestamp,
    ) -> Option<Taken> {
        let lease = self.link.lease()?;
        let mut connection = lease.connection();
        let mut call = self.script.prepare_invoke();
        call.key(key_of(subject)).arg(limit.requests).arg(cost).arg(u64::from(limit.per_seconds) * 1000);
        let answer = tokio::time::timeout(PATIENCE, call.invoke_async::<(bool, u32, i64)>(&mut connection)).await;
        if let Ok(Ok((allowed, used, left))) = answer {
            return Some(Taken { allowed, window: Window { ends: now.plus_millis(left), used } });
        }
        if let Ok(Err(error)) = answer {
            tracing::warn!(%error, "Redis did not count a request");
        }
        self.link.broken(&lease);
        None
    }
}

/// Begins with the tenant. The subject is hashed: it may be an e-mail address, which has no business in Redis.
fn key_of(subject: &Subject<'_>) -> String {
    let mut key = format!("confab:{}:rate:{}:", subject.tenant, subject.class.as_str());
    for byte in subject.hash() {
        write!(key, "{byte:02x}").expect("writing to a String does not fail");
    }
    key
}
