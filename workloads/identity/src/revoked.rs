//! Revocations: read from the store into memory, with an overlap, so that none is missed.

use confab_chassis::tenant::{Tenant, Tenants};
use confab_chassis::token::Revocations;
use confab_contract::Timestamp;
use confab_store::{Store, StoreError, sessions};

/// How far back each look goes: longer than a transaction takes to commit and than clocks of processes differ.
pub const OVERLAP_MILLIS: i64 = 30_000;
/// How much longer than an access token lives its revocation is remembered.
const MARGIN_MILLIS: i64 = 60_000;

/// Reads what was revoked since a moment. What belongs to tenants that this process does not serve is passed over.
pub async fn read_since(
    store: &Store,
    tenants: &Tenants,
    revocations: &Revocations,
    since: Timestamp,
) -> Result<(), StoreError> {
    for revocation in sessions::revoked_since(store, since).await? {
        if let Some(tenant) = tenants.by_id(&revocation.tenant) {
            let until = revocation.revoked_at.plus_millis(remembered_millis(&tenant));
            revocations.revoke(&revocation.tenant, revocation.session, until);
        }
    }
    Ok(())
}

/// From when on a process that starts now has to know revocations: no token that is older holds any more.
pub fn beginning(tenants: &Tenants, now: Timestamp) -> Timestamp {
    let longest = tenants.all().iter().map(|tenant| remembered_millis(tenant)).max();
    now.plus_millis(-longest.unwrap_or(MARGIN_MILLIS))
}

fn remembered_millis(tenant: &Tenant) -> i64 {
    i64::from(tenant.auth().access_token_seconds) * 1000 + MARGIN_MILLIS
}
