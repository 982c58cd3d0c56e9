//! The people with connections to this process, and their availability.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use confab_contract::rest::users::PresenceStatus;
use confab_contract::{SessionId, UserId};
use confab_store::presence::aggregate;

use crate::session::Session;

/// Everybody of a tenant who is, or was just now, connected.
#[derive(Debug, Default)]
pub struct People {
    by_user: HashMap<UserId, Person>,
    connections: usize,
    is_retired: bool,
}

/// Nobody enters any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired;

#[derive(Debug, Default)]
struct Person {
    sessions: Vec<Arc<Session>>,
    /// What the store has of this process's view.
    written: Written,
    /// The last connection has gone; until then the person stays as they were.
    stays_until: Option<Instant>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Written {
    /// This; nothing of somebody who is not connected.
    Told(Option<PresenceStatus>),
    /// Others took this process for dead: what it told may be swept, or not count for those who have read it.
    Lapsed,
}

impl Default for Written {
    fn default() -> Self {
        Self::Told(None)
    }
}

/// What the store should be told of a person's availability on this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Nothing new.
    None,
    /// This.
    Write {
        /// Absent when there is no connection.
        status: Option<PresenceStatus>,
        /// It is news, whatever the store has.
        is_afresh: bool,
    },
}

impl Person {
    /// The oldest connections that are too many, those that are being closed apart.
    fn beyond(&self, most: usize) -> impl Iterator<Item = &Arc<Session>> {
        let open = self.sessions.iter().filter(|session| session.close_reason().is_none());
        let too_many = open.clone().count().saturating_sub(most);
        open.take(too_many)
    }
}

impl People {
    /// A connection begins. Beyond `most` of one person, the oldest is handed back to be closed.
    pub fn add(&mut self, session: &Arc<Session>, most: usize) -> Result<Option<Arc<Session>>, Retired> {
        if self.is_retired {
            return Err(Retired);
        }
        self.connections += 1;
        let person = self.by_user.entry(session.user).or_default();
        person.stays_until = None;
        person.sessions.push(Arc::clone(session));
        Ok(person.beyond(most).next().cloned())
    }

    /// Of each person who has more than `most` connections, the oldest that are too many.
    pub fn beyond(&self, most: usize) -> Vec<Arc<Session>> {
        self.by_user.values().flat_map(|person| person.beyond(most)).cloned().collect()
    }

    /// Lets nobody enter any more, if nobody is here; says whether.
    pub fn retire(&mut self) -> bool {
        self.is_retired = self.by_user.is_empty() && self.connections == 0;
        self.is_retired
    }

    /// A connection has ended. The person stays for a while, so that a reconnect shows no flicker.
    pub fn remove(&mut self, session: &Session, now: Instant, grace: Duration) {
        let Some(person) = self.by_user.get_mut(&session.user) else { return };
        let before = person.sessions.len();
        person.sessions.retain(|other| other.id != session.id);
        self.connections -= before - person.sessions.len();
        if person.sessions.is_empty() {
            person.stays_until = Some(now + grace);
        }
    }

    /// Connections that are open.
    pub fn connections(&self) -> usize {
        self.connections
    }

    /// A person's connections.
    pub fn sessions(&self, user: UserId) -> &[Arc<Session>] {
        self.by_user.get(&user).map(|person| person.sessions.as_slice()).unwrap_or_default()
    }

    /// All connections.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Session>> {
        self.by_user.values().flat_map(|person| &person.sessions)
    }

    /// All connections of revoked sessions.
    pub fn of_logins<'a>(
        &'a self,
        is_meant: impl Fn(SessionId) -> bool + 'a,
    ) -> impl Iterator<Item = &'a Arc<Session>> {
        self.all().filter(move |session| is_meant(session.login))
    }

    /// Those whose time to stay is over.
    pub fn overdue(&self, now: Instant) -> Vec<UserId> {
        let is_over = |person: &Person| person.stays_until.is_some_and(|until| until <= now);
        self.by_user.iter().filter(|(_, person)| is_over(person)).map(|(user, _)| *user).collect()
    }

    /// What the store should be told of a person. Those who are gone and need no telling are forgotten.
    pub fn change(&mut self, user: UserId, now: Instant) -> Change {
        let Some(person) = self.by_user.get(&user) else { return Change::None };
        let present = if !person.sessions.is_empty() {
            Some(aggregate(person.sessions.iter().map(|session| session.status())))
        } else if person.stays_until.is_some_and(|until| until > now) {
            return Change::None;
        } else {
            None
        };
        if Written::Told(present) != person.written {
            return Change::Write { status: present, is_afresh: person.written == Written::Lapsed };
        }
        if present.is_none() {
            self.by_user.remove(&user);
        }
        Change::None
    }

    /// The store was told.
    pub fn written(&mut self, user: UserId, status: Option<PresenceStatus>) {
        let Some(person) = self.by_user.get_mut(&user) else { return };
        person.written = Written::Told(status);
        if status.is_none() && person.sessions.is_empty() {
            self.by_user.remove(&user);
        }
    }

    /// What this process told the store may count no more. Hands out whom to tell it of again.
    pub fn forget_written(&mut self) -> Vec<UserId> {
        for person in self.by_user.values_mut() {
            person.written = Written::Lapsed;
        }
        self.by_user.keys().copied().collect()
    }
}
