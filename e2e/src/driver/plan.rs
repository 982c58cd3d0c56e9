//! What a sender does next, from its seed alone. What it does it to depends on what has happened so far.

use std::time::Duration;

use rand::{Rng, RngExt as _};

/// One step of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A message.
    Send(SendStep),
    /// New content for an own message.
    Edit,
    /// An own message deleted for everyone.
    Delete,
    /// A reaction given, or one of the own taken back.
    React,
    /// The read watermark.
    Read,
    /// A guest added or removed, by an owner.
    Membership,
}

/// How a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "independent choices, each drawn by itself")]
pub struct SendStep {
    /// It answers another.
    pub is_reply: bool,
    /// It has a `temp_id`, and so can be retried.
    pub has_temp_id: bool,
    /// Two attempts at the same time.
    pub twin: bool,
    /// Once more after success.
    pub repeat: bool,
    /// Another body under the same `temp_id` after success.
    pub other_body: bool,
}

/// The next step, and the pause before it.
pub fn next_step(rng: &mut impl Rng, pause_millis: u64) -> (Duration, Step) {
    let pause = Duration::from_millis(rng.random_range(0..=pause_millis));
    let step = match rng.random_range(0..100) {
        0..64 => Step::Send(send_step(rng)),
        64..72 => Step::Edit,
        72..76 => Step::Delete,
        76..86 => Step::React,
        86..92 => Step::Read,
        _ => Step::Membership,
    };
    (pause, step)
}

fn send_step(rng: &mut impl Rng) -> SendStep {
    let has_temp_id = rng.random_bool(0.95);
    SendStep {
        is_reply: rng.random_bool(0.1),
        has_temp_id,
        twin: has_temp_id && rng.random_bool(0.05),
        repeat: has_temp_id && rng.random_bool(0.08),
        other_body: has_temp_id && rng.random_bool(0.04),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn a_seed_gives_one_plan_and_another_seed_another() {
        let plan = |seed| {
            let mut rng = StdRng::seed_from_u64(seed);
            (0..200).map(|_| next_step(&mut rng, 10)).collect::<Vec<_>>()
        };
        assert_eq!(plan(1), plan(1));
        assert_ne!(plan(1), plan(2));
    }

    #[test]
    fn every_kind_of_step_comes() {
        let mut rng = StdRng::seed_from_u64(3);
        let steps: Vec<Step> = (0..500).map(|_| next_step(&mut rng, 0).1).collect();
        for step in [Step::Edit, Step::Delete, Step::React, Step::Read, Step::Membership] {
            assert!(steps.contains(&step), "{step:?}");
        }
        assert!(steps.iter().any(|step| matches!(step, Step::Send(SendStep { twin: true, .. }))));
        assert!(steps.iter().any(|step| matches!(step, Step::Send(SendStep { has_temp_id: false, .. }))));
    }
}
