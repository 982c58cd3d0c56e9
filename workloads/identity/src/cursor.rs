//! The sync cursor on the wire: `c1.` and base64url of a MAC and the position in the tenant's changes.
//!
//! The MAC covers tenant and person, so that a cursor that was changed, or that somebody else was given, does not decode.
//! Both services speak it: REST in `/v1/sync`, the WebSocket in `auth_success`, `resumed`, `resume` and `pong`.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_chassis::seal::MasterKey;
use confab_contract::{TenantId, UserId};
use confab_store::changes::Position;

/// What every cursor of this form begins with; another form gets another number.
const FORM: &str = "c1.";
/// Bytes of the MAC that travel: 128 bits, beyond guessing.
const MAC_BYTES: usize = 16;
/// Separates the keys of this MAC from those of all others.
const CONTEXT: &str = "sync-cursor";
/// Longest cursor that is looked at: all lanes at their greatest, with room to spare.
const MOST_CHARS: usize = 1024;

/// The cursor for a position, valid for this person alone.
#[must_use]
pub fn encode(key: &MasterKey, tenant: &TenantId, user: UserId, position: &Position) -> String {
    let text = position.encode();
    let mut bytes = mac(key, tenant, user, &text).to_vec();
    bytes.extend_from_slice(text.as_bytes());
    format!("{FORM}{}", URL_SAFE_NO_PAD.encode(bytes))
}

/// The position of a cursor; `None` when it is malformed, was changed, or belongs to somebody else.
#[must_use]
pub fn decode(key: &MasterKey, tenant: &TenantId, user: UserId, cursor: &str) -> Option<Position> {
    if cursor.len() > MOST_CHARS {
        return None;
    }
    let bytes = URL_SAFE_NO_PAD.decode(cursor.strip_prefix(FORM)?).ok()?;
    let (given, text) = bytes.split_first_chunk::<MAC_BYTES>()?;
    let text = std::str::from_utf8(text).ok()?;
    // A cursor opens nothing by itself: membership is asked in the store. A plain comparison does no harm, and yet
    // folding over all bytes costs nothing.
    let difference = mac(key, tenant, user, text).iter().zip(given).fold(0, |sum, (a, b)| sum | (a ^ b));
    if difference != 0 {
        return None;
    }
    Position::decode(text)
}

fn mac(key: &MasterKey, tenant: &TenantId, user: UserId, text: &str) -> [u8; MAC_BYTES] {
    let full = key.mac(CONTEXT, format!("{tenant}\n{user}\n{text}").as_bytes());
    let mut short = [0; MAC_BYTES];
    short.copy_from_slice(&full[..MAC_BYTES]);
    short
}

#[cfg(test)]
mod tests;
