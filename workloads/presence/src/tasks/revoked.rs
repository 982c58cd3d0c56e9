//! Closes the connections of sessions that end, as soon as this process learns of it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use confab_contract::{SessionId, TenantId};
use tokio::sync::broadcast::error::{RecvError, TryRecvError};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;

/// Runs until it is stopped.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut news = gateway.core.revocations.subscribe();
    while let Some(first) = stop.run_until_cancelled(news.recv()).await {
        let mut revoked: HashMap<TenantId, HashSet<SessionId>> = HashMap::new();
        let mut missed = match first {
            Ok((tenant, session)) => {
                revoked.entry(tenant).or_default().insert(session);
                false
            }
            Err(RecvError::Lagged(_)) => true,
            Err(RecvError::Closed) => return,
        };
        // Many at once cost one walk over the connections.
        loop {
            match news.try_recv() {
                Ok((tenant, session)) => {
                    revoked.entry(tenant).or_default().insert(session);
                }
                Err(TryRecvError::Lagged(_)) => missed = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        close(&gateway, &revoked, missed);
    }
}

fn close(gateway: &Gateway, revoked: &HashMap<TenantId, HashSet<SessionId>>, missed: bool) {
    let revocations = &gateway.core.revocations;
    for hub in gateway.hub.all() {
        if missed {
            hub.close_logins(|login| revocations.is_revoked(&hub.tenant, login));
        } else if let Some(sessions) = revoked.get(&hub.tenant) {
            hub.close_logins(|login| sessions.contains(&login));
        }
    }
}
