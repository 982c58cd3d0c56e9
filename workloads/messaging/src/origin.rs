//! Where a request comes from, as far as a session remembers it.

use axum::extract::FromRequestParts as _;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use confab_chassis::http::ClientAddress;

use crate::sign_in::Origin;
use crate::state::MessagingState;

/// Characters of a `User-Agent` that are kept.
const USER_AGENT_CHARS: usize = 200;

impl Origin {
    /// That of a request.
    pub(crate) async fn of(parts: &mut Parts, state: &MessagingState) -> Self {
        let Ok(address) = ClientAddress::from_request_parts(parts, state).await;
        let user_agent = parts.headers.get(USER_AGENT).and_then(|value| shown(value.as_bytes()));
        Self { address, user_agent }
    }
}

/// A `User-Agent` fit to be stored and shown: no control characters, not too long, `None` when nothing is left.
fn shown(raw: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(raw);
    let kept: String = text.chars().filter(|c| !c.is_control()).take(USER_AGENT_CHARS).collect();
    let kept = kept.trim();
    (!kept.is_empty()).then(|| kept.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_user_agent_is_shortened_and_loses_control_characters() {
        assert_eq!(shown(b"confab-tour/0.1"), Some("confab-tour/0.1".to_owned()));
        assert_eq!(shown(b"a\tb\x7fc"), Some("abc".to_owned()));
        assert_eq!(shown(&[b'x'; 5000]).map(|text| text.len()), Some(USER_AGENT_CHARS));
        assert_eq!(shown(b" \t "), None);
        assert!(shown(b"\xff\xfe").is_some(), "what is not UTF-8 is replaced");
    }
}
