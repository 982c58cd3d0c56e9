//! One ticker for all connections: heartbeats, silence, tokens that end, sessions that were revoked.

use std::sync::Arc;
use std::time::Instant;

use confab_contract::socket::close::CloseReason;
use tokio_util::sync::CancellationToken;

use super::ticks;
use crate::gateway::Gateway;
use crate::hub::tenant::TenantHub;
use crate::parts::Core;
use crate::session::Session;
use crate::session::outbox::Queued;

/// Runs until it is stopped.
pub async fn run(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut ticks = ticks(gateway.core.settings.tempo.patrol);
    let mut aged_at = Instant::now();
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        let uptime = gateway.core.uptime();
        let ages = aged_at.elapsed() >= gateway.core.settings.tempo.ageing;
        for hub in gateway.hub.all() {
            visit(&gateway.core, &hub, uptime);
            if ages {
                hub.age();
                hub.forget_permits(gateway.core.now());
            }
        }
        if ages {
            aged_at = Instant::now();
            gateway.hub.retire_idle();
        }
    }
}

fn visit(core: &Core, hub: &TenantHub, uptime: u32) {
    let now = core.now();
    let settled_run = hub.progress(|progress| progress.settled_run());
    hub.for_each_session(|session| {
        if session.close_reason().is_some() {
            return;
        }
        if core.revocations.is_revoked(&hub.tenant, session.login) {
            session.close(CloseReason::SessionRevoked);
        } else if now >= session.expires_at() {
            session.close(CloseReason::AuthenticationFailed);
        } else {
            look_after(core, session, uptime);
            if let Some(run) = settled_run {
                session.grow_up(run);
            }
        }
    });
    let overdue = hub.people(|people| people.overdue(Instant::now()));
    for user in overdue {
        hub.availability_changed(user);
    }
}

fn look_after(core: &Core, session: &Session, uptime: u32) {
    let sockets = &core.settings.sockets;
    if uptime.saturating_sub(session.heard_at()) > sockets.silence_seconds {
        session.close(CloseReason::HeartbeatTimeout);
    } else if session.is_ping_due(uptime, sockets.heartbeat_seconds) {
        session.push(Queued::Ping);
    }
}
