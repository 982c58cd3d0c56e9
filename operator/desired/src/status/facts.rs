//! What the status says beside conditions.

use confab_crds::tenant::resolved::{ResolvedRoute, ResolvedTenant};
use confab_crds::tenant::{ChatTenantStatus, PlacementMode, VersionStatus};

use super::pods::Pods;
use crate::build::{Workload, api_role};
use crate::check::{Dedicated, Guest, Storage};
use crate::names::Role;
use crate::release::Choice;
use crate::settings::Settings;

/// The facts of a tenant, whatever its placement.
fn common(resolved: &ResolvedTenant) -> ChatTenantStatus {
    ChatTenantStatus {
        placement: Some(resolved.placement.mode()),
        encryption: Some(resolved.encryption),
        deletion_policy: Some(resolved.deletion_policy),
        ..ChatTenantStatus::default()
    }
}

/// The facts of a guest; `guest` is none where its host does not take it.
pub fn guest(resolved: &ResolvedTenant, guest: Option<&Guest>, host: Option<&ResolvedTenant>) -> ChatTenantStatus {
    let secure = host.and_then(|host| host.placement.dedicated()).and_then(|pods| pods.gateway.as_ref()).is_some_and(
        |gateway| match &gateway.route {
            ResolvedRoute::Ingress(ingress) => ingress.tls.is_some(),
            ResolvedRoute::HttpRoute(_) => true,
        },
    );
    let retained = guest.filter(|guest| guest.record.retain).map(|guest| {
        format!("rows of tenant {} in the database of host {}/{}", resolved.id, guest.host.namespace, guest.host.name)
    });
    ChatTenantStatus {
        host: guest.map(|guest| format!("{}/{}", guest.host.namespace, guest.host.name)),
        url: guest.map(|_| format!("{}://{}", if secure { "https" } else { "http" }, resolved.domain)),
        database: guest.map(|guest| guest.database.to_owned()),
        retained: retained.into_iter().collect(),
        ..common(resolved)
    }
}

/// The facts of a tenant with pods of its own. `tenant` is none where its spec cannot be brought about; `pods` are its pods by
/// role, `guests` its guests.
pub fn dedicated(
    resolved: &ResolvedTenant,
    tenant: Option<(&Dedicated, &[Workload], &Settings)>,
    pods: &[(Role, Pods)],
    guests: usize,
) -> ChatTenantStatus {
    debug_assert_eq!(resolved.placement.mode(), PlacementMode::Dedicated);
    let of = |wanted: Role| pods.iter().find(|(role, _)| *role == wanted).map(|(_, pods)| *pods);
    let api = of(Role::Serve).or_else(|| of(Role::Messaging));
    let (ready, desired) =
        pods.iter().fold((0, 0), |(ready, desired), (_, pods)| (ready + pods.ready, desired + pods.desired));
    let takes_guests = resolved.placement.dedicated().is_some_and(|pods| pods.guests.is_some());
    let mut status = ChatTenantStatus {
        database: resolved.placement.dedicated().map(|pods| pods.database.name().to_owned()),
        replicas: api.map(|pods| pods.desired),
        ready: (!pods.is_empty()).then(|| format!("{ready}/{desired}")),
        messaging: api.map(Pods::counts),
        presence: of(Role::Presence).map(Pods::counts),
        guests: takes_guests.then(|| i32::try_from(guests).unwrap_or(i32::MAX)),
        ..common(resolved)
    };
    if let Some((tenant, workloads, settings)) = tenant {
        status.url = Some(url(tenant));
        status.selector = Some(selector(tenant));
        status.version = version(workloads, settings);
        status.retained = retained(tenant);
    }
    status
}

fn url(tenant: &Dedicated) -> String {
    let domain = &tenant.config.domain;
    match tenant.gateway.as_ref().map(|gateway| &gateway.route) {
        Some(ResolvedRoute::Ingress(ingress)) if ingress.tls.is_none() => format!("http://{domain}"),
        Some(_) => format!("https://{domain}"),
        None => format!("http://{}.{}.svc", tenant.names.role(api_role(tenant)), tenant.owner.namespace),
    }
}

fn selector(tenant: &Dedicated) -> String {
    let labels = tenant.names.selector(api_role(tenant));
    labels.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
}

/// The oldest release that runs, and the newest if it waits.
fn version(workloads: &[Workload], settings: &Settings) -> Option<VersionStatus> {
    let releases = workloads.iter().map(|workload| workload.choice.rendered().release.clone());
    let running = releases.min_by_key(|release| in_order(release))?;
    let waits = workloads.iter().any(|workload| matches!(workload.choice, Choice::Former(_)));
    Some(VersionStatus { running: Some(running), available: waits.then(|| settings.release.clone()) })
}

/// By which releases are older or newer: `0.9.1` is before `0.10.0`, and `1.0.0-rc.1` before `1.0.0`.
fn in_order(release: &str) -> (Vec<u64>, bool, String) {
    let (numbers, rest) = release.split_once('-').map_or((release, None), |(numbers, rest)| (numbers, Some(rest)));
    let numbers = numbers.split('.').map(|number| number.parse().unwrap_or_default()).collect();
    (numbers, rest.is_none(), rest.unwrap_or_default().to_owned())
}

/// What a deletion keeps.
fn retained(tenant: &Dedicated) -> Vec<String> {
    if !tenant.retains() {
        return Vec::new();
    }
    let data = match &tenant.storage {
        Storage::Embedded(_) => format!("PersistentVolumeClaim {}", tenant.names.data()),
        Storage::Postgres { url, cluster: None, .. } => {
            format!("tables in the database that Secret {} names", url.name)
        }
        Storage::Postgres { .. } | Storage::Pending(_) => format!("Cluster {}", tenant.names.database()),
    };
    vec![data, format!("Secret {}", tenant.names.master_key())]
}

#[cfg(test)]
mod tests;
