//! Who belongs to a conversation, as what, and what each has set for themselves.
//!
//! Whoever leaves keeps a row, with `left_seq`, so that their other devices learn of it. Everything here but that
//! knowledge is for active members alone.

mod change;
mod own;
mod read;
mod state;

use confab_contract::{ConversationId, Timestamp};

pub use change::{add, change_role, leave, remove};
pub use own::{set_muted, set_pinned};
pub(crate) use read::membership;
pub use read::{get, list, of_user};
pub(crate) use state::{MemberState, NewMember, find, insert, lock};

/// Whether a conversation is quiet for a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mute {
    /// Not muted.
    Off,
    /// Until the member says otherwise.
    Forever,
    /// Until this moment.
    Until(Timestamp),
}

/// An active membership.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Membership {
    /// Where.
    pub conversation: ConversationId,
    /// The first `seq` that this member sees.
    pub visible_from: u64,
    /// `seq` of the newest event.
    pub last_seq: u64,
}
