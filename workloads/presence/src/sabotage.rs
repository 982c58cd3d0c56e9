//! A fault on purpose, so that the end-to-end checker can be seen to catch it. Only with the feature `sabotage`.

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

/// One delivery in so many is dropped.
const PERIOD: u64 = 251;

/// Whether to keep this event from this connection, as `CONFAB_SABOTAGE=drop-fan-out` asks.
pub fn drops_fan_out() -> bool {
    static WANTED: LazyLock<bool> =
        LazyLock::new(|| std::env::var("CONFAB_SABOTAGE").is_ok_and(|kind| kind == "drop-fan-out"));
    static DELIVERIES: AtomicU64 = AtomicU64::new(1);
    *WANTED && DELIVERIES.fetch_add(1, Ordering::Relaxed).is_multiple_of(PERIOD)
}
