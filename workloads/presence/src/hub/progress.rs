//! How far the tail of a tenant is, and up to which position everything was delivered here. Pure, apart from asking feeds.

use std::sync::Arc;

use confab_store::changes::Position;

use super::feed::Feed;

/// The tail's place. Runs are counted, so that a connection can tell a position read after it began from an older one.
#[derive(Debug, Default)]
pub struct Progress {
    position: Option<Position>,
    begun: u64,
    settled: Option<(u64, Position)>,
    unsettled: Option<Unsettled>,
}

#[derive(Debug)]
struct Unsettled {
    run: u64,
    position: Position,
    feeds: Vec<(Arc<Feed>, u64)>,
}

impl Progress {
    /// Where the tail goes on; `None`: the tenant is not followed.
    pub fn position(&self) -> Option<&Position> {
        self.position.as_ref()
    }

    /// Follows the tenant from a position on, unless it is followed already.
    pub fn follow(&mut self, position: &Position) {
        self.position.get_or_insert(*position);
    }

    /// Follows it no longer: nobody is connected.
    pub fn rest(&mut self) {
        self.position = None;
        self.settled = None;
        self.unsettled = None;
    }

    /// Runs that have begun.
    pub fn begun(&self) -> u64 {
        self.begun
    }

    /// A run begins. Looks whether what an earlier one found has been delivered since.
    pub fn begin_run(&mut self) -> u64 {
        if let Some(unsettled) = &mut self.unsettled {
            unsettled.feeds.retain(|(feed, seq)| !feed.has_settled(*seq));
        }
        if let Some(done) = self.unsettled.take_if(|unsettled| unsettled.feeds.is_empty()) {
            self.settled = Some((done.run, done.position));
        }
        self.begun += 1;
        self.begun
    }

    /// A run has ended: it came to `position`, and found that feeds should reach a `seq`.
    pub fn end_run(&mut self, run: u64, position: &Position, feeds: Vec<(Arc<Feed>, u64)>) {
        if self.position.is_none() {
            return;
        }
        // While an earlier find is still being delivered, only the place moves on; the settled position waits for both.
        match &mut self.unsettled {
            Some(unsettled) => {
                unsettled.run = run;
                unsettled.position = *position;
                unsettled.feeds.extend(feeds);
            }
            None => self.unsettled = Some(Unsettled { run, position: *position, feeds }),
        }
        self.position = Some(*position);
    }

    /// The run in which the settled position was read.
    pub fn settled_run(&self) -> Option<u64> {
        self.settled.as_ref().map(|(run, _)| *run)
    }

    /// The position up to which everything was delivered, if it was read after run `since` had begun.
    pub fn settled_since(&self, since: u64) -> Option<&Position> {
        self.settled.as_ref().filter(|(run, _)| *run > since).map(|(_, position)| position)
    }
}
