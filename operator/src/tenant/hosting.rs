//! Which host serves a guest, and how it is reached.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use confab_contract::admin::policy::GuestsFrom;
use confab_crds::ChatTenant;
use confab_crds::tenant::PlacementMode;
use confab_crds::tenant::resolved::{ResolvedRef, ResolvedTenant};
use confab_desired::Reason;
use confab_desired::build::secret::admin_service;
use confab_desired::check::{HostView, guest_policy};
use k8s_openapi::api::core::v1::Namespace;
use kube::api::PartialObjectMeta;
use kube::{Api, Client};

use super::context::Context;
use super::failure::Failure;
use crate::admin::Target;
use crate::world::Key;

/// How long labels of a namespace are believed.
const BELIEVED: Duration = Duration::from_mins(1);

/// Labels of namespaces, read when a host's policy asks for them.
#[derive(Debug, Default)]
pub struct NamespaceLabels(Mutex<HashMap<String, (Instant, Labels)>>);

type Labels = Arc<BTreeMap<String, String>>;

impl NamespaceLabels {
    async fn of(&self, client: &Client, namespace: &str) -> Result<Labels, Failure> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner).get(namespace).cloned();
        if let Some((at, labels)) = known
            && at.elapsed() < BELIEVED
        {
            return Ok(labels);
        }
        let api: Api<PartialObjectMeta<Namespace>> = Api::all(client.clone());
        let found = api.get_opt(namespace).await;
        let found = found.map_err(Failure::cluster(format!("read the labels of namespace {namespace}")))?;
        let labels = Arc::new(found.and_then(|found| found.metadata.labels).unwrap_or_default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(namespace.to_owned(), (Instant::now(), Arc::clone(&labels)));
        Ok(labels)
    }
}

/// Whether a tenant lives in the pods of a host.
pub(super) fn is_shared(tenant: &ChatTenant) -> bool {
    tenant.spec.placement.as_ref().and_then(|placement| placement.mode) != Some(PlacementMode::Dedicated)
}

/// What is known of the host that a guest asks for. Of a host in another namespace only what its own spec permits is used,
/// and nothing is read there.
pub(super) async fn view(guest: &Key, host: Option<&Key>, context: &Context) -> Result<HostView, Failure> {
    let Some(host) = host else { return Ok(HostView::default()) };
    let found = context.world.tenant(host).filter(|found| found.metadata.deletion_timestamp.is_none());
    let resolved = found.map(|found| found.resolved());
    let policy = resolved.as_ref().and_then(|host| host.placement.dedicated()).and_then(|pods| pods.guests.as_ref());
    let by_labels = policy.map(guest_policy).is_some_and(|policy| policy.from == GuestsFrom::Selector);
    let namespace_labels = if by_labels {
        let labels = context.namespaces.of(&context.client, &guest.namespace).await?;
        labels.as_ref().clone()
    } else {
        BTreeMap::new()
    };
    let host = ResolvedRef { namespace: host.namespace.clone(), name: host.name.clone() };
    Ok(HostView { host: Some(host), resolved, namespace_labels })
}

/// How the pods of a tenant are told whom they serve. `None` for one without pods.
pub(super) fn target(host: &ResolvedTenant, context: &Context) -> Option<Target> {
    let embedded = host.placement.dedicated()?.database.is_embedded();
    let key = Key { namespace: host.namespace.clone(), name: host.name.clone() };
    let (name, certificate) = admin_service(&key.namespace, &key.name, embedded, &context.settings().cluster_domain);
    Some(Target { id: host.id.parse().ok()?, key, name, certificate })
}

/// Whether a host has been out of order for so long that its guests should say so.
pub(super) fn is_down(host: &ChatTenant, now: jiff::Timestamp) -> Option<String> {
    /// A host that only restarts wakes nobody.
    const PATIENCE: i64 = 30;
    if host.spec.hibernated == Some(true) {
        return Some(Reason::Hibernated.text().to_owned());
    }
    let conditions = &host.status.as_ref()?.conditions;
    let ready = conditions.iter().find(|condition| condition.type_ == "Ready" && condition.status == "False")?;
    let since = now.as_second() - ready.last_transition_time.0.as_second();
    (since >= PATIENCE).then(|| ready.reason.clone())
}
