//! A tenant with pods of its own: objects, and then the tenant itself, which its own pods are told of like a guest.

use std::sync::Arc;
use std::time::Duration;

use confab_contract::admin::TenantRecord;
use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::ResolvedTenant;
use confab_desired::build::workload::{former, with_replicas};
use confab_desired::build::{Former, Wanted, Workload, objects};
use confab_desired::check::{HostView, Storage, capable, check, record};
use confab_desired::compare::differs;
use confab_desired::ownership::{is_ours, not_ours, unwanted};
use confab_desired::reason::condition;
use confab_desired::status::{Observed, Pods, State, dedicated as facts, pods_of};
use confab_desired::{Checked, Dedicated, FIELD_MANAGER, Kind, Names, Object, Role, Settings, Stall};

use super::context::Context;
use super::failure::{Failure, refusal};
use super::{finalizer, hosting, observe, references, report, secrets};
use crate::admin::HostError;
use crate::cluster::apply::{apply, delete, find};
use crate::world::Key;

/// Brings the tenant's objects and its pods to its spec.
pub(super) async fn reconcile(
    key: &Key,
    tenant: &Arc<ChatTenant>,
    context: &Context,
) -> Result<Option<Duration>, Failure> {
    let (resolved, settings) = (tenant.resolved(), context.settings());
    let references = references::gather(&resolved, context).await?;
    let checked = check(tenant, &references, &HostView::default());
    let checked = checked.and_then(|checked| capable_of(checked, &settings));
    let dedicated = match checked {
        Ok(dedicated) => dedicated,
        // What runs goes on running.
        Err(stall) => {
            let again =
                if stall.condition == condition::REFERENCES { context.limits.missing } else { context.resync() };
            report::write(tenant, report::stalled(tenant, stall.into()), context).await?;
            return Ok(Some(again));
        }
    };
    finalizer::keep(tenant, removes_rows(&dedicated), context).await?;
    let wanted = objects(&dedicated, &settings, &former(&Names::new(&key.name), &context.world.children(key)));
    let had_data = tenant.status.as_ref().is_some_and(|status| status.version.is_some());
    let mut stalls: Vec<Stall> = secrets::ensure(&wanted.secrets, had_data, context).await?.into_iter().collect();
    if stalls.is_empty() {
        stalls = bring_about(key, &wanted, context).await?;
    }
    let pods = pods(key, &wanted.workloads, context);
    let served = serve(tenant, &resolved, &dedicated, &pods, context).await;
    let parts = observe::parts(key, &dedicated, &wanted.workloads, &pods, served.as_ref(), stalls, context).await?;
    let settled = !parts.iter().any(|part| matches!(part.state, State::Progressing | State::Updating));
    let stalled = parts.iter().any(|part| part.state == State::Stalled);
    let guests = context.world.guests(key).len();
    let facts = facts(&resolved, Some((&dedicated, &wanted.workloads, &settings)), &pods, guests);
    let parts = parts.into_iter().chain(report::unsupported(&resolved)).collect();
    report::write(tenant, Observed { parts, facts }, context).await?;
    match served {
        Some(Err(error @ HostError::Unreachable(_))) => Err(Failure::Host(error)),
        _ if stalled => Ok(Some(context.limits.missing)),
        _ if settled => Ok(Some(context.resync())),
        _ => Ok(Some(context.limits.look_again)),
    }
}

/// The checked form, if the cluster knows every kind that it needs.
fn capable_of(checked: Checked, settings: &Settings) -> Result<Box<Dedicated>, Stall> {
    let Checked::Dedicated(dedicated) = checked else { unreachable!("only a Dedicated tenant comes here") };
    let wanted = objects(&dedicated, settings, &Former::new());
    capable(&wanted.objects, settings.capabilities).map(|()| dedicated)
}

/// Whether a deletion has rows to remove: those in a database that does not go with the tenant's objects.
fn removes_rows(tenant: &Dedicated) -> bool {
    !tenant.retains() && matches!(tenant.storage, Storage::Postgres { cluster: None, .. })
}

/// Applies what differs, in order, and lets go what is not wanted any more. Returns what stands in the way.
async fn bring_about(key: &Key, wanted: &Wanted, context: &Context) -> Result<Vec<Stall>, Failure> {
    let mut stalls = Vec::new();
    for object in &wanted.objects {
        stalls.extend(settle(key, object, &wanted.workloads, context).await?);
    }
    let children = context.world.children(key);
    let settled = pods(key, &wanted.workloads, context).iter().all(|(_, pods)| pods.settled());
    for (kind, child) in unwanted(&children, &wanted.objects, settled) {
        let [name, uid] = ["name", "uid"].map(|field| child["metadata"][field].as_str().unwrap_or_default().to_owned());
        let child_key = Key { namespace: key.namespace.clone(), name };
        let what = format!("delete {} {}", kind.spelling().kind, child_key.name);
        delete(&context.client, kind, &child_key, &uid).await.map_err(Failure::cluster(what))?;
    }
    Ok(stalls)
}

/// One object.
async fn settle(
    key: &Key,
    object: &Object,
    workloads: &[Workload],
    context: &Context,
) -> Result<Option<Stall>, Failure> {
    let name = format!("{} {}", object.kind.spelling().kind, object.name);
    let object_key = Key { namespace: key.namespace.clone(), name: object.name.clone() };
    let live = if let Some(live) = context.world.child(object.kind, &object_key) {
        Some(live)
    } else {
        // Not there, or without our label: whose it is must be known before it is applied.
        let found = find(&context.client, object.kind, &object_key).await;
        found.map_err(Failure::cluster(format!("read {name}")))?
    };
    if let Some(live) = &live
        && !is_ours(live, object)
    {
        return Ok(Some(not_ours(object)));
    }
    let object = with_replicas(object, live.as_deref(), workloads, FIELD_MANAGER);
    if live.as_ref().is_some_and(|live| !differs(&object.value, live, FIELD_MANAGER)) {
        return Ok(None);
    }
    match apply(&context.client, &object).await {
        Ok(()) => Ok(None),
        Err(error) => match refusal(&error, condition::WORKLOADS, &name) {
            Some(stall) => Ok(Some(stall)),
            None => Err(Failure::cluster(format!("apply {name}"))(error)),
        },
    }
}

/// How far the pods of each role are.
pub(super) fn pods(key: &Key, workloads: &[Workload], context: &Context) -> Vec<(Role, Pods)> {
    let of = |workload: &Workload| {
        let kind = if workload.role == Role::Serve { Kind::StatefulSet } else { Kind::Deployment };
        let name = Names::new(&key.name).role(workload.role);
        let live = context.world.child(kind, &Key { namespace: key.namespace.clone(), name });
        (workload.role, pods_of(live.as_deref()))
    };
    workloads.iter().map(of).collect()
}

/// Tells the tenant's own pods of it. `None`: there is no pod to tell.
async fn serve(
    tenant: &ChatTenant,
    resolved: &ResolvedTenant,
    dedicated: &Dedicated,
    pods: &[(Role, Pods)],
    context: &Context,
) -> Option<Result<(), HostError>> {
    let target = hosting::target(resolved, context)?;
    let api = pods.iter().find(|(role, _)| matches!(role, Role::Messaging | Role::Serve))?;
    if dedicated.hibernated || api.1.ready == 0 {
        return None;
    }
    let record = TenantRecord {
        guests: dedicated.guests.clone(),
        hibernated: false,
        ..record(tenant, resolved, dedicated.config.clone())
    };
    Some(context.hosts.host(&target).serve(&record).await)
}
