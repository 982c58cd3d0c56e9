//! Which tenants anybody in this process watches, and whether Redis knows.

use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};

use confab_contract::TenantId;
use tokio::sync::watch;

/// Changes that are remembered. Whoever lies farther behind compares everything.
const REMEMBERED: usize = 4096;

/// The wanted set is counted and versioned; the task that speaks to Redis makes it true and says up to which version.
#[derive(Debug)]
pub(super) struct Watched {
    wanted: Mutex<Wanted>,
    version: watch::Sender<u64>,
    applied: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Wanted {
    counts: HashMap<TenantId, usize>,
    version: u64,
    /// The last changes, the newest last; each made one version.
    log: VecDeque<TenantId>,
}

/// What there is to do for whoever knows an older version.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Difference {
    /// To be subscribed.
    pub(super) new: Vec<TenantId>,
    /// To be subscribed no longer.
    pub(super) old: Vec<TenantId>,
    /// Then this version is true.
    pub(super) version: u64,
}

impl Default for Watched {
    fn default() -> Self {
        Self { wanted: Mutex::default(), version: watch::Sender::new(0), applied: watch::Sender::new(0) }
    }
}

impl Watched {
    pub(super) fn add(&self, tenant: &TenantId) {
        let mut wanted = self.lock();
        if let Some(count) = wanted.counts.get_mut(tenant) {
            *count += 1;
            return;
        }
        wanted.counts.insert(tenant.clone(), 1);
        self.note(&mut wanted, tenant);
    }

    pub(super) fn remove(&self, tenant: &TenantId) {
        let mut wanted = self.lock();
        let Some(count) = wanted.counts.get_mut(tenant) else { return };
        *count -= 1;
        if *count == 0 {
            wanted.counts.remove(tenant);
            self.note(&mut wanted, tenant);
        }
    }

    fn note(&self, wanted: &mut Wanted, tenant: &TenantId) {
        if wanted.log.len() >= REMEMBERED {
            wanted.log.pop_front();
        }
        wanted.log.push_back(tenant.clone());
        wanted.version += 1;
        self.version.send_replace(wanted.version);
    }

    /// What there is to do for somebody who has subscribed to these at a version, or to nobody yet. It costs what has
    /// changed since.
    pub(super) fn difference(&self, subscribed: &HashSet<TenantId>, at: Option<u64>) -> Difference {
        let wanted = self.lock();
        let behind = at.and_then(|at| usize::try_from(wanted.version.saturating_sub(at)).ok());
        let (mut new, mut old) = (Vec::new(), Vec::new());
        if let Some(behind) = behind.filter(|behind| *behind <= wanted.log.len()) {
            let changed: HashSet<&TenantId> = wanted.log.iter().rev().take(behind).collect();
            for tenant in changed {
                match (wanted.counts.contains_key(tenant), subscribed.contains(tenant)) {
                    (true, false) => new.push(tenant.clone()),
                    (false, true) => old.push(tenant.clone()),
                    _ => {}
                }
            }
        } else {
            new.extend(wanted.counts.keys().filter(|tenant| !subscribed.contains(*tenant)).cloned());
            old.extend(subscribed.iter().filter(|tenant| !wanted.counts.contains_key(*tenant)).cloned());
        }
        Difference { new, old, version: wanted.version }
    }

    /// Tells of each new version.
    pub(super) fn changes(&self) -> watch::Receiver<u64> {
        self.version.subscribe()
    }

    /// Says that this version is subscribed now.
    pub(super) fn applied(&self, version: u64) {
        self.applied.send_replace(version);
    }

    /// Waits until what is wanted now is subscribed.
    pub(super) async fn settled(&self) {
        let wanted = *self.version.borrow();
        // The sender lives in `self`.
        let _ = self.applied.subscribe().wait_for(|applied| *applied >= wanted).await;
    }

    fn lock(&self) -> MutexGuard<'_, Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(number: usize) -> TenantId {
        format!("a.t{number}").parse().expect("an id")
    }

    fn apply(watched: &Watched, subscribed: &mut HashSet<TenantId>, at: Option<u64>) -> (usize, Option<u64>) {
        let difference = watched.difference(subscribed, at);
        let changed = difference.new.len() + difference.old.len();
        subscribed.extend(difference.new);
        difference.old.iter().for_each(|tenant| assert!(subscribed.remove(tenant)));
        (changed, Some(difference.version))
    }

    #[test]
    fn a_difference_is_what_has_changed_however_far_behind_one_is() {
        let (watched, mut subscribed, mut at) = (Watched::default(), HashSet::new(), None);
        (0..REMEMBERED).for_each(|number| watched.add(&id(number)));
        (_, at) = apply(&watched, &mut subscribed, at);
        watched.add(&id(0));
        watched.remove(&id(1));
        watched.add(&id(REMEMBERED));
        watched.add(&id(REMEMBERED + 1));
        watched.remove(&id(REMEMBERED + 1));
        let changed;
        (changed, at) = apply(&watched, &mut subscribed, at);
        assert_eq!(changed, 2, "one came, one went, and one did both");
        assert!(subscribed.contains(&id(0)) && !subscribed.contains(&id(1)) && subscribed.contains(&id(REMEMBERED)));
        (0..REMEMBERED).for_each(|number| watched.add(&id(10_000 + number)));
        (0..10).for_each(|number| watched.remove(&id(10_000 + number)));
        apply(&watched, &mut subscribed, at);
        assert_eq!(subscribed.len(), REMEMBERED - 1 + 1 + REMEMBERED - 10);
    }
}
