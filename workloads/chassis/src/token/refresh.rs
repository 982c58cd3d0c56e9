//! Refresh tokens: `rt_<session>.<generation>.<proof>`.
//!
//! The store keeps the session's present generation and its salt, never a token. The proof is a MAC over all of it, so a
//! token can be made again: the same successor for a client whose reply was lost.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_contract::{SessionId, TenantId};

use crate::seal::MasterKey;

const PREFIX: &str = "rt_";
const CONTEXT: &str = "refresh-token";

/// Which use of which session a token stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RefreshToken {
    /// The session.
    pub session: SessionId,
    /// Counts the uses; each use makes the next.
    pub generation: u32,
}

/// A token that was spelled right; whether it is genuine is still to be asked.
#[derive(Clone)]
pub struct Parsed {
    /// What it claims to stand for.
    pub token: RefreshToken,
    proof: [u8; 32],
}

impl std::fmt::Debug for Parsed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parsed").field("token", &self.token).finish_non_exhaustive()
    }
}

/// Makes the token for a generation of a session. The same arguments give the same text.
#[must_use]
pub fn issue(key: &MasterKey, tenant: &TenantId, session: SessionId, salt: &str, generation: u32) -> String {
    let proof = key.mac(CONTEXT, &proven(tenant, RefreshToken { session, generation }, salt));
    let session = session.to_string();
    let digits = session.strip_prefix(SessionId::PREFIX).unwrap_or(&session);
    format!("{PREFIX}{digits}.{generation}.{}", URL_SAFE_NO_PAD.encode(proof))
}

/// Takes a token apart; `None` when it is no refresh token.
#[must_use]
pub fn parse(text: &str) -> Option<Parsed> {
    let mut parts = text.strip_prefix(PREFIX)?.splitn(3, '.');
    let (digits, generation, proof) = (parts.next()?, parts.next()?, parts.next()?);
    let session = format!("{}{digits}", SessionId::PREFIX).parse().ok()?;
    // Each generation has one spelling: no sign, no leading zero.
    let number: u32 = generation.parse().ok()?;
    if number.to_string() != generation {
        return None;
    }
    let proof = URL_SAFE_NO_PAD.decode(proof).ok()?.try_into().ok()?;
    Some(Parsed { token: RefreshToken { session, generation: number }, proof })
}

impl Parsed {
    /// Whether we issued it, for this tenant and with this salt. Takes the same time whatever the answer.
    pub fn verify(&self, key: &MasterKey, tenant: &TenantId, salt: &str) -> bool {
        key.verify_mac(CONTEXT, &proven(tenant, self.token, salt), &self.proof)
    }
}

/// What the proof covers; lengths first, so that no two lists of parts give the same bytes.
fn proven(tenant: &TenantId, token: RefreshToken, salt: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(128);
    for part in [tenant.as_str(), &token.session.to_string(), salt] {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part.as_bytes());
    }
    bytes.extend_from_slice(&token.generation.to_be_bytes());
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> MasterKey {
        MasterKey::from_bytes(&[9; 32])
    }

    fn tenant(name: &str) -> TenantId {
        name.parse().expect("an id")
    }

    #[test]
    fn a_token_is_the_same_each_time_and_proves_itself() {
        let session = SessionId::generate();
        let text = issue(&key(), &tenant("a.b"), session, "salt", 3);
        assert_eq!(text, issue(&key(), &tenant("a.b"), session, "salt", 3));
        let parsed = parse(&text).expect("it was just issued");
        assert_eq!(parsed.token, RefreshToken { session, generation: 3 });
        assert!(parsed.verify(&key(), &tenant("a.b"), "salt"));
    }

    #[test]
    fn it_holds_for_no_other_tenant_salt_key_session_or_generation() {
        let session = SessionId::generate();
        let text = issue(&key(), &tenant("a.b"), session, "salt", 3);
        let parsed = parse(&text).expect("it was just issued");
        assert!(!parsed.verify(&key(), &tenant("a.c"), "salt"));
        assert!(!parsed.verify(&key(), &tenant("a.b"), "tlas"));
        assert!(!parsed.verify(&MasterKey::from_bytes(&[8; 32]), &tenant("a.b"), "salt"));
        let forged = parse(&text.replace(".3.", ".4.")).expect("spelled right");
        assert!(!forged.verify(&key(), &tenant("a.b"), "salt"));
    }

    #[test]
    fn other_texts_are_no_refresh_tokens() {
        let good = issue(&key(), &tenant("a.b"), SessionId::generate(), "salt", 3);
        let bad = [
            String::new(),
            "rt_".to_owned(),
            "rt_..".to_owned(),
            good.replace("rt_", ""),
            good.replace(".3.", ".03."),
            good.replace(".3.", ".+3."),
            good.replace(".3.", ".99999999999."),
            good.replace(".3.", "."),
            format!("{good}="),
            format!("{good}.x"),
            good[..good.len() - 1].to_owned(),
            "eyJhbGciOiJFZERTQSJ9.e30.AAAA".to_owned(),
        ];
        for text in bad {
            assert!(parse(&text).is_none(), "{text}");
        }
    }

    #[test]
    fn a_parsed_token_does_not_print_its_proof() {
        let text = issue(&key(), &tenant("a.b"), SessionId::generate(), "salt", 3);
        let proof = text.rsplit('.').next().expect("three parts");
        assert!(!format!("{:?}", parse(&text)).contains(proof));
    }
}
