//! Who wants a look at the store, and which looks have been.
//!
//! A look covers everybody who asked before it began, so that many who ask cost one. Requests for host names that nobody has
//! cost one look in [`SPACING`] at most, however many come and whatever they name.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use confab_chassis::tenant::CannotTell;
use tokio::sync::{Mutex, Semaphore};
use tokio::time::{Instant, sleep_until, timeout};

/// Between two looks for the sake of unknown host names.
const SPACING: Duration = Duration::from_millis(20);
/// A request waits no longer to learn whether somebody answers at its host.
const PATIENCE: Duration = Duration::from_secs(1);
/// Requests that may wait for a look. More are told that nobody answers at that host.
const WAITING: usize = 1000;

/// The count of looks.
#[derive(Debug)]
pub(super) struct Looks {
    tickets: AtomicU64,
    covered: AtomicU64,
    is_well: AtomicBool,
    /// When the last look for an unknown host name ended.
    spacing: Mutex<Option<Instant>>,
    waiting: Semaphore,
}

impl Default for Looks {
    fn default() -> Self {
        Self {
            tickets: AtomicU64::new(0),
            covered: AtomicU64::new(0),
            is_well: AtomicBool::new(true),
            spacing: Mutex::default(),
            waiting: Semaphore::new(WAITING),
        }
    }
}

impl Looks {
    /// Somebody wants a look.
    pub(super) fn ticket(&self) -> u64 {
        self.tickets.fetch_add(1, Ordering::SeqCst) + 1
    }

    /// Whether a look that began after this ticket has ended well.
    pub(super) fn has_been(&self, ticket: u64) -> bool {
        self.covered.load(Ordering::SeqCst) >= ticket
    }

    /// A look begins. It covers every ticket so far.
    pub(super) fn begin(&self) -> u64 {
        self.tickets.load(Ordering::SeqCst)
    }

    /// A look has ended.
    pub(super) fn end(&self, covers: u64, is_well: bool) {
        self.is_well.store(is_well, Ordering::SeqCst);
        if is_well {
            self.covered.fetch_max(covers, Ordering::SeqCst);
        }
    }

    pub(super) fn was_last_one_well(&self) -> bool {
        self.is_well.load(Ordering::SeqCst)
    }

    /// A look for the sake of an unknown host name; `catch_up` takes a ticket of its own.
    pub(super) async fn look_up<E>(&self, catch_up: impl AsyncFnOnce() -> Result<(), E>) -> Result<(), CannotTell> {
        let Ok(_place) = self.waiting.try_acquire() else { return Ok(()) };
        let ticket = self.ticket();
        let look = async {
            let mut last = self.spacing.lock().await;
            if self.has_been(ticket) {
                return Ok(());
            }
            if let Some(last) = *last {
                sleep_until(last + SPACING).await;
            }
            let outcome = catch_up().await;
            *last = Some(Instant::now());
            outcome
        };
        match timeout(PATIENCE, look).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(CannotTell),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicU32;

    use tokio::task::JoinSet;

    use super::*;

    struct Counted {
        looks: Looks,
        reads: AtomicU32,
    }

    impl Counted {
        fn new() -> Arc<Self> {
            Arc::new(Self { looks: Looks::default(), reads: AtomicU32::new(0) })
        }

        /// As a follower reads, in five milliseconds.
        async fn look_up(&self) -> Result<(), CannotTell> {
            let read = async || {
                self.looks.ticket();
                let covers = self.looks.begin();
                self.reads.fetch_add(1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(5)).await;
                self.looks.end(covers, true);
                Ok::<_, ()>(())
            };
            self.looks.look_up(read).await
        }
    }

    #[tokio::test(start_paused = true)]
    async fn many_who_ask_at_once_share_a_look() {
        let (counted, mut asking) = (Counted::new(), JoinSet::new());
        for _ in 0..500 {
            let counted = Arc::clone(&counted);
            asking.spawn(async move { counted.look_up().await });
        }
        assert!(asking.join_all().await.iter().all(Result::is_ok));
        // Those who asked after the first look had begun need a second.
        assert!(counted.reads.load(Ordering::SeqCst) <= 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_flood_costs_fifty_looks_in_a_second_at_most() {
        let (counted, began) = (Counted::new(), Instant::now());
        let mut asking = JoinSet::new();
        for _ in 0..100 {
            let counted = Arc::clone(&counted);
            asking.spawn(async move {
                while began.elapsed() < Duration::from_secs(1) {
                    counted.look_up().await.expect("it can be told");
                }
            });
        }
        asking.join_all().await;
        assert!(counted.reads.load(Ordering::SeqCst) <= 51);
    }

    #[tokio::test(start_paused = true)]
    async fn a_store_that_does_not_answer_holds_nobody_up_for_long() {
        let (looks, began) = (Looks::default(), Instant::now());
        let answer = looks.look_up(async || std::future::pending::<Result<(), ()>>().await).await;
        assert_eq!((answer, began.elapsed()), (Err(CannotTell), PATIENCE));
        assert_eq!(looks.look_up(async || Err(())).await, Err(CannotTell));
    }

    #[tokio::test(start_paused = true)]
    async fn beyond_so_many_who_wait_nobody_waits() {
        let looks = Looks::default();
        let _all = looks.waiting.try_acquire_many(1000).expect("nobody waits");
        let answer = looks.look_up(async || std::future::pending::<Result<(), ()>>().await).await;
        assert_eq!(answer, Ok(()), "without a look");
    }
}
