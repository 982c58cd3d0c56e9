//! "What changed since": the cursor of sync, and the tail that heals what the bus lost.
//!
//! Each tenant has [`LANES`] counters. Every transaction that changes something others must learn of adds 1 to one of
//! them and stamps what it changed with the result. It holds the counter's row until COMMIT, so that the numbers of one
//! lane become visible in their order: whoever has read lane 3 at 17 can see everything stamped up to (3, 17).
//! A [`Position`] is one number for each lane.
//!
//! **Read the lanes first, then the rows.** What happens in between may then be seen twice, but is never missed.

mod budget;
mod ended;
mod hidden;
mod lanes;
mod position;
mod sync;
mod tail;

pub use ended::ended_since;
pub(crate) use lanes::{Lane, LaneChoice, bump, bump_all};
pub(crate) use position::Mark;
pub use position::Position;
pub use sync::{SyncRows, SyncedConversation, starting_points, sync};
pub use tail::{Changes, MemberChange, position, positions, since};

/// Counters per tenant. More let more transactions commit at the same moment; fewer make positions shorter.
pub const LANES: usize = 16;
