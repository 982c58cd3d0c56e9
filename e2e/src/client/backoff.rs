//! When to connect again: soon, then less often, always with jitter so that clients do not come all at once.

use std::time::Duration;

use rand::{Rng, RngExt as _};

const FIRST: Duration = Duration::from_millis(50);
const LONGEST: Duration = Duration::from_secs(1);

/// Pauses that grow with each failure.
#[derive(Debug, Clone, Default)]
pub struct Backoff {
    failures: u32,
}

impl Backoff {
    /// The next pause: between half and all of a time that doubles up to a second.
    pub fn next_pause(&mut self, rng: &mut impl Rng) -> Duration {
        let whole = FIRST.saturating_mul(1 << self.failures.min(10)).min(LONGEST);
        self.failures = self.failures.saturating_add(1);
        whole.mul_f64(rng.random_range(0.5..1.0))
    }

    /// It went well: begin anew.
    pub fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use rand::rngs::StdRng;

    use super::*;

    #[test]
    fn pauses_grow_to_a_bound_and_begin_anew() {
        let (mut backoff, mut rng) = (Backoff::default(), StdRng::seed_from_u64(1));
        let pauses: Vec<Duration> = (0..20).map(|_| backoff.next_pause(&mut rng)).collect();
        assert!(pauses[0] <= FIRST);
        assert!(pauses.iter().all(|pause| *pause <= LONGEST));
        assert!(pauses[10] >= LONGEST / 2);
        backoff.reset();
        assert!(backoff.next_pause(&mut rng) <= FIRST);
    }
}
