//! Which tenants anybody in this process watches, and whether Redis knows.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, PoisonError};

use confab_contract::TenantId;
use tokio::sync::watch;

/// The wanted set is counted and versioned; the task that speaks to Redis makes it true and says up to which version.
#[derive(Debug)]
pub(super) struct Watched {
    counts: Mutex<HashMap<TenantId, usize>>,
    wanted: watch::Sender<u64>,
    applied: watch::Sender<u64>,
}

impl Default for Watched {
    fn default() -> Self {
        Self { counts: Mutex::default(), wanted: watch::Sender::new(0), applied: watch::Sender::new(0) }
    }
}

impl Watched {
    pub(super) fn add(&self, tenant: &TenantId) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = counts.get_mut(tenant) {
            *count += 1;
            return;
        }
        counts.insert(tenant.clone(), 1);
        self.wanted.send_modify(|version| *version += 1);
    }

    pub(super) fn remove(&self, tenant: &TenantId) {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(count) = counts.get_mut(tenant) else { return };
        *count -= 1;
        if *count == 0 {
            counts.remove(tenant);
            self.wanted.send_modify(|version| *version += 1);
        }
    }

    /// What should be subscribed, and the version of that.
    pub(super) fn wanted(&self) -> (HashSet<TenantId>, u64) {
        let counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        (counts.keys().cloned().collect(), *self.wanted.borrow())
    }

    /// Tells of each new version.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.wanted.subscribe()
    }

    /// Says that this version is subscribed now.
    pub(super) fn applied(&self, version: u64) {
        self.applied.send_replace(version);
    }

    /// Waits until what is wanted now is subscribed.
    pub(super) async fn settled(&self) {
        let wanted = *self.wanted.borrow();
        // The sender lives in `self`.
        let _ = self.applied.subscribe().wait_for(|applied| *applied >= wanted).await;
    }
}
