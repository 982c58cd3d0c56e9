//! What is to be said of each part of a tenant with pods of its own.

use confab_desired::build::Workload;
use confab_desired::check::{Bus, Storage};
use confab_desired::names::RELEASE;
use confab_desired::reason::condition;
use confab_desired::release::Choice;
use confab_desired::status::{Part, Pods, pods_of};
use confab_desired::{Dedicated, Kind, Reason, Role, Stall};

use super::context::Context;
use super::diagnose::diagnose;
use super::failure::Failure;
use crate::admin::HostError;
use crate::world::Key;

/// The parts, each with what is to be said of it.
pub(super) async fn parts(
    key: &Key,
    tenant: &Dedicated,
    workloads: &[Workload],
    pods: &[(Role, Pods)],
    served: Option<&Result<(), HostError>>,
    stalls: Vec<Stall>,
    context: &Context,
) -> Result<Vec<Part>, Failure> {
    let mut parts: Vec<Part> = stalls.into_iter().map(Part::from).collect();
    parts.push(Part::good(condition::REFERENCES, "everything that the spec names is there"));
    parts.push(database(key, tenant, context));
    parts.extend(redis(key, tenant, context));
    parts.push(workloads_part(tenant, workloads, pods, served));
    if tenant.gateway.is_some() {
        parts.push(Part::good(
            condition::GATEWAY,
            "the way in is set up; whether a controller serves it is its own to say",
        ));
    }
    parts.extend(update(workloads, context));
    if parts.iter().any(|part| part.reason == Reason::RollingOut) && !tenant.hibernated {
        let selector = tenant.names.tenant_selector();
        let selector = selector.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",");
        parts.splice(0..0, diagnose(&key.namespace, &selector, context).await?);
    }
    Ok(one_each(parts))
}

/// A condition says one thing: the first, which is the worst.
fn one_each(parts: Vec<Part>) -> Vec<Part> {
    let mut kept: Vec<Part> = Vec::new();
    for part in parts {
        if !kept.iter().any(|earlier| earlier.condition == part.condition) {
            kept.push(part);
        }
    }
    kept
}

fn database(key: &Key, tenant: &Dedicated, context: &Context) -> Part {
    match &tenant.storage {
        Storage::Embedded(_) => Part::good(condition::DATABASE, format!("SQLite on volume {}", tenant.names.data())),
        Storage::Postgres { url, cluster: None, .. } => {
            Part::good(condition::DATABASE, format!("PostgreSQL, as Secret {} names it", url.name))
        }
        Storage::Postgres { .. } => {
            Part::good(condition::DATABASE, format!("CloudNativePG Cluster {}", tenant.names.database()))
        }
        Storage::Pending(_) => {
            let name = tenant.names.database();
            let cluster =
                context.world.child(Kind::Cluster, &Key { namespace: key.namespace.clone(), name: name.clone() });
            let phase = cluster.and_then(|cluster| cluster["status"]["phase"].as_str().map(str::to_owned));
            let phase = phase.unwrap_or_else(|| "nothing yet".to_owned());
            let message = format!("waiting for CloudNativePG Cluster {name}, which says: {phase}");
            Part::progressing(condition::DATABASE, Reason::DatabasePending, message)
        }
    }
}

fn redis(key: &Key, tenant: &Dedicated, context: &Context) -> Option<Part> {
    Some(match tenant.bus.as_ref()? {
        Bus::Url { url, .. } => Part::good(condition::REDIS, format!("as Secret {} names it", url.name)),
        Bus::Managed(_) if tenant.hibernated => Part::good(condition::REDIS, "asleep with the tenant"),
        Bus::Managed(_) => {
            let name = tenant.names.role(Role::Redis);
            let live =
                context.world.child(Kind::StatefulSet, &Key { namespace: key.namespace.clone(), name: name.clone() });
            if pods_of(live.as_deref()).ready > 0 {
                Part::good(condition::REDIS, format!("StatefulSet {name}"))
            } else {
                // Without it messages arrive a little later, and nothing is lost.
                let message = format!("StatefulSet {name} has no pod that is ready");
                Part::updating(condition::REDIS, Reason::RedisPending, message)
            }
        }
    })
}

fn workloads_part(
    tenant: &Dedicated,
    workloads: &[Workload],
    pods: &[(Role, Pods)],
    served: Option<&Result<(), HostError>>,
) -> Part {
    let shown: Vec<String> = pods
        .iter()
        .map(|(role, pods)| format!("{} {}/{} ready, {} updated", role.name(), pods.ready, pods.desired, pods.updated))
        .collect();
    let shown = shown.join("; ");
    if tenant.hibernated {
        let done = pods.iter().all(|(_, pods)| pods.seen && pods.total == 0);
        let text = "spec.hibernated is true: no pods run, the data stay; set it to false to wake the tenant";
        if done {
            return Part { reason: Reason::Hibernated, ..Part::good(condition::WORKLOADS, text) };
        }
        return Part::progressing(condition::WORKLOADS, Reason::RollingOut, format!("pods are leaving: {shown}"));
    }
    if workloads.is_empty() {
        return Part::progressing(
            condition::WORKLOADS,
            Reason::DatabasePending,
            "pods are started when the database is there",
        );
    }
    let available = pods.iter().all(|(_, pods)| pods.ready > 0);
    let settled = pods.iter().all(|(_, pods)| pods.settled());
    match served {
        Some(Err(HostError::Refused { message, .. })) => {
            Stall::new(condition::WORKLOADS, Reason::HostRefused, message.clone()).into()
        }
        Some(Err(error)) if available => Part::progressing(condition::WORKLOADS, Reason::Retrying, error.to_string()),
        Some(Ok(())) if settled => Part::good(condition::WORKLOADS, shown),
        Some(Ok(())) if available => Part::updating(condition::WORKLOADS, Reason::RollingOut, shown),
        _ => Part::progressing(condition::WORKLOADS, Reason::RollingOut, shown),
    }
}

fn update(workloads: &[Workload], context: &Context) -> Option<Part> {
    let waits = workloads.iter().find_map(|workload| match &workload.choice {
        Choice::Former(former) => Some(former.release.clone()),
        Choice::Present(_) => None,
    });
    let release = context.settings().release.clone();
    waits.map(|running| {
        let message = format!(
            "release {release} waits and {running} runs; let it in with annotation {RELEASE}: \"{release}\", or always with spec.updateStrategy: Auto"
        );
        Part::notice(condition::UPDATE_WAITING, Reason::NewRelease, message)
    })
}
