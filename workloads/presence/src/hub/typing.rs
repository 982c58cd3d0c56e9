//! Who types in a conversation, as its readers in this process see it.

use std::time::{Duration, Instant};

use confab_contract::UserId;

/// Who types, and until when. Most conversations hold nobody and no memory.
#[derive(Debug, Default)]
pub struct Typing(Vec<(UserId, Instant)>);

impl Typing {
    /// Somebody types, or stopped. Says whether readers need to be told: a renewal only prolongs.
    pub fn set(&mut self, user: UserId, is_typing: bool, now: Instant, lasts: Duration) -> bool {
        let known = self.0.iter().position(|(who, _)| *who == user);
        match (known, is_typing) {
            (Some(index), true) => {
                self.0[index].1 = now + lasts;
                false
            }
            (Some(index), false) => {
                self.0.swap_remove(index);
                true
            }
            (None, true) => {
                self.0.push((user, now + lasts));
                true
            }
            (None, false) => false,
        }
    }

    /// Takes out those who have not renewed in time.
    pub fn expire(&mut self, now: Instant) -> Vec<UserId> {
        self.0.extract_if(.., |(_, until)| *until <= now).map(|(who, _)| who).collect()
    }

    /// Takes somebody out; says whether they were typing.
    pub fn remove(&mut self, user: UserId) -> bool {
        let before = self.0.len();
        self.0.retain(|(who, _)| *who != user);
        self.0.len() != before
    }

    /// Whether nobody types.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn readers_hear_of_the_beginning_and_the_end_but_not_of_renewals() {
        let (mut typing, user, now) = (Typing::default(), UserId::generate(), Instant::now());
        let lasts = Duration::from_secs(6);
        assert!(typing.set(user, true, now, lasts));
        assert!(!typing.set(user, true, now + Duration::from_secs(5), lasts));
        assert!(typing.expire(now + Duration::from_secs(10)).is_empty(), "it was renewed");
        assert_eq!(typing.expire(now + Duration::from_secs(11)), [user]);
        assert!(!typing.set(user, false, now, lasts), "it has ended already");
    }
}
