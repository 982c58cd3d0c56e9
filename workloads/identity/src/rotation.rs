//! When to make which signing key. Pure: it sees keys and a moment, and answers with the key to make, if any.
//!
//! ```text
//! key 1   |active ........................|retired (verifies only) ...|expired
//! key 2             made |   waits, public|active ........................|…
//! ```
//!
//! The next key is made [`lead`] before the present one retires, so that every process and every reader of the JWKS
//! knows it long before the first token is signed with it.

use confab_contract::Timestamp;
use confab_contract::config::tenant::AuthConfig;

/// Least time between making a key and signing with it; processes reload their keys several times in it.
const LEAST_LEAD_MILLIS: i64 = 2 * 60 * 1000;
/// Most time between making a key and signing with it.
const MOST_LEAD_MILLIS: i64 = 24 * 3600 * 1000;
/// How much longer than the last token signed with it a key is kept: clocks differ, and caches are slow.
const EXPIRY_MARGIN_MILLIS: i64 = 10 * 60 * 1000;

/// The times of one key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetime {
    /// Counts the keys of a tenant; the store takes each number once.
    pub generation: u32,
    /// From here on tokens are signed with it.
    pub active_from: Timestamp,
    /// From here on its successor signs.
    pub retires_at: Timestamp,
    /// From here on nothing that it signed is valid.
    pub expires_at: Timestamp,
}

/// The key to make now, or `None` when those that exist suffice.
#[must_use]
pub fn next_key(existing: &[Lifetime], auth: &AuthConfig, now: Timestamp) -> Option<Lifetime> {
    let Some(newest) = existing.iter().max_by_key(|key| key.generation) else {
        return Some(lifetime(1, now, auth));
    };
    if now < newest.retires_at.plus_millis(-lead(auth)) {
        return None;
    }
    // After a long pause the newest may have retired already: its successor begins now, not in the past.
    Some(lifetime(newest.generation.saturating_add(1), newest.retires_at.max(now), auth))
}

/// When the keys that exist are to be looked at next: when another one is to be made, or when one has expired.
#[must_use]
pub fn next_look(existing: &[Lifetime], auth: &AuthConfig, now: Timestamp) -> Timestamp {
    let due = existing.iter().max_by_key(|key| key.generation).map(|newest| newest.retires_at.plus_millis(-lead(auth)));
    let expired = existing.iter().map(|key| key.expires_at).min();
    due.into_iter().chain(expired).min().unwrap_or(now)
}

fn lifetime(generation: u32, active_from: Timestamp, auth: &AuthConfig) -> Lifetime {
    let retires_at = active_from.plus_millis(i64::from(auth.signing_key_seconds) * 1000);
    let token_millis = i64::from(auth.access_token_seconds) * 1000;
    Lifetime {
        generation,
        active_from,
        retires_at,
        expires_at: retires_at.plus_millis(token_millis + EXPIRY_MARGIN_MILLIS),
    }
}

/// How long before a key retires its successor is made: a tenth of its life, within reason.
fn lead(auth: &AuthConfig) -> i64 {
    (i64::from(auth.signing_key_seconds) * 100).clamp(LEAST_LEAD_MILLIS, MOST_LEAD_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auth() -> AuthConfig {
        AuthConfig { signing_key_seconds: 36_000, access_token_seconds: 600, ..AuthConfig::default() }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_tenant_without_keys_gets_one_that_signs_at_once() {
        let first = next_key(&[], &auth(), at(1000)).expect("there is none yet");
        assert_eq!((first.generation, first.active_from, first.retires_at), (1, at(1000), at(37_000)));
        assert!(first.expires_at > at(37_600), "it outlives the last token signed with it");
    }

    #[test]
    fn the_next_key_is_made_once_and_well_before_it_signs() {
        let first = next_key(&[], &auth(), at(0)).expect("there is none yet");
        assert_eq!(next_key(&[first], &auth(), at(32_399)), None);
        let second = next_key(&[first], &auth(), at(32_400)).expect("a tenth of its life is left");
        assert_eq!((second.generation, second.active_from), (2, first.retires_at));
        assert_eq!(next_key(&[first, second], &auth(), at(32_401)), None);
    }

    #[test]
    fn the_next_look_is_when_a_key_is_to_be_made_or_has_expired() {
        let first = next_key(&[], &auth(), at(0)).expect("there is none yet");
        assert_eq!(next_look(&[], &auth(), at(7)), at(7));
        assert_eq!(next_look(&[first], &auth(), at(0)), at(32_400));
        let second = next_key(&[first], &auth(), at(32_400)).expect("a tenth of its life is left");
        assert_eq!(next_look(&[first, second], &auth(), at(32_400)), first.expires_at);
        assert!(next_key(&[second], &auth(), next_look(&[second], &auth(), at(40_000))).is_some());
    }

    #[test]
    fn after_a_long_pause_the_successor_begins_now() {
        let first = next_key(&[], &auth(), at(0)).expect("there is none yet");
        let second = next_key(&[first], &auth(), at(36_100)).expect("the first has retired");
        assert_eq!(second.active_from, at(36_100));
    }
}
