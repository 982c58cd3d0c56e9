//! How far conversations reach that nobody here follows.
//!
//! Between reading a person's memberships and following the conversations, events may be committed and announced. They
//! would be lost until the next event; so every announcement for a conversation that nobody follows is remembered for a
//! while, and whoever begins to follow it looks here.

use std::collections::HashMap;

use confab_contract::ConversationId;

/// Announcements of the recent past, in two generations: one is filled while the other is still asked.
#[derive(Debug, Default)]
pub struct Announced {
    young: HashMap<ConversationId, u64>,
    old: HashMap<ConversationId, u64>,
}

impl Announced {
    /// Remembers that a conversation reaches `seq`.
    pub fn note(&mut self, conversation: ConversationId, seq: u64) {
        let reaches = self.young.entry(conversation).or_default();
        *reaches = (*reaches).max(seq);
    }

    /// How far the conversation is known to reach; 0 when nothing was announced lately.
    pub fn reach(&self, conversation: ConversationId) -> u64 {
        let of = |generation: &HashMap<_, u64>| generation.get(&conversation).copied().unwrap_or_default();
        of(&self.young).max(of(&self.old))
    }

    /// Forgets what was announced before the previous call. A connection must attach within one period between calls.
    pub fn age(&mut self) {
        self.old = std::mem::take(&mut self.young);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_announcement_lives_through_one_ageing_and_never_goes_back() {
        let (mut announced, conversation) = (Announced::default(), ConversationId::generate());
        announced.note(conversation, 7);
        announced.note(conversation, 5);
        announced.age();
        assert_eq!(announced.reach(conversation), 7);
        announced.age();
        assert_eq!(announced.reach(conversation), 0);
    }
}
