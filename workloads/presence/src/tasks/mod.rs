//! The work that nobody asks for, one module per task. Each ends when it is told to stop.

pub mod acknowledgements;
pub mod attention;
pub mod availability;
pub mod bus;
pub mod lease;
pub mod leaving;
pub mod patrol;
pub mod receipts;
pub mod revoked;
pub mod tail;
pub mod tenants;

use std::time::Duration;

use tokio::time::{Interval, MissedTickBehavior, interval};

/// Ticks that do not hurry after a pause.
fn ticks(every: Duration) -> Interval {
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    ticks
}
