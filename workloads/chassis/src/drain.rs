//! How a process leaves: unready first, then no new work, then the end.
//!
//! ```text
//! Serving ──SIGTERM──► Draining ──unready_millis──► Refusing ──deadline_seconds after the signal──► PastDeadline
//! ```
//!
//! While draining the process still takes all work, so that load balancers have time to notice that it is unready. A second
//! signal goes to the end at once.

use std::sync::Arc;
use std::time::Duration;

use confab_contract::config::section::DrainConfig;
use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::health::Health;

/// How far a process is on its way out. Later phases are greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Phase {
    /// It serves.
    Serving,
    /// It is unready, but takes all work.
    Draining,
    /// It takes no new connection and no upgrade; what is in flight is finished.
    Refusing,
    /// What is still there is cut off.
    PastDeadline,
}

/// The way out of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Drain {
    config: DrainConfig,
    phase: Arc<watch::Sender<Phase>>,
}

impl Drain {
    /// A process that serves.
    #[must_use]
    pub fn new(config: DrainConfig) -> Self {
        Self { config, phase: Arc::new(watch::Sender::new(Phase::Serving)) }
    }

    /// The settings it was made with.
    pub fn config(&self) -> &DrainConfig {
        &self.config
    }

    /// How far it is.
    pub fn phase(&self) -> Phase {
        *self.phase.borrow()
    }

    /// Begins to leave, if it has not begun. Call it inside a tokio runtime.
    pub fn begin(&self) {
        if !self.advance(Phase::Draining) {
            return;
        }
        tracing::info!(deadline_seconds = self.config.deadline_seconds, "draining");
        let drain = self.clone();
        let began = Instant::now();
        tokio::spawn(async move {
            sleep_until(began + Duration::from_millis(drain.config.unready_millis)).await;
            if drain.advance(Phase::Refusing) {
                tracing::info!("refusing new work");
            }
            sleep_until(began + Duration::from_secs(drain.config.deadline_seconds)).await;
            drain.advance(Phase::PastDeadline);
        });
    }

    /// Goes to the end at once.
    pub fn cut_short(&self) {
        self.advance(Phase::PastDeadline);
    }

    /// Begins to leave on SIGTERM or SIGINT, and goes to the end on the second one. Call it inside a tokio runtime.
    pub fn listen_for_signals(&self) -> std::io::Result<()> {
        use tokio::signal::unix::{SignalKind, signal};
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        let drain = self.clone();
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                if drain.phase() == Phase::Serving {
                    drain.begin();
                } else {
                    tracing::warn!("second signal, leaving at once");
                    drain.cut_short();
                }
            }
        });
        Ok(())
    }

    /// Makes a process unready as soon as it begins to leave. Call it inside a tokio runtime.
    pub fn make_unready(&self, health: &Health) {
        let (drain, health) = (self.clone(), health.clone());
        tokio::spawn(async move {
            drain.draining().await;
            health.start_draining();
        });
    }

    /// Waits until the process is unready.
    pub async fn draining(&self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until new work is refused.
    pub async fn refusing(&self) {
        self.reached(Phase::Refusing).await;
    }

    /// Waits until what is left is cut off.
    pub async fn past_deadline(&self) {
        self.reached(Phase::PastDeadline).await;
    }

    async fn reached(&self, phase: Phase) {
        // The sender lives in `self`, so the wait cannot end before the phase comes.
        let _ = self.phase.subscribe().wait_for(|now| *now >= phase).await;
    }

    /// Moves on to a later phase; says whether that was a step.
    fn advance(&self, to: Phase) -> bool {
        self.phase.send_if_modified(|now| {
            let later = to > *now;
            if later {
                *now = to;
            }
            later
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config() -> DrainConfig {
        DrainConfig { deadline_seconds: 10, unready_millis: 2000, reconnect_jitter_millis: 0 }
    }

    #[tokio::test(start_paused = true)]
    async fn the_phases_follow_each_other_in_the_time_that_the_config_gives() {
        let drain = Drain::new(config());
        let began = Instant::now();
        drain.begin();
        assert_eq!(drain.phase(), Phase::Draining);
        drain.refusing().await;
        assert_eq!(began.elapsed(), Duration::from_secs(2));
        drain.past_deadline().await;
        assert_eq!(began.elapsed(), Duration::from_secs(10));
    }

    #[tokio::test(start_paused = true)]
    async fn beginning_twice_is_beginning_once() {
        let drain = Drain::new(config());
        drain.begin();
        drain.refusing().await;
        drain.begin();
        assert_eq!(drain.phase(), Phase::Refusing);
    }

    #[tokio::test(start_paused = true)]
    async fn a_drain_makes_the_process_unready() {
        let (drain, health) = (Drain::new(config()), Health::new(&[]));
        drain.make_unready(&health);
        drain.begin();
        drain.refusing().await;
        assert!(health.is_draining());
    }

    #[tokio::test]
    async fn a_drain_can_be_cut_short() {
        let drain = Drain::new(config());
        drain.begin();
        drain.cut_short();
        drain.past_deadline().await;
        assert_eq!(drain.phase(), Phase::PastDeadline);
    }
}
