//! The end of a tenant. It never wedges: what cannot be cleaned up in time is told, and left.

use std::sync::Arc;
use std::time::Duration;

use confab_crds::ChatTenant;
use confab_crds::tenant::DeletionPolicy;
use confab_desired::Reason;
use confab_desired::names::FINALIZER;
use confab_desired::reason::condition;
use confab_desired::status::{Observed, Part};

use super::context::Context;
use super::failure::Failure;
use super::{finalizer, hosting, report};
use crate::admin::{HostError, Target};
use crate::world::Key;

/// A tenant that is not there any more. Its objects go with it; its rows are kept, and nobody is served from them. A host that
/// does not answer now is told later, by [`crate::admin::refresh`].
pub(super) async fn gone(key: &Key, context: &Context) {
    context.hosts.forget(key);
    context.forgotten(key);
    let Some(tenant) = context.world.take_gone(key) else { return };
    if !hosting::is_shared(&tenant) {
        return;
    }
    let host = context.host_of(&tenant).and_then(|host| context.world.tenant(&host));
    let target = host.and_then(|host| hosting::target(&host.resolved(), context));
    let (Some(target), Ok(id)) = (target, tenant.tenant_id().parse()) else { return };
    let uid = tenant.metadata.uid.clone().unwrap_or_default();
    let generation = tenant.metadata.generation.unwrap_or_default();
    if let Err(error) = context.hosts.host(&target).remove(&id, &uid, generation, false).await {
        tracing::debug!(%error, tenant = %key, "a host was not told of a tenant that is gone");
    }
}

/// A tenant that is being deleted.
pub(super) async fn run(key: &Key, tenant: &Arc<ChatTenant>, context: &Context) -> Result<Option<Duration>, Failure> {
    if !tenant.metadata.finalizers.iter().flatten().any(|finalizer| finalizer == FINALIZER) {
        return Ok(None);
    }
    let Some((target, delete)) = what_to_remove(key, tenant, context) else {
        return finalizer::keep(tenant, false, context).await.map(|()| None);
    };
    let resolved = tenant.resolved();
    let uid = tenant.metadata.uid.clone().unwrap_or_default();
    let generation = tenant.metadata.generation.unwrap_or_default();
    let id = resolved.id.parse().expect("the id of a tenant that was served");
    match context.hosts.host(&target).remove(&id, &uid, generation, delete).await {
        Ok(true) => finalizer::keep(tenant, false, context).await.map(|()| None),
        Ok(false) if is_late(tenant, context) => give_up(tenant, "rows are still being deleted", context).await,
        Err(error) if is_late(tenant, context) => give_up(tenant, &error.to_string(), context).await,
        Ok(false) => {
            let part = Part::progressing(condition::HOST, Reason::Deleting, "rows are being deleted");
            say(tenant, part, context).await?;
            Ok(Some(Duration::from_secs(1)))
        }
        Err(error) => {
            let part = Part::progressing(condition::HOST, Reason::Deleting, error.to_string());
            say(tenant, part, context).await?;
            match error {
                HostError::Unreachable(_) => Err(Failure::Host(error)),
                HostError::Refused { .. } => Ok(Some(context.limits.look_again)),
            }
        }
    }
}

/// Who has rows of the tenant, and whether they are to go. `None`: there is nothing to remove, or nobody left to ask.
fn what_to_remove(key: &Key, tenant: &ChatTenant, context: &Context) -> Option<(Target, bool)> {
    let delete = tenant.spec.deletion_policy == Some(DeletionPolicy::Delete);
    if hosting::is_shared(tenant) {
        let host = context.world.tenant(&context.host_of(tenant)?)?;
        return Some((hosting::target(&host.resolved(), context)?, delete));
    }
    // Guests live in the same database: it is theirs, too.
    let has_guests = !context.world.guests(key).is_empty();
    Some((hosting::target(&tenant.resolved(), context)?, delete && !has_guests))
}

fn is_late(tenant: &ChatTenant, context: &Context) -> bool {
    let began = tenant.metadata.deletion_timestamp.as_ref().map_or(i64::MAX, |time| time.0.as_second());
    let limit = i64::try_from(context.limits.cleanup.as_secs()).unwrap_or(i64::MAX);
    jiff::Timestamp::now().as_second().saturating_sub(began) >= limit
}

async fn give_up(tenant: &Arc<ChatTenant>, why: &str, context: &Context) -> Result<Option<Duration>, Failure> {
    let id = tenant.tenant_id();
    let note = format!("rows of tenant {id} were left in the database, since they could not be deleted in time: {why}");
    tracing::warn!(tenant = id, why, "a deletion gave up cleaning up");
    report::warn(tenant, "CleanupGivenUp", note, context).await;
    finalizer::keep(tenant, false, context).await.map(|()| None)
}

async fn say(tenant: &Arc<ChatTenant>, part: Part, context: &Context) -> Result<(), Failure> {
    let mut facts = tenant.status.clone().unwrap_or_default();
    facts.conditions.clear();
    report::write(tenant, Observed { parts: vec![part], facts }, context).await
}
