//! What breaks when, from a seed alone.

use std::collections::VecDeque;
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
            Layout::Laptop => &[Self::KillMessaging, Self::TerminateMessaging, Self::FreezeMessaging],
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

/// Faults without end, in rounds: every kind but kill -9 in a random order, and after each of them a kill -9 of the next
/// process in turn, so that each process is killed every few seconds whatever else happens.
#[derive(Debug)]
pub struct Schedule {
    rng: StdRng,
    kills: &'static [Kind],
    others: Vec<Kind>,
    round: VecDeque<(Kind, usize)>,
    killed: usize,
}

impl Schedule {
    /// The schedule of a seed.
    pub fn new(layout: Layout, seed: u64) -> Self {
        let kills: &[Kind] = match layout {
            Layout::Laptop => &[Kind::KillMessaging],
            Layout::Cluster => &[Kind::KillMessaging, Kind::KillPresence],
        };
        let others = Kind::of(layout).iter().filter(|kind| !kills.contains(kind)).copied().collect();
        Self { rng: StdRng::seed_from_u64(seed), kills, others, round: VecDeque::new(), killed: 0 }
    }

    /// Faults after which every kind has come.
    pub fn round_len(&self) -> usize {
        2 * self.others.len()
    }

    fn begin_round(&mut self) {
        self.others.shuffle(&mut self.rng);
        for kind in &self.others {
            self.round.push_back((*kind, self.rng.random_range(0..8)));
            let (role, target) = (self.killed % self.kills.len(), self.killed / self.kills.len());
            self.round.push_back((self.kills[role], target));
            self.killed += 1;
        }
    }
}

impl Iterator for Schedule {
    type Item = Fault;

    fn next(&mut self) -> Option<Fault> {
        if self.round.is_empty() {
            self.begin_round();
        }
        let (kind, target) = self.round.pop_front()?;
        let lasts = match kind {
            Kind::RedisFlush => 0..=0,
            Kind::PostgresFast | Kind::PostgresImmediate => 0..=1500,
            Kind::RedisStop | Kind::RedisFreeze => 500..=2000,
            Kind::FreezeMessaging | Kind::FreezePresence => 500..=1800,
            _ => 0..=400,
        };
        Some(Fault {
            after: Duration::from_millis(self.rng.random_range(200..700)),
            kind,
            target,
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
    fn each_round_has_every_kind_and_kills_every_process() {
        for layout in [Layout::Laptop, Layout::Cluster] {
            let mut schedule = Schedule::new(layout, 5);
            let count = schedule.round_len();
            for _ in 0..3 {
                let round: Vec<Fault> = schedule.by_ref().take(count).collect();
                let kinds: BTreeSet<Kind> = round.iter().map(|fault| fault.kind).collect();
                assert_eq!(kinds, Kind::of(layout).iter().copied().collect());
                let is_kill = |fault: &&Fault| matches!(fault.kind, Kind::KillMessaging | Kind::KillPresence);
                let killed: BTreeSet<_> =
                    round.iter().filter(is_kill).map(|fault| (fault.kind, fault.target % 2)).collect();
                assert_eq!(killed.len(), if layout == Layout::Laptop { 2 } else { 4 }, "two of each role");
            }
        }
    }
}
