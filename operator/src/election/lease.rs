//! Who leads, decided from what was seen of the Lease: no clock, no client.
//!
//! As in Kubernetes' own leader election, nobody compares clocks of two machines: a holder's time is up when the Lease has
//! not changed for its duration *as seen from here*.

use std::time::{Duration, Instant};

/// What a Lease says, as far as it matters.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Seen {
    /// Who holds it; empty when it was given up.
    pub holder: String,
    /// How long it holds without being renewed.
    pub duration: Duration,
    /// Changes with every write.
    pub resource_version: String,
    /// How often the holder has changed.
    pub transitions: i32,
}

/// What was seen, and since when it has looked like that.
#[derive(Debug, Clone, Default)]
pub struct Observation {
    seen: Option<(Seen, Instant)>,
}

/// What to do about the Lease now.
#[derive(Debug, PartialEq, Eq)]
pub enum Turn {
    /// There is none: make it.
    Create,
    /// Take it, from this version on.
    Take(Seen),
    /// It is ours: renew it, from this version on.
    Renew(Seen),
    /// Somebody else leads; look again at this moment.
    Wait(Instant),
}

impl Observation {
    /// Notes what the Lease looked like at a moment.
    pub fn note(&mut self, seen: Option<Seen>, at: Instant) {
        let unchanged = match (&self.seen, &seen) {
            (Some((before, _)), Some(now)) => before.resource_version == now.resource_version,
            (None, None) => true,
            _ => false,
        };
        if !unchanged {
            self.seen = seen.map(|seen| (seen, at));
        }
    }

    /// What `me` should do.
    pub fn turn(&self, me: &str, now: Instant) -> Turn {
        let Some((seen, since)) = &self.seen else { return Turn::Create };
        if seen.holder == me {
            return Turn::Renew(seen.clone());
        }
        let ends = *since + seen.duration;
        if seen.holder.is_empty() || now >= ends {
            return Turn::Take(seen.clone());
        }
        Turn::Wait(ends)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(holder: &str, version: &str) -> Seen {
        Seen {
            holder: holder.to_owned(),
            duration: Duration::from_secs(15),
            resource_version: version.to_owned(),
            transitions: 0,
        }
    }

    #[test]
    fn a_lease_that_is_renewed_is_left_alone_and_one_that_is_not_is_taken_when_its_time_is_up() {
        let (mut observation, start) = (Observation::default(), Instant::now());
        let after = |seconds| start + Duration::from_secs(seconds);
        assert_eq!(observation.turn("me", start), Turn::Create);
        observation.note(Some(seen("other", "1")), start);
        assert_eq!(observation.turn("me", after(14)), Turn::Wait(after(15)));
        observation.note(Some(seen("other", "2")), after(10));
        assert_eq!(observation.turn("me", after(24)), Turn::Wait(after(25)));
        observation.note(Some(seen("other", "2")), after(20));
        assert_eq!(observation.turn("me", after(25)), Turn::Take(seen("other", "2")));
    }

    #[test]
    fn a_lease_that_was_given_up_is_taken_at_once_and_our_own_is_renewed() {
        let (mut observation, start) = (Observation::default(), Instant::now());
        observation.note(Some(seen("", "1")), start);
        assert_eq!(observation.turn("me", start), Turn::Take(seen("", "1")));
        observation.note(Some(seen("me", "2")), start);
        assert_eq!(observation.turn("me", start + Duration::from_hours(1)), Turn::Renew(seen("me", "2")));
    }

    #[test]
    fn a_lease_that_somebody_deleted_is_made_again() {
        let (mut observation, start) = (Observation::default(), Instant::now());
        observation.note(Some(seen("other", "1")), start);
        observation.note(None, start);
        assert_eq!(observation.turn("me", start), Turn::Create);
    }
}
