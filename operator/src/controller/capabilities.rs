//! Notices when somebody installs a kind that was missing, such as CloudNativePG's: tenants that wait for it go on.

use std::sync::Arc;
use std::time::Duration;

use confab_chassis::background::Background;
use confab_desired::Kind;
use kube::Client;
use tokio_util::sync::CancellationToken;

use crate::cluster::discovery::capabilities;
use crate::tenant::Context;
use crate::world::watch::Watches;

/// Between two looks: one request each.
const EVERY: Duration = Duration::from_mins(1);

pub(super) fn spawn(background: &Background, client: &Client, watches: &Watches, context: &Arc<Context>) {
    let (client, watches, context, tasks) = (client.clone(), watches.clone(), Arc::clone(context), background.clone());
    background.spawn("capabilities", move |stop| {
        look(client.clone(), watches.clone(), Arc::clone(&context), tasks.clone(), stop)
    });
}

async fn look(client: Client, watches: Watches, context: Arc<Context>, tasks: Background, stop: CancellationToken) {
    while stop.run_until_cancelled(tokio::time::sleep(EVERY)).await.is_some() {
        let Some(Ok(found)) = stop.run_until_cancelled(capabilities(&client)).await else { continue };
        let before = context.settings();
        if found == before.capabilities {
            continue;
        }
        for kind in Kind::ALL {
            if found.has(kind) && !before.capabilities.has(kind) {
                tracing::info!(kind = kind.spelling().kind, "a kind was installed");
                watches.spawn_children(&tasks, kind);
            }
        }
        let mut settings = before.as_ref().clone();
        settings.capabilities = found;
        context.settings.store(Arc::new(settings));
        context.world.tenants().into_iter().for_each(|key| context.queue.add(key));
    }
}
