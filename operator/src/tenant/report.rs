//! Writes the status, and tells of transitions by events.

use std::sync::Arc;

use confab_crds::ChatTenant;
use confab_crds::tenant::ChatTenantStatus;
use confab_crds::tenant::resolved::ResolvedTenant;
use confab_desired::FIELD_MANAGER;
use confab_desired::Reason;
use confab_desired::check::unsupported as unsupported_fields;
use confab_desired::reason::condition;
use confab_desired::status::{Observed, Part, compose, is_ours, paused};
use kube::api::{Patch, PatchParams};
use kube::runtime::events::{Event, EventType};
use kube::{Api, Resource as _};
use serde_json::json;

use super::context::Context;
use super::failure::Failure;

/// Writes the status if it says something new.
pub(super) async fn write(tenant: &Arc<ChatTenant>, mut observed: Observed, context: &Context) -> Result<(), Failure> {
    observed.facts.operator = Some(context.rivals.own().to_owned());
    let status = compose(tenant, observed, jiff::Timestamp::now());
    put(tenant, status, context).await
}

/// Says that the tenant is left as it is.
pub(super) async fn write_paused(tenant: &Arc<ChatTenant>, context: &Context) -> Result<(), Failure> {
    put(tenant, paused(tenant, jiff::Timestamp::now()), context).await
}

async fn put(tenant: &Arc<ChatTenant>, status: Option<ChatTenantStatus>, context: &Context) -> Result<(), Failure> {
    let Some(status) = status else {
        context.counted(tenant, tenant.status.as_ref());
        return Ok(());
    };
    let name = tenant.metadata.name.as_deref().unwrap_or_default();
    let namespace = tenant.metadata.namespace.as_deref().unwrap_or_default();
    let api: Api<ChatTenant> = Api::namespaced(context.client.clone(), namespace);
    // Conditions of others stay theirs.
    let mut ours = status.clone();
    ours.conditions.retain(is_ours);
    let patch = json!({
        "apiVersion": ChatTenant::api_version(&()),
        "kind": ChatTenant::kind(&()),
        "metadata": {"name": name, "uid": tenant.metadata.uid},
        "status": ours,
    });
    let how = PatchParams::apply(FIELD_MANAGER).force();
    match api.patch_status(name, &how, &Patch::Apply(&patch)).await {
        Ok(_) => {}
        // It was deleted meanwhile, and perhaps made again: that one is reconciled by itself.
        Err(kube::Error::Api(refused)) if refused.code == 404 || refused.code == 409 => return Ok(()),
        Err(error) => return Err(Failure::cluster("write the status")(error)),
    }
    context.counted(tenant, Some(&status));
    tell(tenant, &status, context).await;
    Ok(())
}

/// An event where the tenant's readiness changed its reason. Becoming ready for the first time is what everybody expects: of ten
/// thousand tenants it would be ten thousand events.
async fn tell(tenant: &Arc<ChatTenant>, status: &ChatTenantStatus, context: &Context) {
    let ready = |status: Option<&ChatTenantStatus>| {
        let conditions = status.map(|status| status.conditions.clone()).unwrap_or_default();
        conditions.into_iter().find(|condition| condition.type_ == condition::READY)
    };
    let (before, now) = (ready(tenant.status.as_ref()), ready(Some(status)));
    let Some(now) = now else { return };
    if before.as_ref().is_some_and(|before| before.reason == now.reason && before.status == now.status) {
        return;
    }
    let stalled = status.conditions.iter().any(|condition| condition.type_ == condition::STALLED);
    if before.is_none() && !stalled {
        return;
    }
    let type_ = if stalled { EventType::Warning } else { EventType::Normal };
    publish(tenant, type_, now.reason, now.message, context).await;
}

/// Warns of something that no condition holds.
pub(super) async fn warn(tenant: &Arc<ChatTenant>, reason: &str, note: String, context: &Context) {
    publish(tenant, EventType::Warning, reason.to_owned(), note, context).await;
}

/// An event that gets lost loses nothing: the status says the same.
async fn publish(tenant: &Arc<ChatTenant>, type_: EventType, reason: String, mut note: String, context: &Context) {
    // The API allows a kilobyte.
    while note.len() > 1000 {
        note.pop();
    }
    let event = Event { type_, reason, note: Some(note), action: "Reconcile".to_owned(), secondary: None };
    if let Err(error) = context.recorder.publish(&event, &tenant.object_ref(&())).await {
        tracing::debug!(%error, "an event was not published");
    }
}

/// What the spec asks for and no workload of this version does.
pub(super) fn unsupported(resolved: &ResolvedTenant) -> Option<Part> {
    let fields = unsupported_fields(resolved);
    (!fields.is_empty()).then(|| {
        let message = format!("{} has no effect in this version: no workload serves it yet", fields.join(", "));
        Part::notice(condition::UNSUPPORTED, Reason::NotInThisVersion, message)
    })
}

/// What is said of a tenant that cannot be looked at closely: the facts stay what they were.
pub(super) fn stalled(tenant: &ChatTenant, part: Part) -> Observed {
    let mut facts = tenant.status.clone().unwrap_or_default();
    facts.conditions.clear();
    facts.placement = Some(tenant.resolved().placement.mode());
    Observed { parts: vec![part], facts }
}
