//! Deliberate faults, so that the checker can be seen to notice them. In a build without the feature `sabotage` each of
//! them is a constant `false`, and the compiler leaves the faulty paths out.

/// What can be made to go wrong, chosen by the environment variable `CONFAB_SABOTAGE` when the process starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sabotage {
    /// Sends are answered before COMMIT, and now and then a batch is lost after that.
    AckBeforeCommit,
    /// A known `temp_id` makes a second message.
    SkipDuplicateCheck,
    /// Now and then two messages of a batch are announced with each other's `seq`.
    SwapSeq,
}

#[cfg(not(feature = "sabotage"))]
#[expect(clippy::unused_self, reason = "the same face as with the feature")]
impl Sabotage {
    pub(crate) const fn is_on(self) -> bool {
        false
    }

    pub(crate) const fn strikes(self) -> bool {
        false
    }
}

#[cfg(feature = "sabotage")]
impl Sabotage {
    /// Whether this fault was chosen.
    pub(crate) fn is_on(self) -> bool {
        use std::sync::OnceLock;
        static CHOSEN: OnceLock<Option<Sabotage>> = OnceLock::new();
        let chosen = CHOSEN.get_or_init(|| match std::env::var("CONFAB_SABOTAGE").as_deref() {
            Ok("ack-before-commit") => Some(Self::AckBeforeCommit),
            Ok("skip-duplicate-check") => Some(Self::SkipDuplicateCheck),
            Ok("swap-seq") => Some(Self::SwapSeq),
            // The rest is for other crates, which have their own.
            _ => None,
        });
        *chosen == Some(self)
    }

    /// Whether it goes wrong this time: once in a while.
    pub(crate) fn strikes(self) -> bool {
        use std::sync::atomic::{AtomicU64, Ordering};
        static OPPORTUNITIES: AtomicU64 = AtomicU64::new(1);
        self.is_on() && OPPORTUNITIES.fetch_add(1, Ordering::Relaxed).is_multiple_of(5)
    }
}
