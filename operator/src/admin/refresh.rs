//! Looks at every host from time to time: what was lost there is told again, and whom nobody wants any more is let go.

use std::time::Duration;

use confab_contract::TenantId;
use tokio_util::sync::CancellationToken;

use super::Hosts;
use crate::queue::Queue;
use crate::world::watch::Scope;
use crate::world::{Key, World};

/// Between two looks at a host.
const EVERY: Duration = Duration::from_secs(30);

/// Looks until `stop`. Run it only while this process leads.
pub async fn run(hosts: Hosts, world: World, queue: Queue<Key>, scope: Scope, stop: CancellationToken) {
    let mut ticks = tokio::time::interval(EVERY);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let look = async {
            for host in hosts.all() {
                match host.refresh().await {
                    Ok(differ) => differ.iter().filter_map(key_of).for_each(|key| queue.add(key)),
                    Err(error) => tracing::debug!(%error, host = %host.target().key, "a host was not looked at"),
                }
                let_orphans_go(&host, &world, &scope).await;
            }
        };
        if stop.run_until_cancelled(look).await.is_none() {
            return;
        }
    }
}

/// A guest whose `ChatTenant` is gone without a finalizer keeps its rows, and is not served any more.
async fn let_orphans_go(host: &super::Host, world: &World, scope: &Scope) {
    if !world.is_complete() {
        return;
    }
    let wanted = |id: &TenantId, uid: &str| {
        let Some(key) = key_of(id) else { return true };
        // Of other namespaces this operator knows nothing.
        !scope.contains(&key.namespace)
            || world.tenant(&key).is_some_and(|tenant| tenant.metadata.uid.as_deref() == Some(uid))
    };
    for orphan in host.orphans(wanted) {
        match host.remove(&orphan.id, &orphan.uid, 0, false).await {
            Ok(_) => {
                tracing::info!(tenant = %orphan.id, host = %host.target().key, "a tenant without a ChatTenant is not served any more; its rows are kept");
            }
            Err(error) => {
                tracing::debug!(%error, tenant = %orphan.id, "an orphan was not let go");
                return;
            }
        }
    }
}

/// `<namespace>.<name>`; a namespace holds no dot.
fn key_of(id: &TenantId) -> Option<Key> {
    let text = id.to_string();
    let (namespace, name) = text.split_once('.')?;
    Some(Key { namespace: namespace.to_owned(), name: name.to_owned() })
}
