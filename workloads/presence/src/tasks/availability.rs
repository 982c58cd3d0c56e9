//! Availability: what changes here goes to the store in batches; what changes there comes back over the bus, and is read
//! again when the bus may have lost some.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use confab_contract::bus::{Notice, PresenceNotice};
use confab_contract::rest::users::PresenceStatus;
use confab_contract::socket::server::ServerFrame;
use confab_contract::{TenantId, UserId};
use confab_store::StoreError;
use confab_store::presence::{self, PresenceRow};
use tokio_util::sync::CancellationToken;

use super::ticks;
use crate::event::encode;
use crate::gateway::Gateway;
use crate::hub::tenant::TenantHub;
use crate::parts::Core;
use crate::session::outbox::Queued;
use crate::session::{Session, worker};

/// People written or read at once.
const BATCH: usize = 500;
/// While the bus is away, those who are watched are read this often.
const READ_WITHOUT_BUS: Duration = Duration::from_secs(2);
/// While it is well, this often: so long at most can a notice that was lost unnoticed mislead.
const READ_ANYWAY: Duration = Duration::from_mins(1);
/// The way to other processes may open a moment later than the way from them. What is told meanwhile is told again.
const TOLD_AGAIN: Duration = Duration::from_secs(4);

/// Writes changes, until it is stopped.
pub async fn write(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut ticks = ticks(gateway.core.settings.tempo.availability);
    while stop.run_until_cancelled(ticks.tick()).await.is_some() {
        for hub in gateway.hub.all() {
            if let Err(error) = write_changes(&hub).await {
                tracing::debug!(%error, "availability waits for the store");
            }
            if let Err(error) = recheck_visibility(&hub).await {
                tracing::debug!(%error, "visibility waits for the store");
            }
        }
    }
}

async fn write_changes(hub: &TenantHub) -> Result<(), StoreError> {
    let changes = hub.take_changes(Instant::now());
    let mut batches = changes.chunks(BATCH);
    while let Some(batch) = batches.next() {
        match presence::set(&hub.core.store, hub.core.node, batch.to_vec(), hub.core.now()).await {
            Ok(news) => {
                hub.people(|people| batch.iter().for_each(|change| people.written(change.user, change.status)));
                for (tenant, row) in news {
                    publish(&hub.core, &tenant, row);
                }
            }
            Err(error) => {
                batch.iter().chain(batches.flatten()).for_each(|change| hub.availability_changed(change.user));
                return Err(error);
            }
        }
    }
    Ok(())
}

/// Tells everybody of a person's availability. While the bus is away, and shortly after, other processes are told again
/// when it is surely back.
pub fn publish(core: &Core, tenant: &TenantId, row: PresenceRow) {
    let PresenceRow { user, status, status_message, last_seen, version } = row;
    let notice = PresenceNotice { user, status, status_message, last_seen, version };
    let is_well = core.bus.is_up();
    core.missed(|missed| {
        if !is_well || missed.is_settling() {
            missed.notices.insert((tenant.clone(), user), notice.clone());
        }
    });
    core.publish(tenant, Notice::Presence(notice));
}

/// The bus is up again.
pub fn on_bus_up(gateway: &Gateway) {
    gateway.core.missed(|missed| missed.settles_at = Some(Instant::now() + TOLD_AGAIN));
    gateway.read_again.notify_one();
}

/// Tells other processes what they may not have heard, once the bus is surely back.
fn tell_again(core: &Core) {
    let notices = core.missed(|missed| {
        if missed.settles_at.is_some_and(|moment| moment <= Instant::now()) {
            missed.settles_at = None;
            std::mem::take(&mut missed.notices)
        } else {
            HashMap::new()
        }
    });
    for ((tenant, _), notice) in notices {
        core.publish(&tenant, Notice::Presence(notice));
    }
}

/// Reads availability again after the bus may have lost some, until it is stopped.
pub async fn read_again(gateway: Arc<Gateway>, stop: CancellationToken) {
    let mut read_at = Instant::now();
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = gateway.read_again.notified() => {}
            () = tokio::time::sleep(READ_WITHOUT_BUS) => {
                tell_again(&gateway.core);
                if gateway.core.bus.is_up() && read_at.elapsed() < READ_ANYWAY {
                    continue;
                }
            }
        }
        read_at = Instant::now();
        for hub in gateway.hub.all() {
            let users = hub.watchers(|watchers| watchers.users());
            if let Err(error) = read(&hub, &users).await {
                tracing::debug!(%error, "availability cannot be read");
            }
        }
    }
}

/// Reads people's availability and tells those who watch what is news. Who was never connected has no row.
pub async fn read(hub: &TenantHub, users: &[UserId]) -> Result<(), StoreError> {
    for batch in users.chunks(BATCH) {
        let rows = presence::get(&hub.core.store, &hub.tenant, batch, hub.core.now()).await?;
        let unknown = batch.iter().filter(|user| rows.iter().all(|row| row.user != **user));
        let never = unknown.map(|user| PresenceNotice {
            user: *user,
            status: PresenceStatus::Offline,
            status_message: None,
            last_seen: None,
            version: 0,
        });
        let known = rows.iter().map(|row| PresenceNotice {
            user: row.user,
            status: row.status,
            status_message: row.status_message.clone(),
            last_seen: row.last_seen,
            version: row.version,
        });
        let notices: Vec<PresenceNotice> = known.chain(never).collect();
        hub.watchers(|watchers| notices.iter().for_each(|notice| watchers.tell(notice)));
    }
    Ok(())
}

/// People who left a conversation may not be visible to its members any more, nor these to them. To be visible is mutual,
/// so one question answers both.
async fn recheck_visibility(hub: &TenantHub) -> Result<(), StoreError> {
    for leaver in hub.take_leavers() {
        let own = hub.sessions_of(&[leaver]);
        let watching = hub.watchers(|watchers| watchers.sessions(leaver));
        let mut others: Vec<UserId> = watching.iter().map(|session| session.user).collect();
        others.extend(own.iter().flat_map(|session| session.watching()));
        others.sort_unstable();
        others.dedup();
        if others.is_empty() {
            continue;
        }
        let visible = match confab_store::users::visible_to(&hub.core.store, &hub.tenant, leaver, &others).await {
            Ok(visible) => visible,
            Err(error) => {
                hub.recheck_visibility(&[leaver]);
                return Err(error);
            }
        };
        for session in watching.iter().filter(|session| !visible.contains(&session.user)) {
            unwatch(session, &[leaver]);
        }
        for session in &own {
            let lost: Vec<UserId> = session.watching().into_iter().filter(|user| !visible.contains(user)).collect();
            unwatch(session, &lost);
        }
    }
    Ok(())
}

/// Ends subscriptions and says so.
fn unwatch(session: &Session, users: &[UserId]) {
    if users.is_empty() {
        return;
    }
    worker::unwatch(session, users);
    let frame = ServerFrame::PresenceSubscribed { user_ids: Vec::new(), denied: users.to_vec() };
    session.push(Queued::Frame(encode(&frame)));
}
