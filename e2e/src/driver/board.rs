//! Messages that were acknowledged lately, so that others can answer, react and read.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use confab_contract::{ConversationId, MessageId};
use rand::{Rng, RngExt as _};

/// Messages kept for each conversation.
const KEPT: usize = 40;

/// A message that everybody may know of.
#[derive(Debug, Clone, Copy)]
pub struct Posted {
    pub message: MessageId,
    pub seq: u64,
}

/// The newest messages of each conversation.
#[derive(Debug, Default)]
pub struct Board {
    posted: Mutex<HashMap<ConversationId, VecDeque<Posted>>>,
}

impl Board {
    /// A message was acknowledged.
    pub fn post(&self, conversation: ConversationId, posted: Posted) {
        let mut all = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = all.entry(conversation).or_default();
        recent.push_back(posted);
        if recent.len() > KEPT {
            recent.pop_front();
        }
    }

    /// Any of them.
    pub fn pick(&self, conversation: ConversationId, rng: &mut impl Rng) -> Option<Posted> {
        let all = self.posted.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = all.get(&conversation).filter(|recent| !recent.is_empty())?;
        recent.get(rng.random_range(0..recent.len())).copied()
    }
}
