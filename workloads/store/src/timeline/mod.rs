//! The sequenced events of a conversation.
//!
//! A message's row is its event; everything else is a row of `events`. Both draw on one sequence, `last_seq` of the
//! conversation, which is bumped by the transaction that stores the row. Reading merges the two by `seq`.

mod append;
mod frame;
mod read;
pub(crate) mod writer;

use confab_contract::UserId;
use confab_contract::timeline::TimelineFrame;

pub(crate) use append::{LockedConversation, append, lock};
pub(crate) use frame::MessageRow;
pub(crate) use read::{Range, read_ranges};
pub use read::{last_seq, page, read};

/// An event after its COMMIT, for the caller to publish on the bus.
#[derive(Debug, Clone, PartialEq)]
pub struct Committed {
    /// The event as every reader gets it.
    pub frame: TimelineFrame,
    /// Who became a member by it.
    pub joined: Vec<UserId>,
    /// Who ceased to be a member by it.
    pub left: Vec<UserId>,
}

impl Committed {
    /// An event that changes no membership.
    pub(crate) const fn of(frame: TimelineFrame) -> Self {
        Self { frame, joined: Vec::new(), left: Vec::new() }
    }
}
