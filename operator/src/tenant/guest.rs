//! A tenant in the pods of a host: no object, one call.

use std::sync::Arc;
use std::time::Duration;

use confab_contract::admin::state::RefusalReason;
use confab_crds::ChatTenant;
use confab_crds::tenant::DeletionPolicy;
use confab_desired::check::{HostView, check};
use confab_desired::reason::condition;
use confab_desired::status::{Observed, Part, guest as facts};
use confab_desired::{Checked, Guest, Reason, Stall};

use super::context::Context;
use super::failure::Failure;
use super::{finalizer, hosting, report};
use crate::admin::HostError;
use crate::world::Key;

/// A host that is out of order is looked at again after this.
const HOST_DOWN: Duration = Duration::from_secs(30);

/// Lets the host serve the tenant.
pub(super) async fn reconcile(
    key: &Key,
    tenant: &Arc<ChatTenant>,
    host: Option<Key>,
    context: &Context,
) -> Result<Option<Duration>, Failure> {
    let view = hosting::view(key, host.as_ref(), context).await?;
    let guest = match check(tenant, &confab_desired::References::assumed(), &view) {
        Ok(Checked::Guest(guest)) => guest,
        Ok(Checked::Dedicated(_)) => unreachable!("only a Shared tenant comes here"),
        Err(stall) => {
            report::write(tenant, observed(tenant, None, &view, vec![stall.into()]), context).await?;
            return Ok(Some(context.resync()));
        }
    };
    // The rows are somewhere else: whoever wants them gone must be able to wait for that.
    finalizer::keep(tenant, !guest.record.retain, context).await?;
    let target = view.resolved.as_ref().and_then(|host| hosting::target(host, context));
    let target = target.expect("a checked guest's host has pods");
    let served = context.hosts.host(&target).serve(&guest.record).await;
    let (parts, again) = parts(&guest, &served, host.as_ref(), context);
    report::write(tenant, observed(tenant, Some(&guest), &view, parts), context).await?;
    match served {
        Err(error @ HostError::Unreachable(_)) => Err(Failure::Host(error)),
        _ => Ok(Some(again)),
    }
}

fn parts(
    guest: &Guest,
    served: &Result<(), HostError>,
    host: Option<&Key>,
    context: &Context,
) -> (Vec<Part>, Duration) {
    let shown = format!("{}/{}", guest.host.namespace, guest.host.name);
    match served {
        Err(HostError::Refused { reason: RefusalReason::BeingDeleted, message }) => {
            (vec![Part::progressing(condition::HOST, Reason::Deleting, message)], context.limits.look_again)
        }
        // Nothing tells when the host has room, or its owner changed its mind a moment later than this guest asked.
        Err(HostError::Refused { reason, message }) => (vec![refused(*reason, message).into()], context.limits.missing),
        Err(error @ HostError::Unreachable(_)) => {
            let message = format!("host {shown}: {error}");
            (vec![Part::progressing(condition::HOST, Reason::HostUnreachable, message)], HOST_DOWN)
        }
        Ok(()) => {
            let found = host.and_then(|host| context.world.tenant(host));
            let down = found.and_then(|host| hosting::is_down(&host, jiff::Timestamp::now()));
            match down {
                Some(reason) => {
                    let message =
                        format!("host {shown} is not ready ({reason}); the tenant is served again when it is");
                    (vec![Part::progressing(condition::HOST, Reason::HostNotReady, message)], HOST_DOWN)
                }
                None if guest.record.hibernated => {
                    let text = "spec.hibernated is true: requests are answered 503, the data stay; set it to false to wake the tenant";
                    (vec![Part { reason: Reason::Hibernated, ..Part::good(condition::HOST, text) }], context.resync())
                }
                None => (vec![Part::good(condition::HOST, format!("served by {shown}"))], context.resync()),
            }
        }
    }
}

fn refused(reason: RefusalReason, message: &str) -> Stall {
    let reason = match reason {
        RefusalReason::DomainTaken => Reason::DomainTaken,
        RefusalReason::NotAllowed => Reason::HostNotAllowing,
        RefusalReason::HostFull => Reason::HostFull,
        RefusalReason::EncryptionDiffers => Reason::EncryptionDiffers,
        RefusalReason::InvalidConfig | RefusalReason::Superseded | RefusalReason::BeingDeleted => Reason::HostRefused,
    };
    Stall::new(condition::HOST, reason, message)
}

fn observed(tenant: &ChatTenant, guest: Option<&Guest>, view: &HostView, mut parts: Vec<Part>) -> Observed {
    let resolved = tenant.resolved();
    parts.extend(report::unsupported(&resolved));
    let mut facts = facts(&resolved, guest, view.resolved.as_ref());
    // Where its rows are stays known, also while the host does not take it.
    if guest.is_none()
        && let Some(present) = &tenant.status
    {
        facts.host.clone_from(&present.host);
        facts.retained.clone_from(&present.retained);
        facts.deletion_policy = Some(tenant.spec.deletion_policy.unwrap_or(DeletionPolicy::Retain));
    }
    Observed { parts, facts }
}
