//! A Shared tenant: it has no object, and its host is told of it.

use std::collections::BTreeMap;

use confab_contract::admin::TenantRecord;
use confab_contract::admin::policy::GuestsFrom;
use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::{ResolvedPlacement, ResolvedRef, ResolvedTenant};
use confab_desired::check::{HostView, check, guest_policy, record, tenant_config};
use confab_desired::reason::condition;
use confab_desired::{Reason, References, Stall};
use serde_json::{Value, json};

use super::Operator;
use super::document::yaml;

/// A Shared tenant.
#[derive(Debug, Clone)]
pub struct Guest {
    /// Its host, if one is named.
    pub host: Option<ResolvedRef>,
    /// What the host is told.
    pub record: TenantRecord,
}

/// Which host a tenant asks for: the one that it names, or the operator's default.
pub fn host_of(tenant: &ResolvedTenant, operator: &Operator) -> Option<ResolvedRef> {
    match &tenant.placement {
        ResolvedPlacement::Shared { host } => host.clone().or_else(|| operator.default_host.clone()),
        ResolvedPlacement::Dedicated(_) => None,
    }
}

/// A guest among other tenants, some of which may be its host, and what could not be checked.
pub fn offline(tenant: &ChatTenant, among: &[ChatTenant], operator: &Operator) -> Result<(Guest, Vec<String>), Stall> {
    let host = host_of(&tenant.resolved(), operator);
    let Some(reference) = &host else {
        let note = "no host is named here: the operator needs a default_host, or the tenant placement.hostRef";
        return Ok((unchecked(tenant, host)?, vec![note.to_owned()]));
    };
    let resolved = among.iter().map(ChatTenant::resolved).find(|other| is(other, reference));
    let shown = format!("{}/{}", reference.namespace, reference.name);
    let Some(resolved) = resolved else {
        let note = format!("host {shown} is not among these files: whether it admits the tenant is not checked");
        return Ok((unchecked(tenant, host)?, vec![note]));
    };
    if by_labels(&resolved) {
        let note = format!("host {shown} admits namespaces by their labels, which only a cluster knows");
        return Ok((unchecked(tenant, host)?, vec![note]));
    }
    let view = HostView { host: host.clone(), resolved: Some(resolved), namespace_labels: BTreeMap::new() };
    checked(tenant, &view).map(|guest| (guest, Vec::new()))
}

/// A guest whose host is known.
pub fn checked(tenant: &ChatTenant, view: &HostView) -> Result<Guest, Stall> {
    check(tenant, &References::assumed(), view)?;
    unchecked(tenant, view.host.clone())
}

/// Whether a host asks for labels of a guest's namespace.
pub fn by_labels(host: &ResolvedTenant) -> bool {
    let guests = host.placement.dedicated().and_then(|pods| pods.guests.as_ref());
    guests.is_some_and(|guests| guest_policy(guests).from == GuestsFrom::Selector)
}

fn is(tenant: &ResolvedTenant, reference: &ResolvedRef) -> bool {
    (&tenant.namespace, &tenant.name) == (&reference.namespace, &reference.name)
}

fn unchecked(tenant: &ChatTenant, host: Option<ResolvedRef>) -> Result<Guest, Stall> {
    Ok(Guest { host, record: told(tenant)? })
}

/// What the pods that serve a tenant are told of it: those of its host, or its own.
pub fn told(tenant: &ChatTenant) -> Result<TenantRecord, Stall> {
    let resolved = tenant.resolved();
    let config =
        tenant_config(&resolved).map_err(|problem| Stall::new(condition::REFERENCES, Reason::InvalidSpec, problem))?;
    let guests = resolved.placement.dedicated().and_then(|pods| pods.guests.as_ref()).map(guest_policy);
    Ok(TenantRecord { guests, ..record(tenant, &resolved, config) })
}

/// What pods are told, as YAML. Uid and generation, which only a cluster knows, are left out.
pub fn record_text(record: &TenantRecord) -> String {
    let mut value = json!({
        "settings": record.config,
        "hibernated": record.hibernated,
        "keptAfterDeletion": record.retain,
    });
    if let Some(guests) = &record.guests {
        value["guests"] = serde_json::to_value(guests).unwrap_or(Value::Null);
    }
    yaml(&value)
}
