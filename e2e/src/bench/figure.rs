//! One line of the result.

use std::fmt;
use std::time::Duration;

use crate::harness::Usage;

/// What a figure is to be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Goal {
    /// At least this much.
    AtLeast(f64),
    /// Less than this.
    Below(f64),
    /// Told for what it is.
    None,
}

/// A figure beside its goal.
#[derive(Debug, Clone)]
pub struct Figure {
    /// What was measured.
    pub what: String,
    /// The value.
    pub value: f64,
    /// Its unit.
    pub unit: &'static str,
    /// What it is to be.
    pub goal: Goal,
    /// What else is worth knowing.
    pub note: String,
}

impl Figure {
    /// A figure without a note.
    pub fn new(what: impl Into<String>, value: f64, unit: &'static str, goal: Goal) -> Self {
        Self { what: what.into(), value, unit, goal, note: String::new() }
    }

    /// Adds a note.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = note.into();
        self
    }

    /// By how much the goal is missed, in per cent of the goal; `None` when it is met or there is none.
    pub fn missed_by(&self) -> Option<f64> {
        let (missed, goal) = match self.goal {
            Goal::AtLeast(goal) => (goal - self.value, goal),
            Goal::Below(goal) => (self.value - goal, goal),
            Goal::None => return None,
        };
        (missed > 0.0).then(|| 100.0 * missed / goal)
    }
}

impl fmt::Display for Figure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let goal = match self.goal {
            Goal::AtLeast(goal) => format!("≥ {}", plain(goal)),
            Goal::Below(goal) => format!("< {}", plain(goal)),
            Goal::None => String::new(),
        };
        let verdict = match (self.goal, self.missed_by()) {
            (Goal::None, _) => String::new(),
            (_, None) => "met".to_owned(),
            (_, Some(percent)) => format!("MISSED by {percent:.0} %"),
        };
        let (what, value, unit) = (&self.what, plain(self.value), self.unit);
        write!(f, "{what:<58} {value:>10} {unit:<14} {goal:<12} {verdict:<16} {}", self.note)
    }
}

/// A number without more digits than it deserves.
fn plain(value: f64) -> String {
    if value >= 100.0 { format!("{value:.0}") } else { format!("{value:.1}") }
}

/// What two processes used between two moments.
#[derive(Debug, Clone, Copy)]
pub struct Spent {
    server: Duration,
    load: Duration,
    wall: Duration,
}

impl Spent {
    /// From usages at the beginning and at the end, each of the server and of the load generator.
    pub fn between(begin: (Usage, Usage), end: (Usage, Usage), wall: Duration) -> Self {
        let server = end.0.cpu.saturating_sub(begin.0.cpu);
        Self { server, load: end.1.cpu.saturating_sub(begin.1.cpu), wall }
    }

    /// Processor seconds of the server.
    pub fn server_seconds(&self) -> f64 {
        self.server.as_secs_f64()
    }
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cores = |cpu: Duration| cpu.as_secs_f64() / self.wall.as_secs_f64().max(0.001);
        write!(f, "server {:.2} cores, load {:.2} cores", cores(self.server), cores(self.load))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missed_goal_is_told_in_per_cent() {
        assert_eq!(Figure::new("", 6000.0, "/s", Goal::AtLeast(8000.0)).missed_by(), Some(25.0));
        assert_eq!(Figure::new("", 15.0, "ms", Goal::Below(10.0)).missed_by(), Some(50.0));
        assert_eq!(Figure::new("", 9000.0, "/s", Goal::AtLeast(8000.0)).missed_by(), None);
        assert_eq!(Figure::new("", 1.0, "ms", Goal::None).missed_by(), None);
    }
}
