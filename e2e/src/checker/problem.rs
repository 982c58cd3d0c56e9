//! What can be wrong with a run.

use std::fmt;

use serde::Serialize;

/// Characters of a problem's text: contents can be long, and the evidence has them whole.
const LONGEST: usize = 800;

/// A promise that was broken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum Rule {
    /// A history could not be read.
    Unreadable,
    /// `seq` is not 1, 2, 3, ….
    SeqNotDense,
    /// Two readings of one conversation differ.
    HistoriesDiffer,
    /// An acknowledged write is not in the history.
    AcknowledgedLost,
    /// An acknowledged write is in the history otherwise than its reply said.
    AcknowledgedDiffers,
    /// One send is in the history more than once.
    StoredTwice,
    /// A refused write is in the history.
    RefusedStored,
    /// A retry got another message than the attempt before.
    RetryDiffers,
    /// Another body under a used `temp_id` was accepted.
    OtherBodyAccepted,
    /// The history holds what nobody asked for.
    NobodyAsked,
    /// A send that began after another's reply has a lower `seq`.
    RealTimeOrder,
    /// The final state of a message or of the members is not what the timeline says.
    StateDiffers,
    /// A subscriber missed an event.
    FrameMissing,
    /// A subscriber got an event twice, or out of order.
    FrameRepeated,
    /// A subscriber got an event that differs from the history.
    FrameDiffers,
    /// A subscriber got an event from before its joining or after its leaving.
    FrameNotVisible,
    /// A subscriber was told to read anew, got an error or was turned away without need.
    Disturbed,
    /// Somebody who asked what had changed was not told of a change, or of one that did not happen.
    SyncSkipped,
    /// An unread count is not what a recomputation gives.
    UnreadCount,
    /// A watermark is not what a recomputation gives.
    Watermark,
    /// A subscriber was told of a watermark and then of a lower one.
    WatermarkWentBack,
    /// A request was refused without a reason that the driver knows.
    UnexpectedRefusal,
}

/// One broken promise, with the operations that show it.
#[derive(Debug, Clone, Serialize)]
pub struct Problem {
    /// Which promise.
    pub rule: Rule,
    /// What was found.
    pub what: String,
    /// Numbers of the operations concerned.
    pub operations: Vec<u64>,
}

impl Problem {
    pub(super) fn new(rule: Rule, what: impl Into<String>) -> Self {
        let mut what = what.into();
        if let Some((end, _)) = what.char_indices().nth(LONGEST) {
            what.truncate(end);
            what.push('…');
        }
        Self { rule, what, operations: Vec::new() }
    }

    pub(super) fn of(mut self, operations: impl IntoIterator<Item = u64>) -> Self {
        self.operations.extend(operations);
        self
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}: {}", self.rule, self.what)?;
        if !self.operations.is_empty() {
            write!(f, " (operations {:?})", self.operations)?;
        }
        Ok(())
    }
}
