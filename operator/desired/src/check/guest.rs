//! A tenant that lives in the pods of a host.

use std::collections::BTreeMap;

use confab_contract::admin::policy::{GuestsFrom, LabelOperator, LabelRequirement};
use confab_contract::admin::{GuestPolicy, TenantRecord};
use confab_contract::config::tenant::TenantConfig;
use confab_contract::{TenantId, Timestamp};
use confab_crds::ChatTenant;
use confab_crds::tenant::DeletionPolicy;
use confab_crds::tenant::resolved::{GuestNamespaces, ResolvedGuests, ResolvedRef, ResolvedTenant};

use super::Stall;
use crate::reason::{Reason, condition};

/// What is known of a guest's host.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct HostView {
    /// Which one: the one that is named, or the operator's default.
    pub host: Option<ResolvedRef>,
    /// The host itself, if it is there. It may live in another namespace: only what it permits is used of it.
    pub resolved: Option<ResolvedTenant>,
    /// Labels of the guest's own namespace, where the host's policy asks for them.
    pub namespace_labels: BTreeMap<String, String>,
}

/// A guest of a host.
#[derive(Debug, Clone, PartialEq)]
pub struct Guest {
    /// Whose guest.
    pub host: ResolvedRef,
    /// The host's id.
    pub host_id: TenantId,
    /// What the host is told.
    pub record: TenantRecord,
    /// What the host is stored in, for the status.
    pub database: &'static str,
}

/// The policy of a host, as its workloads understand it.
pub fn guest_policy(guests: &ResolvedGuests) -> GuestPolicy {
    let mut policy = GuestPolicy { max_tenants: guests.max_tenants, ..GuestPolicy::default() };
    match &guests.namespaces {
        GuestNamespaces::Same => policy.from = GuestsFrom::Same,
        GuestNamespaces::All => policy.from = GuestsFrom::All,
        GuestNamespaces::Selector(selector) => {
            policy.from = GuestsFrom::Selector;
            policy.match_labels = selector.match_labels.clone().unwrap_or_default();
            let expressions = selector.match_expressions.iter().flatten();
            policy.match_expressions = expressions.filter_map(requirement).collect();
        }
    }
    policy
}

fn requirement(
    requirement: &k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelectorRequirement,
) -> Option<LabelRequirement> {
    let operator = match requirement.operator.as_str() {
        "In" => LabelOperator::In,
        "NotIn" => LabelOperator::NotIn,
        "Exists" => LabelOperator::Exists,
        "DoesNotExist" => LabelOperator::DoesNotExist,
        _ => return None,
    };
    Some(LabelRequirement {
        key: requirement.key.clone(),
        operator,
        values: requirement.values.clone().unwrap_or_default(),
    })
}

/// What a host is told about a tenant.
pub fn record(tenant: &ChatTenant, resolved: &ResolvedTenant, config: TenantConfig) -> TenantRecord {
    let metadata = &tenant.metadata;
    let created = metadata.creation_timestamp.as_ref().map_or(0, |time| time.0.as_millisecond());
    TenantRecord {
        generation: metadata.generation.and_then(|generation| u64::try_from(generation).ok()).unwrap_or(1).max(1),
        hibernated: resolved.hibernated,
        retain: resolved.deletion_policy == DeletionPolicy::Retain,
        ..TenantRecord::new(metadata.uid.clone().unwrap_or_default(), Timestamp::from_millis(created), config)
    }
}

pub(super) fn check(
    tenant: &ChatTenant,
    resolved: &ResolvedTenant,
    config: TenantConfig,
    view: &HostView,
) -> Result<Guest, Stall> {
    let Some(host) = &view.host else {
        let message = "name a host with spec.placement.hostRef, or choose spec.placement.mode: Dedicated; this operator has no default host";
        return Err(stall(Reason::NoHost, message));
    };
    let shown = format!("{}/{}", host.namespace, host.name);
    let foreign = host.namespace != resolved.namespace;
    let Some(found) = &view.resolved else {
        // Whether something is there in another namespace is not told to those whom it does not allow.
        return Err(if foreign {
            not_permitted(&shown)
        } else {
            stall(Reason::HostNotFound, format!("there is no ChatTenant {shown}; create it, or name another host"))
        });
    };
    let pods = found.placement.dedicated();
    let policy = pods.and_then(|pods| pods.guests.as_ref()).map(guest_policy);
    let allowed = policy
        .as_ref()
        .is_some_and(|policy| policy.allows(&host.namespace, &resolved.namespace, &view.namespace_labels));
    match pods {
        Some(pods) if allowed => {
            let mut record = record(tenant, resolved, config);
            record.namespace_labels.clone_from(&view.namespace_labels);
            let host_id =
                found.id.parse().map_err(|error| stall(Reason::InvalidSpec, format!("{}: {error}", found.id)))?;
            Ok(Guest { host: host.clone(), host_id, record, database: pods.database.name() })
        }
        _ if foreign => Err(not_permitted(&shown)),
        None => Err(stall(Reason::NotAHost, format!("{shown} is Shared itself; a host is a Dedicated ChatTenant"))),
        Some(_) if policy.is_none() => {
            let message = format!("{shown} takes no guests; give it spec.allowedTenants, or name another host");
            Err(stall(Reason::NotAHost, message))
        }
        Some(_) => {
            let message = format!("spec.allowedTenants of {shown} does not admit namespace {}", resolved.namespace);
            Err(stall(Reason::HostNotAllowing, message))
        }
    }
}

fn not_permitted(host: &str) -> Stall {
    let message = format!(
        "host {host} is in another namespace, and nothing there permits tenants of this one; ask its owner for spec.allowedTenants"
    );
    stall(Reason::RefNotPermitted, message)
}

fn stall(reason: Reason, message: impl Into<String>) -> Stall {
    Stall::new(condition::HOST, reason, message)
}
