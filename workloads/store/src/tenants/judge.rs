//! Whether a host serves a record, and why not. Pure.

use std::collections::BTreeMap;

use confab_contract::TenantId;
use confab_contract::admin::{GuestPolicy, RefusalReason, TenantRecord, TenantState};

use super::stored::{Stored, version_of};

/// What is known of the host.
#[derive(Debug)]
pub(super) struct Host<'a> {
    /// Its tenant id.
    pub(super) id: &'a TenantId,
    /// Whether its own record is stored.
    pub(super) is_known: bool,
    /// Who may be a guest.
    pub(super) policy: Option<GuestPolicy>,
}

/// What to do with a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Store it in this state.
    Store(TenantState),
    /// Store it, since the tenant's rows are here, and yet do not serve it.
    Suspend(Refused),
    /// Store nothing.
    Refuse(Refused),
}

/// Why not.
pub(super) type Refused = (RefusalReason, String);

/// Decides about a record that is well-formed.
/// - `stored`: what is there under its id.
/// - `owners`: who has its host names; a name that is free is not in there.
/// - `guests`: tenants that are admitted, the host apart.
pub(super) fn judge(
    record: &TenantRecord,
    stored: Option<&Stored>,
    host: &Host<'_>,
    owners: &BTreeMap<String, TenantId>,
    guests: u64,
) -> Verdict {
    if let Some(stored) = stored
        && let Some(refused) = contradicts(record, stored)
    {
        return Verdict::Refuse(refused);
    }
    let is_foreign = |name: &String| owners.get(name).is_some_and(|owner| owner != record.id());
    if let Some(name) = record.config.hosts().iter().find(|name| is_foreign(name)) {
        let text = format!(
            "another tenant of this host answers at {name}; choose another spec.domain, or remove the tenant that has it"
        );
        return Verdict::Refuse((RefusalReason::DomainTaken, text));
    }
    if record.id() != host.id
        && let Some(refused) = not_admitted(record, stored, host, guests)
    {
        let is_here = stored.is_some_and(|stored| !stored.state.is_removed());
        return if is_here { Verdict::Suspend(refused) } else { Verdict::Refuse(refused) };
    }
    Verdict::Store(wanted_state(record.hibernated))
}

/// The state of a tenant that is admitted.
pub(super) const fn wanted_state(hibernated: bool) -> TenantState {
    if hibernated { TenantState::Hibernated } else { TenantState::Serving }
}

/// What the record contradicts of what is stored.
fn contradicts(record: &TenantRecord, stored: &Stored) -> Option<Refused> {
    let version = version_of(record);
    if version.is_older_than(&stored.version) {
        let Stored { version: newer, .. } = stored;
        let text = format!(
            "a newer record is stored, of generation {} and uid {}; read the ChatTenant again",
            newer.generation, newer.uid
        );
        return Some((RefusalReason::Superseded, text));
    }
    let is_same_life = version.uid == stored.version.uid;
    if stored.state.is_removed() && is_same_life && version.generation == stored.version.generation {
        let text = "the tenant was removed from this host, and nothing about it has changed since".to_owned();
        return Some((RefusalReason::Superseded, text));
    }
    if stored.state == TenantState::Deleting {
        let text = "the rows of the tenant that had this name are still being deleted; it is tried again".to_owned();
        return Some((RefusalReason::BeingDeleted, text));
    }
    if stored.state != TenantState::Gone && stored.encryption() != record.config.encryption {
        let text = format!(
            "data of this tenant is here that was written with encryption {:?}; set spec.encryption to it, or choose \
             another name",
            stored.encryption()
        );
        return Some((RefusalReason::EncryptionDiffers, text));
    }
    None
}

/// Why the host has no place for a guest.
fn not_admitted(record: &TenantRecord, stored: Option<&Stored>, host: &Host<'_>, guests: u64) -> Option<Refused> {
    let Some(policy) = &host.policy else {
        let text = if host.is_known {
            format!("the host {} takes no guests; set spec.allowedTenants in it", host.id)
        } else {
            format!("the host {} has not told its own settings yet; it is tried again", host.id)
        };
        return Some((RefusalReason::NotAllowed, text));
    };
    let namespace = record.id().namespace();
    if !policy.allows(host.id.namespace(), namespace, &record.namespace_labels) {
        let text = format!(
            "spec.allowedTenants of the host {} does not admit the namespace {namespace}; change it there, or the labels \
             of the namespace",
            host.id
        );
        return Some((RefusalReason::NotAllowed, text));
    }
    let has_a_place = stored.is_some_and(|stored| stored.state.is_admitted());
    if !has_a_place && guests >= u64::from(policy.max_tenants) {
        let text = format!(
            "the host {} has {guests} guests, as many as it takes; raise spec.allowedTenants.maxTenants in it, or choose \
             another host",
            host.id
        );
        return Some((RefusalReason::HostFull, text));
    }
    None
}

#[cfg(test)]
mod tests;
