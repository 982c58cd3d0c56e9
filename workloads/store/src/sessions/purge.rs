//! Clearing away sessions that ended long ago.

use confab_contract::Timestamp;

use crate::{Store, StoreError};

/// Deletes sessions of all tenants that were revoked or expired before a moment, so many of each kind at most, and says
/// whether more may be left. Each call is a short transaction, so that nobody waits long for housekeeping.
pub async fn purge_ended(store: &Store, before: Timestamp, most: u32) -> Result<bool, StoreError> {
    let mut transaction = store.begin().await?;
    let revoked = sql!(
        "DELETE FROM sessions WHERE (tenant, id) IN (
             SELECT tenant, id FROM sessions WHERE revoked_at IS NOT NULL AND revoked_at < $1
             ORDER BY revoked_at LIMIT $2)"
    );
    let expired = sql!(
        "DELETE FROM sessions WHERE (tenant, id) IN (
             SELECT tenant, id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2)"
    );
    let revoked = transaction.run(revoked.bind(before).bind(most)).await?;
    let expired = transaction.run(expired.bind(before).bind(most)).await?;
    transaction.commit().await?;
    Ok(revoked.max(expired) >= u64::from(most))
}
