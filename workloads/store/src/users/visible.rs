//! Who may see whom.

use std::collections::HashSet;

use confab_contract::{TenantId, UserId};

use crate::engine::{Rows, Text};
use crate::{Store, StoreError};

/// Those of the people who share a conversation with the viewer, both being active members; and the viewer.
pub async fn visible_to(
    store: &Store,
    tenant: &TenantId,
    viewer: UserId,
    of: &[UserId],
) -> Result<HashSet<UserId>, StoreError> {
    let query = sql!(
        "SELECT u.id FROM " rows "CROSS JOIN users u
         WHERE u.tenant = $2 AND u.id = j.value->>0 AND (u.id = $3 OR EXISTS (
             SELECT 1 FROM members theirs
             JOIN members own ON own.tenant = theirs.tenant AND own.conversation_id = theirs.conversation_id
             WHERE theirs.tenant = $2 AND theirs.user_id = u.id AND theirs.left_seq IS NULL
               AND own.user_id = $3 AND own.left_seq IS NULL))"
    );
    let rows: Vec<(Text<UserId>,)> =
        store.read().await?.all(query.bind(Rows::single(of)).bind(tenant).bind(viewer)).await?;
    Ok(rows.into_iter().map(|(id,)| id.0).collect())
}
