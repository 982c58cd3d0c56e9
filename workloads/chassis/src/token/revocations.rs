//! Sessions that ended before their tokens expire, kept in memory until those tokens have. The bus and the store feed it.

use std::collections::HashMap;
use std::sync::{Arc, PoisonError, RwLock};

use confab_contract::config::tenant::AuthConfig;
use confab_contract::{SessionId, TenantId, Timestamp};
use tokio::sync::broadcast;

/// Revocations that a listener may lie behind before it misses some.
const BACKLOG: usize = 1024;
/// How long a revocation is remembered: longer than any access token that a Config allows, since a tenant's setting may have
/// been longer when the session's tokens were issued; and a little more, since clocks differ.
pub const REMEMBERED_MILLIS: i64 = AuthConfig::ACCESS_TOKEN_SECONDS_MAX as i64 * 1000 + 60_000;

/// The revoked sessions of all tenants. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Revocations(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    revoked: RwLock<HashMap<TenantId, HashMap<SessionId, Timestamp>>>,
    news: broadcast::Sender<(TenantId, SessionId)>,
}

impl Default for Revocations {
    fn default() -> Self {
        Self::new()
    }
}

impl Revocations {
    /// Nobody is revoked.
    #[must_use]
    pub fn new() -> Self {
        Self(Arc::new(Inner { revoked: RwLock::default(), news: broadcast::Sender::new(BACKLOG) }))
    }

    /// Ends a session that was revoked at this moment, until its last access token has surely expired. Saying it again is
    /// harmless; listeners are told the first time only.
    pub fn revoke(&self, tenant: &TenantId, session: SessionId, at: Timestamp) {
        let until = at.plus_millis(REMEMBERED_MILLIS);
        let mut revoked = self.0.revoked.write().unwrap_or_else(PoisonError::into_inner);
        let of_tenant = match revoked.get_mut(tenant) {
            Some(of_tenant) => of_tenant,
            None => revoked.entry(tenant.clone()).or_default(),
        };
        if let Some(known) = of_tenant.get_mut(&session) {
            *known = until.max(*known);
            return;
        }
        of_tenant.insert(session, until);
        drop(revoked);
        // Nobody may be listening.
        let _ = self.0.news.send((tenant.clone(), session));
    }

    /// Whether the session was ended.
    pub fn is_revoked(&self, tenant: &TenantId, session: SessionId) -> bool {
        let revoked = self.0.revoked.read().unwrap_or_else(PoisonError::into_inner);
        revoked.get(tenant).is_some_and(|of_tenant| of_tenant.contains_key(&session))
    }

    /// Forgets the sessions whose tokens have all expired.
    pub fn prune(&self, now: Timestamp) {
        let mut revoked = self.0.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.retain(|_, of_tenant| {
            of_tenant.retain(|_, until| now < *until);
            !of_tenant.is_empty()
        });
    }

    /// Tells of every session that ends from now on. A listener that gets `Lagged` has missed some and must ask
    /// [`Self::is_revoked`] for each session it cares for.
    pub fn subscribe(&self) -> broadcast::Receiver<(TenantId, SessionId)> {
        self.0.news.subscribe()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_revocation_counts_for_its_tenant_alone_and_is_forgotten_in_time() {
        let (ours, theirs): (TenantId, TenantId) = ("a.a".parse().expect("an id"), "b.b".parse().expect("an id"));
        let (revocations, session) = (Revocations::new(), SessionId::generate());
        revocations.revoke(&ours, session, at(10));
        assert!(revocations.is_revoked(&ours, session) && !revocations.is_revoked(&theirs, session));
        revocations.prune(at(10).plus_millis(REMEMBERED_MILLIS - 1));
        assert!(revocations.is_revoked(&ours, session));
        revocations.prune(at(10).plus_millis(REMEMBERED_MILLIS));
        assert!(!revocations.is_revoked(&ours, session));
    }

    #[test]
    fn listeners_are_told_once_and_a_later_end_counts() {
        let tenant: TenantId = "a.a".parse().expect("an id");
        let (revocations, session) = (Revocations::new(), SessionId::generate());
        let mut news = revocations.subscribe();
        revocations.revoke(&tenant, session, at(10));
        revocations.revoke(&tenant, session, at(20));
        revocations.revoke(&tenant, session, at(5));
        assert_eq!(news.try_recv(), Ok((tenant.clone(), session)));
        assert!(news.try_recv().is_err());
        revocations.prune(at(19).plus_millis(REMEMBERED_MILLIS));
        assert!(revocations.is_revoked(&tenant, session));
    }
}
