//! Who watches whose availability, and what they were last told. A notice counts only when it is newer.

use std::collections::HashMap;
use std::sync::Arc;

use axum::extract::ws::Utf8Bytes;
use confab_contract::bus::PresenceNotice;
use confab_contract::rest::users::PresenceStatus;
use confab_contract::socket::server::ServerFrame;
use confab_contract::{Timestamp, UserId};

use crate::event::encode;
use crate::session::Session;
use crate::session::outbox::Queued;

/// The watch list of a tenant in one process.
#[derive(Debug, Default)]
pub struct Watchers(HashMap<UserId, Watched>);

#[derive(Debug, Default)]
struct Watched {
    known: Option<PresenceNotice>,
    watching: Vec<Watching>,
}

/// A connection that watches. Before it has its snapshot it is told nothing, so that a large subscription does not
/// overflow its queue.
#[derive(Debug)]
struct Watching {
    session: Arc<Session>,
    has_snapshot: bool,
}

impl Watchers {
    /// A connection watches somebody. It is told of changes after its [`Self::snapshot`].
    pub fn add(&mut self, session: &Arc<Session>, user: UserId) {
        let watching = Watching { session: Arc::clone(session), has_snapshot: false };
        self.0.entry(user).or_default().watching.push(watching);
    }

    /// A connection watches somebody no longer.
    pub fn remove(&mut self, session: &Session, user: UserId) {
        if let Some(watched) = self.0.get_mut(&user) {
            watched.watching.retain(|other| other.session.id != session.id);
            if watched.watching.is_empty() {
                self.0.remove(&user);
            }
        }
    }

    /// Tells those who watch, if it is news.
    pub fn tell(&mut self, notice: &PresenceNotice) {
        let Some(watched) = self.0.get_mut(&notice.user) else { return };
        let known = watched.known.as_ref();
        if known.is_some_and(|known| known.version >= notice.version) {
            return;
        }
        let is_news = known.is_none_or(|known| !looks_alike(known, notice));
        watched.known = Some(notice.clone());
        if !is_news {
            return;
        }
        let frame = frame(notice, notice.last_seen);
        for watching in watched.watching.iter().filter(|watching| watching.has_snapshot) {
            watching.session.push(Queued::Presence(notice.user, frame.clone()));
        }
    }

    /// What is known of somebody whom a connection watches. From now on it is told of changes.
    pub fn snapshot(&mut self, session: &Session, user: UserId, now: Timestamp) -> Option<Utf8Bytes> {
        let watched = self.0.get_mut(&user)?;
        let watching = watched.watching.iter_mut().find(|watching| watching.session.id == session.id)?;
        watching.has_snapshot = true;
        let known = watched.known.as_ref()?;
        let is_there = known.status != PresenceStatus::Offline;
        Some(frame(known, if is_there { Some(now) } else { known.last_seen }))
    }

    /// The connections that watch somebody.
    pub fn sessions(&self, user: UserId) -> Vec<Arc<Session>> {
        let watching = self.0.get(&user).map(|watched| watched.watching.as_slice()).unwrap_or_default();
        watching.iter().map(|watching| Arc::clone(&watching.session)).collect()
    }

    /// Whether nobody watches anybody.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Everybody who is watched.
    pub fn users(&self) -> Vec<UserId> {
        self.0.keys().copied().collect()
    }
}

/// Whether a client would see no difference. While somebody is there, they are seen now.
fn looks_alike(one: &PresenceNotice, other: &PresenceNotice) -> bool {
    let was_seen = |notice: &PresenceNotice| notice.last_seen.filter(|_| notice.status == PresenceStatus::Offline);
    one.status == other.status && one.status_message == other.status_message && was_seen(one) == was_seen(other)
}

fn frame(notice: &PresenceNotice, last_seen: Option<Timestamp>) -> Utf8Bytes {
    let PresenceNotice { user, status, status_message, .. } = notice.clone();
    encode(&ServerFrame::PresenceChanged { user_id: user, status, status_message, last_seen })
}
