//! Revocations: read from the store into memory, with an overlap, so that none is missed.

use confab_chassis::token::Revocations;
use confab_chassis::token::revocations::REMEMBERED_MILLIS;
use confab_contract::Timestamp;
use confab_store::{Store, StoreError, sessions};

/// How far back each look goes: longer than a transaction takes to commit and than clocks of processes differ.
pub const OVERLAP_MILLIS: i64 = 30_000;

/// Reads what was revoked since a moment, of all tenants of the database: one that this process does not serve yet may be
/// given to it at any time.
pub async fn read_since(store: &Store, revocations: &Revocations, since: Timestamp) -> Result<(), StoreError> {
    for revocation in sessions::revoked_since(store, since).await? {
        revocations.revoke(&revocation.tenant, revocation.session, revocation.revoked_at);
    }
    Ok(())
}

/// From when on a process that starts now has to know revocations: no token that is older holds any more.
#[must_use]
pub fn beginning(now: Timestamp) -> Timestamp {
    now.plus_millis(-REMEMBERED_MILLIS)
}
