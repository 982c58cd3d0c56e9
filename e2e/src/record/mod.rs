//! What a run leaves behind: each operation with its outcome, each frame that a subscriber saw, and what every replica
//! answers in the end. Plain data, so that the checker needs no server and a failed run can be checked again from disk.

mod folder;
mod operation;
mod reading;
mod subscription;

use std::collections::BTreeMap;

use confab_contract::{ConversationId, UserId};
use serde::{Deserialize, Serialize};

pub use folder::{read_evidence, write_evidence};
pub use operation::{Action, Intent, Operation, Outcome, Reply};
pub use reading::{Followed, Follower, History, Standing};
pub use subscription::{Seen, Sight, Subscriber};

/// Everything that the checker judges.
#[derive(Debug, Clone, Default)]
pub struct Evidence {
    /// The conversations of the run.
    pub conversations: BTreeMap<ConversationId, Setting>,
    /// What was asked of the servers, in the order of beginning.
    pub operations: Vec<Operation>,
    /// What subscribers saw.
    pub subscribers: Vec<Subscriber>,
    /// What those know who only asked what had changed.
    pub followers: Vec<Follower>,
    /// What the servers hold at the end.
    pub histories: Vec<History>,
    /// What each reader's state is at the end.
    pub standings: Vec<Standing>,
}

/// A conversation as it was before the load began.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Setting {
    /// Its maker, who never leaves and so sees all of it.
    pub owner: UserId,
    /// Its first members, the owner included.
    pub members: Vec<UserId>,
}
