//! A flood of frames, told from a busy client. Pure.
//!
//! The tenant's rate limit (100 frames a minute by default) counts what makes work for others: typing, availability,
//! subscriptions. It does not count acknowledgements, heartbeats and renewed tokens, which a well-behaved client sends
//! as often as it is sent something. This guard bounds everything: so many frames a second, besides one acknowledgement
//! for each event that the connection was sent.

use std::time::Instant;

/// Frames a second that may go on for ever.
const FRAMES_PER_SECOND: f32 = 50.0;
/// Frames that may come at once.
const BURST: f32 = 250.0;

/// The same where a flood came from just before.
const SMALL_BURST: f32 = 25.0;

/// The frames that one connection may still send.
#[derive(Debug)]
pub struct FloodGuard {
    tokens: f32,
    last: Instant,
    acknowledged: u32,
}

impl FloodGuard {
    /// A connection that has sent nothing.
    pub fn new(now: Instant) -> Self {
        Self { tokens: BURST, last: now, acknowledged: 0 }
    }

    /// A connection from where a flood came just before: reconnecting does not buy another burst.
    pub fn after_a_flood(now: Instant) -> Self {
        Self { tokens: SMALL_BURST, ..Self::new(now) }
    }

    /// A frame came. False: it is one too many.
    pub fn on_frame(&mut self, now: Instant) -> bool {
        let elapsed = now.saturating_duration_since(self.last).as_secs_f32();
        self.last = now;
        self.tokens = elapsed.mul_add(FRAMES_PER_SECOND, self.tokens).min(BURST);
        self.tokens -= 1.0;
        self.tokens >= 0.0
    }

    /// The frame that was counted just now was an acknowledgement, on a connection that was sent so many events in all:
    /// it costs nothing while there is an event for it.
    pub fn forgive_ack(&mut self, events_sent: u32) {
        // Both counters wrap together; a difference below half the range means that events are ahead.
        if events_sent.wrapping_sub(self.acknowledged).wrapping_sub(1) < u32::MAX / 2 {
            self.acknowledged = self.acknowledged.wrapping_add(1);
            self.tokens = (self.tokens + 1.0).min(BURST);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn a_burst_is_fine_and_a_flood_is_not() {
        let now = Instant::now();
        let mut guard = FloodGuard::new(now);
        assert!((0..250).all(|_| guard.on_frame(now)));
        assert!(!guard.on_frame(now));
    }

    #[test]
    fn there_is_no_second_burst() {
        let now = Instant::now();
        let mut guard = FloodGuard::after_a_flood(now);
        assert!((0..25).all(|_| guard.on_frame(now)));
        assert!(!guard.on_frame(now));
    }

    #[test]
    fn fifty_frames_a_second_may_go_on_for_ever() {
        let now = Instant::now();
        let mut guard = FloodGuard::new(now);
        assert!((0..10_000).all(|index| guard.on_frame(now + Duration::from_millis(index * 20))));
    }

    #[test]
    fn one_acknowledgement_for_each_event_costs_nothing() {
        let now = Instant::now();
        let mut guard = FloodGuard::new(now);
        for _ in 0..10_000 {
            assert!(guard.on_frame(now));
            guard.forgive_ack(10_000);
        }
        assert!((0..250).all(|_| guard.on_frame(now)));
        assert!(!guard.on_frame(now));
        guard.forgive_ack(10_000);
        assert!(!guard.on_frame(now), "all events were acknowledged already");
    }
}
