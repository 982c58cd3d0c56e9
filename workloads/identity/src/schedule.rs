//! When the keys of which tenant are to be looked at next. Pure: it is told the time.
//!
//! It costs what is due, however many tenants there are.

use std::collections::{BTreeSet, HashMap};

use confab_contract::{TenantId, Timestamp};

/// Tenants by the moment of their next look.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    in_order: BTreeSet<(Timestamp, TenantId)>,
    moments: HashMap<TenantId, Timestamp>,
}

impl Schedule {
    /// The next look at a tenant's keys is then, and at no other time.
    pub(crate) fn set(&mut self, tenant: &TenantId, moment: Timestamp) {
        if let Some(before) = self.moments.insert(tenant.clone(), moment) {
            self.in_order.remove(&(before, tenant.clone()));
        }
        self.in_order.insert((moment, tenant.clone()));
    }

    /// There is a look at a tenant's keys then, unless one is planned already.
    pub(crate) fn ensure(&mut self, tenant: &TenantId, moment: Timestamp) {
        if !self.moments.contains_key(tenant) {
            self.set(tenant, moment);
        }
    }

    /// Takes those whose moment has come, at most so many. Whoever takes them sets their next one.
    pub(crate) fn take_due(&mut self, now: Timestamp, most: usize) -> Vec<TenantId> {
        let mut due = Vec::new();
        while due.len() < most
            && let Some((moment, _)) = self.in_order.first()
            && *moment <= now
            && let Some((_, tenant)) = self.in_order.pop_first()
        {
            self.moments.remove(&tenant);
            due.push(tenant);
        }
        due
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    fn id(name: &str) -> TenantId {
        name.parse().expect("an id")
    }

    #[test]
    fn whoever_is_due_is_taken_once_and_the_last_word_counts() {
        let mut schedule = Schedule::default();
        schedule.set(&id("a.a"), at(10));
        schedule.set(&id("a.b"), at(5));
        schedule.set(&id("a.c"), at(1));
        schedule.set(&id("a.c"), at(20));
        schedule.ensure(&id("a.a"), at(0));
        schedule.ensure(&id("a.d"), at(6));
        assert_eq!(schedule.take_due(at(4), 9), []);
        assert_eq!(schedule.take_due(at(10), 2), [id("a.b"), id("a.d")]);
        assert_eq!(schedule.take_due(at(10), 2), [id("a.a")]);
        schedule.ensure(&id("a.a"), at(11));
        assert_eq!(schedule.take_due(at(99), 9), [id("a.a"), id("a.c")]);
        assert_eq!(schedule.take_due(at(99), 9), []);
    }
}
