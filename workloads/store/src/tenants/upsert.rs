//! Adding and changing tenants, many at once.

use std::collections::{BTreeMap, BTreeSet};

use confab_contract::admin::{GuestPolicy, RefusalReason, TenantRecord, TenantState};
use confab_contract::{TenantId, Timestamp};

use super::counter::Counter;
use super::judge::{Host, Verdict, judge, wanted_state};
use super::stored::{self, Stored};
use crate::engine::{Connection, Rows, Text};
use crate::{Store, StoreError};

/// What became of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It is what the store has now.
    Stored {
        /// Its generation.
        generation: u64,
    },
    /// The tenant is not served by it.
    Refused {
        /// Why.
        reason: RefusalReason,
        /// Why, and what to do.
        message: String,
    },
}

/// Stores records, in one transaction, each with its own outcome, in their order. They are well-formed
/// ([`confab_contract::config::Checked`]). `host` is the tenant whose guests the others are.
pub async fn upsert(
    store: &Store,
    host: &TenantId,
    records: &[TenantRecord],
    now: Timestamp,
) -> Result<Vec<Outcome>, StoreError> {
    let mut transaction = store.begin().await?;
    let mut round = Round::begin(&mut transaction, host, records, now).await?;
    let mut outcomes: Vec<Option<Outcome>> = vec![None; records.len()];
    // The host first: its policy counts for the guests beside it.
    let (of_host, of_guests): (Vec<usize>, Vec<usize>) =
        (0..records.len()).partition(|index| records.get(*index).is_some_and(|record| record.id() == host));
    for index in of_host.into_iter().chain(of_guests) {
        if let (Some(record), Some(outcome)) = (records.get(index), outcomes.get_mut(index)) {
            *outcome = Some(round.take(record));
        }
    }
    if round.policy_changed() {
        round.reconsider_guests(stored::read_present(&mut transaction).await?);
    }
    if round.write(&mut transaction).await? {
        transaction.commit().await?;
    }
    Ok(outcomes.into_iter().flatten().collect())
}

/// One transaction's view of the tenants that it is about.
struct Round<'a> {
    host: &'a TenantId,
    now: Timestamp,
    counter: Counter,
    /// As they are with what was taken so far.
    present: BTreeMap<TenantId, Stored>,
    /// Who has the host names, with what was taken so far.
    owners: BTreeMap<String, TenantId>,
    /// As the host had it before.
    policy_before: Option<GuestPolicy>,
    changed: BTreeSet<TenantId>,
    /// Whose host names have to be written anew.
    renamed: BTreeSet<TenantId>,
}

impl<'a> Round<'a> {
    async fn begin(
        transaction: &mut Connection,
        host: &'a TenantId,
        records: &[TenantRecord],
        now: Timestamp,
    ) -> Result<Self, StoreError> {
        // From here on nobody else changes any tenant, so what is read stays true.
        let counter = Counter::take(transaction).await?;
        let ids: BTreeSet<&TenantId> = records.iter().map(TenantRecord::id).chain([host]).collect();
        let present = stored::read(transaction, ids.into_iter()).await?;
        let names: BTreeSet<String> = records.iter().flat_map(|record| record.config.hosts()).collect();
        let query = sql!(
            "SELECT h.host, h.tenant FROM " rows "CROSS JOIN tenant_hosts h WHERE h.host = j.value->>0"
        );
        let owners: Vec<(String, Text<TenantId>)> = transaction.all(query.bind(Rows::single(names))).await?;
        let owners = owners.into_iter().map(|(name, owner)| (name, owner.0)).collect();
        let policy_before = present.get(host).filter(|stored| !stored.state.is_removed()).and_then(Stored::policy);
        let (changed, renamed) = (BTreeSet::new(), BTreeSet::new());
        Ok(Self { host, now, counter, present, owners, policy_before, changed, renamed })
    }

    /// What the host has to say of its guests by now.
    fn policy(&self) -> (bool, Option<GuestPolicy>) {
        let host = self.present.get(self.host).filter(|stored| !stored.state.is_removed());
        (host.is_some(), host.and_then(Stored::policy))
    }

    fn policy_changed(&self) -> bool {
        self.changed.contains(self.host) && self.policy().1 != self.policy_before
    }

    /// Decides about a record and takes it in.
    fn take(&mut self, record: &TenantRecord) -> Outcome {
        let (is_known, policy) = self.policy();
        let host = Host { id: self.host, is_known, policy };
        let verdict = judge(record, self.present.get(record.id()), &host, &self.owners, self.counter.guests);
        match verdict {
            Verdict::Store(state) => {
                self.put(record, state);
                Outcome::Stored { generation: record.generation }
            }
            Verdict::Suspend((reason, message)) => {
                self.put(record, TenantState::NotAllowed);
                Outcome::Refused { reason, message }
            }
            Verdict::Refuse((reason, message)) => Outcome::Refused { reason, message },
        }
    }

    fn put(&mut self, record: &TenantRecord, state: TenantState) {
        let id = record.id();
        let before = self.present.get(id);
        let since = before.filter(|before| before.state == state).map_or(self.now, |before| before.state_since);
        let new = Stored::of(record, state, since);
        if before == Some(&new) {
            return;
        }
        let hosts = record.config.hosts();
        let present_before = before.filter(|before| !before.state.is_removed());
        let hosts_before = present_before.and_then(Stored::config).map(|config| config.hosts());
        if hosts_before.as_ref() != Some(&hosts) {
            // Names that it gives up are free for those who come after it in the batch.
            self.owners.retain(|_, owner| owner != id);
            self.owners.extend(hosts.into_iter().map(|name| (name, id.clone())));
            self.renamed.insert(id.clone());
        }
        self.set(id.clone(), new);
    }

    fn set(&mut self, id: TenantId, new: Stored) {
        let was_admitted = self.present.get(&id).is_some_and(|before| before.state.is_admitted());
        if id != *self.host {
            self.counter.count_guest(was_admitted, new.state.is_admitted());
        }
        self.changed.insert(id.clone());
        self.present.insert(id, new);
    }

    /// The host's policy is another: whoever it does not admit is suspended, and whoever it admits again is served, as long
    /// as there is room; who was there first comes first.
    fn reconsider_guests(&mut self, all: BTreeMap<TenantId, Stored>) {
        let policy = self.policy().1;
        let mut guests: Vec<(TenantId, Stored)> = all.into_iter().filter(|(id, _)| id != self.host).collect();
        for (id, stored) in &mut guests {
            // What this transaction has changed is newer than what was read.
            if let Some(newer) = self.present.get(id) {
                *stored = newer.clone();
            }
        }
        guests.retain(|(_, stored)| !stored.state.is_removed());
        guests.sort_by(|(a, one), (b, other)| (one.version.created_at, a).cmp(&(other.version.created_at, b)));
        let host_namespace = self.host.namespace();
        let admits = |id: &TenantId, stored: &Stored| {
            policy.as_ref().is_some_and(|policy| policy.allows(host_namespace, id.namespace(), &stored.labels()))
        };
        let (admitted, others): (Vec<_>, Vec<_>) = guests.into_iter().partition(|(id, stored)| admits(id, stored));
        for (id, stored) in others.into_iter().filter(|(_, stored)| stored.state.is_admitted()) {
            self.move_to(id, stored, TenantState::NotAllowed);
        }
        let most = policy.map_or(0, |policy| u64::from(policy.max_tenants));
        for (id, stored) in admitted.into_iter().filter(|(_, stored)| !stored.state.is_admitted()) {
            if self.counter.guests < most {
                let state = wanted_state(stored.hibernated);
                self.move_to(id, stored, state);
            }
        }
    }

    fn move_to(&mut self, id: TenantId, stored: Stored, state: TenantState) {
        let new = Stored { state, state_since: self.now, ..stored.clone() };
        // It may not be in there yet, and the count looks there.
        self.present.insert(id.clone(), stored);
        self.set(id, new);
    }

    /// Writes what has changed; says whether anything has.
    async fn write(mut self, transaction: &mut Connection) -> Result<bool, StoreError> {
        if self.changed.is_empty() {
            return Ok(false);
        }
        let mut rows = Vec::with_capacity(self.changed.len());
        for id in &self.changed {
            if let Some(stored) = self.present.get(id) {
                rows.push((id, stored, self.counter.next()));
            }
        }
        stored::write(transaction, &rows).await?;
        if !self.renamed.is_empty() {
            forget_hosts(transaction, &self.renamed).await?;
            let owned = self.owners.iter().filter(|(_, owner)| self.renamed.contains(*owner)).collect::<Vec<_>>();
            let query = sql!(
                "INSERT INTO tenant_hosts (host, tenant) SELECT j.value->>0, j.value->>1 FROM " rows "WHERE true"
            );
            transaction.run(query.bind(Rows::of(&owned))).await?;
        }
        self.counter.put(transaction).await?;
        Ok(true)
    }
}

/// The host names of these tenants are free.
pub(super) async fn forget_hosts(transaction: &mut Connection, tenants: &BTreeSet<TenantId>) -> Result<(), StoreError> {
    let query = sql!("DELETE FROM tenant_hosts WHERE tenant IN (SELECT j.value->>0 FROM " rows ")");
    transaction.run(query.bind(Rows::single(tenants))).await?;
    Ok(())
}
