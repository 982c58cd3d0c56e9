use confab_chassis::seal::MasterKey;
use confab_contract::{TenantId, UserId};
use confab_store::changes::Position;

use super::*;

fn key() -> MasterKey {
    MasterKey::from_bytes(&[7; 32])
}

fn tenant(name: &str) -> TenantId {
    name.parse().expect("a tenant id")
}

#[test]
fn a_cursor_gives_its_position_back_to_its_owner() {
    let (tenant, user) = (tenant("default.demo"), UserId::generate());
    let position = Position::default();
    let text = encode(&key(), &tenant, user, &position);
    assert!(text.starts_with("c1."));
    assert_eq!(decode(&key(), &tenant, user, &text), Some(position));
}

#[test]
fn nobody_else_can_use_it() {
    let (ours, user) = (tenant("default.demo"), UserId::generate());
    let text = encode(&key(), &ours, user, &Position::default());
    assert_eq!(decode(&key(), &ours, UserId::generate(), &text), None);
    assert_eq!(decode(&key(), &tenant("default.other"), user, &text), None);
    assert_eq!(decode(&MasterKey::from_bytes(&[8; 32]), &ours, user, &text), None);
}

#[test]
fn a_changed_or_malformed_cursor_is_none() {
    let (tenant, user) = (tenant("default.demo"), UserId::generate());
    let text = encode(&key(), &tenant, user, &Position::default());
    for index in 3..text.len() {
        let mut changed = text.clone().into_bytes();
        changed[index] = if changed[index] == b'A' { b'B' } else { b'A' };
        let changed = String::from_utf8(changed).expect("still ASCII");
        assert_eq!(decode(&key(), &tenant, user, &changed), None, "{changed}");
    }
    for bad in ["", "c1.", "c2.AAAA", "c1.AAAA", "c1.*", &format!("c1.{}", "A".repeat(5000)), "\0", "c1.é"] {
        assert_eq!(decode(&key(), &tenant, user, bad), None, "{bad}");
    }
}
