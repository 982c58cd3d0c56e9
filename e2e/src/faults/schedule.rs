//! What breaks when, from a seed alone.

use std::time::Duration;

use rand::rngs::StdRng;
use rand::seq::SliceRandom as _;
use rand::{RngExt as _, SeedableRng as _};
use serde::Serialize;

use crate::harness::{Layout, Role};

/// A kind of fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// kill -9 of a REST process.
    KillMessaging,
    /// kill -9 of a WebSocket process.
    KillPresence,
    /// SIGTERM of a REST process: it drains.
    TerminateMessaging,
    /// SIGTERM of a WebSocket process: it drains.
    TerminatePresence,
    /// SIGSTOP of a REST process, for a while.
    FreezeMessaging,
    /// SIGSTOP of a WebSocket process, for a while.
    FreezePresence,
    /// Redis is gone, and comes back empty.
    RedisStop,
    /// Redis forgets everything.
    RedisFlush,
    /// Redis does not answer, for a while.
    RedisFreeze,
    /// Postgres is restarted in good order.
    PostgresFast,
    /// Postgres is restarted without order, and recovers.
    PostgresImmediate,
}

impl Kind {
    /// What can happen to a layout. In one process both roles are the same, so each fault is named once.
    pub const fn of(layout: Layout) -> &'static [Self] {
        match layout {
            Layout::Laptop => {
                &[Self::KillMessaging, Self::TerminateMessaging, Self::FreezeMessaging, Self::KillMessaging]
            }
            Layout::Cluster => &[
                Self::KillMessaging,
                Self::KillPresence,
                Self::TerminateMessaging,
                Self::TerminatePresence,
                Self::FreezeMessaging,
                Self::FreezePresence,
                Self::RedisStop,
                Self::RedisFlush,
                Self::RedisFreeze,
                Self::PostgresFast,
                Self::PostgresImmediate,
            ],
        }
    }

    /// Which processes it strikes.
    pub const fn role(self) -> Option<Role> {
        match self {
            Self::KillMessaging | Self::TerminateMessaging | Self::FreezeMessaging => Some(Role::Messaging),
            Self::KillPresence | Self::TerminatePresence | Self::FreezePresence => Some(Role::Presence),
            _ => None,
        }
    }
}

/// One fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// Time from the recovery of the fault before.
    pub after: Duration,
    /// What.
    pub kind: Kind,
    /// Which of the processes of its role, modulo their number.
    pub target: usize,
    /// How long it lasts.
    pub lasts: Duration,
}

/// Faults without end: every kind in a random order, then again in another.
#[derive(Debug)]
pub struct Schedule {
    rng: StdRng,
    kinds: &'static [Kind],
    deck: Vec<Kind>,
}

impl Schedule {
    /// The schedule of a seed.
    pub fn new(layout: Layout, seed: u64) -> Self {
        Self { rng: StdRng::seed_from_u64(seed), kinds: Kind::of(layout), deck: Vec::new() }
    }
}

impl Iterator for Schedule {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        if self.deck.is_empty() {
            self.deck = self.kinds.to_vec();
            self.deck.shuffle(&mut self.rng);
        }
        let kind = self.deck.pop()?;
        let lasts = match kind {
            Kind::RedisFlush | Kind::PostgresFast | Kind::PostgresImmediate => 0..=0,
            Kind::RedisStop | Kind::RedisFreeze => 500..=2000,
            Kind::FreezeMessaging | Kind::FreezePresence => 500..=1800,
            _ => 0..=600,
        };
        Some(Fault {
            after: Duration::from_millis(self.rng.random_range(200..900)),
            kind,
            target: self.rng.random_range(0..8),
            lasts: Duration::from_millis(self.rng.random_range(lasts)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_seed_gives_one_schedule() {
        let faults = |seed| Schedule::new(Layout::Cluster, seed).take(50).collect::<Vec<_>>();
        assert_eq!(faults(1), faults(1));
        assert_ne!(faults(1), faults(2));
    }

    #[test]
    fn each_kind_comes_before_any_comes_twice() {
        let count = Kind::of(Layout::Cluster).len();
        let kinds: BTreeSet<Kind> = Schedule::new(Layout::Cluster, 5).take(count).map(|fault| fault.kind).collect();
        assert_eq!(kinds.len(), count);
    }
}
