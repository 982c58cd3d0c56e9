//! The reconcile of a `ChatTenant`: from what the spec wants to what the cluster and the hosts hold, and back to the status.
//!
//! ```text
//! 1. look it up            world             no request
//! 2. another's?            rivals            a GET of that operator's Lease, rarely
//!    going, or paused?     cleanup           may ask the host, removes the finalizer
//! 3. references            references        GETs of the Secrets that the spec names
//! 4. check                 confab-desired    pure
//! 5. bring about           guest             one call to the host
//!                          dedicated         applies and prunes objects, then one call to its own pods
//! 6. status                report            one write, if there is news
//! ```
//!
//! Every step may be repeated at any time: a crash between two of them loses nothing.

mod census;
mod claim;
mod cleanup;
mod context;
mod dedicated;
mod diagnose;
mod failure;
mod finalizer;
mod guest;
mod hosting;
mod observe;
mod references;
mod report;
mod rivals;
mod secrets;

use std::time::Duration;

pub use census::Census;
pub use context::{Context, Limits};
pub use failure::Failure;
pub use hosting::NamespaceLabels;
pub use rivals::Rivals;

use crate::world::Key;

/// Brings one tenant to its spec. Returns when to look again without being asked to.
pub async fn reconcile(key: &Key, context: &Context) -> Result<Option<Duration>, Failure> {
    let Some(tenant) = context.world.tenant(key) else {
        cleanup::gone(key, context).await;
        return Ok(None);
    };
    if rivals::looks_after(&tenant, context).await? {
        return Ok(Some(rivals::AGAIN));
    }
    if tenant.metadata.deletion_timestamp.is_some() {
        return cleanup::run(key, &tenant, context).await;
    }
    if tenant.spec.paused == Some(true) {
        return report::write_paused(&tenant, context).await.map(|()| None);
    }
    if let Err(stall) = claim::check(key, &tenant, context) {
        return report::write(&tenant, report::stalled(&tenant, stall.into()), context).await.map(|()| None);
    }
    if hosting::is_shared(&tenant) {
        guest::reconcile(key, &tenant, context.host_of(&tenant), context).await
    } else {
        dedicated::reconcile(key, &tenant, context).await
    }
}
