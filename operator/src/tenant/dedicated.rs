//! A tenant with pods of its own: objects, and then the tenant itself, which its own pods are told of like a guest.

use std::sync::Arc;
use std::time::Duration;

use confab_contract::admin::TenantRecord;
use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::ResolvedTenant;
use confab_desired::build::workload::handed_over;
use confab_desired::build::{Former, Wanted, Workload, objects};
use confab_desired::check::{HostView, Storage, check, record};
use confab_desired::compare::differs;
use confab_desired::names::RENDERED;
use confab_desired::reason::condition;
use confab_desired::release::Rendered;
use confab_desired::status::{Observed, Pods, State, dedicated as facts, pods_of};
use confab_desired::{Checked, Dedicated, FIELD_MANAGER, Kind, Object, Reason, Role, Settings, Stall};
use serde_json::Value;

use super::context::Context;
use super::failure::{Failure, refusal};
use super::{finalizer, hosting, observe, prune, references, report, secrets};
use crate::admin::HostError;
use crate::cluster::apply::{apply, delete, find};
use crate::cluster::discovery::is_there;
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
    let checked = checked.and_then(|checked| capable(checked, &settings));
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
    let wanted = objects(&dedicated, &settings, &former(key, context));
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

/// Kinds that the spec needs and nobody installed.
fn capable(checked: Checked, settings: &Settings) -> Result<Box<Dedicated>, Stall> {
    let Checked::Dedicated(dedicated) = checked else { unreachable!("only a Dedicated tenant comes here") };
    let wanted = objects(&dedicated, settings, &Former::new());
    let missing = wanted.objects.iter().find(|object| !is_there(settings.capabilities, object.kind));
    let Some(missing) = missing else { return Ok(dedicated) };
    let (condition, reason, message) = match missing.kind {
        Kind::Cluster => (
            condition::DATABASE,
            Reason::CloudNativePGMissing,
            "spec.database.cloudNativePG needs the CloudNativePG operator: install it, or create the ChatTenant with database.postgres",
        ),
        Kind::Certificate => (
            condition::GATEWAY,
            Reason::CertManagerMissing,
            "spec.gateway.ingress.tls.certManager needs cert-manager: install it, or name a Secret with tls.secretName",
        ),
        _ => (
            condition::GATEWAY,
            Reason::GatewayApiMissing,
            "spec.gateway.httpRoute needs the Gateway API: install its definitions and a controller, or use gateway.ingress",
        ),
    };
    Err(Stall::new(condition, reason, message))
}

/// Whether a deletion has rows to remove: those in a database that does not go with the tenant's objects.
fn removes_rows(tenant: &Dedicated) -> bool {
    !tenant.retains() && matches!(tenant.storage, Storage::Postgres { cluster: None, .. })
}

/// What the workloads that are there were rendered from.
fn former(key: &Key, context: &Context) -> Former {
    let children = context.world.children(key);
    let roles = [Role::Messaging, Role::Presence, Role::Serve];
    let of = |role: Role| {
        let name = confab_desired::Names::new(&key.name).role(role);
        let live =
            children.iter().find(|(kind, child)| is_workload(*kind) && child["metadata"]["name"] == name.as_str());
        Rendered::read(live?.1["metadata"]["annotations"][RENDERED].as_str()?)
    };
    roles.into_iter().filter_map(|role| of(role).map(|rendered| (role, rendered))).collect()
}

fn is_workload(kind: Kind) -> bool {
    matches!(kind, Kind::Deployment | Kind::StatefulSet)
}

/// Applies what differs, in order, and lets go what is not wanted any more. Returns what stands in the way.
async fn bring_about(key: &Key, wanted: &Wanted, context: &Context) -> Result<Vec<Stall>, Failure> {
    let mut stalls = Vec::new();
    for object in &wanted.objects {
        stalls.extend(settle(key, object, &wanted.workloads, context).await?);
    }
    let children = context.world.children(key);
    let settled = pods(key, &wanted.workloads, context).iter().all(|(_, pods)| pods.settled());
    for (kind, child) in prune::unwanted(&children, &wanted.objects, settled) {
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
        && !prune::is_ours(live, object)
    {
        return Ok(Some(prune::not_ours(object)));
    }
    let object = with_replicas(object, live.as_deref(), workloads);
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

/// A Deployment whose number of pods an autoscaler is about to take over.
fn with_replicas(object: &Object, live: Option<&Value>, workloads: &[Workload]) -> Object {
    let mut object = object.clone();
    if object.kind == Kind::Deployment
        && object.value["spec"].get("replicas").is_none()
        && let Some(workload) = workloads.iter().find(|workload| object.name.ends_with(workload.role.name()))
        && let Some(replicas) = handed_over(workload.spec.replicas, live, FIELD_MANAGER)
    {
        object.value["spec"]["replicas"] = replicas.into();
    }
    object
}

/// How far the pods of each role are.
pub(super) fn pods(key: &Key, workloads: &[Workload], context: &Context) -> Vec<(Role, Pods)> {
    let of = |workload: &Workload| {
        let kind = if workload.role == Role::Serve { Kind::StatefulSet } else { Kind::Deployment };
        let name = confab_desired::Names::new(&key.name).role(workload.role);
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
