//! Changing a profile.

use confab_contract::{TenantId, Timestamp, UserId};

use super::account::folded;
use super::{ProfilePatch, User, account};
use crate::{Store, StoreError, presence};

/// Changes a profile. `None`: no such account.
pub async fn update(
    store: &Store,
    tenant: &TenantId,
    id: UserId,
    patch: ProfilePatch,
    now: Timestamp,
) -> Result<Option<User>, StoreError> {
    let mut transaction = store.begin().await?;
    let query = sql!(
        "UPDATE users SET
             full_name = CASE WHEN $4 THEN $5 ELSE full_name END,
             full_name_key = CASE WHEN $4 THEN $6 ELSE full_name_key END,
             bio = CASE WHEN $7 THEN $8 ELSE bio END,
             avatar_url = CASE WHEN $9 THEN $10 ELSE avatar_url END,
             status_message = CASE WHEN $11 THEN $12 ELSE status_message END,
             phone = CASE WHEN $13 THEN $14 ELSE phone END,
             updated_at = $3
         WHERE tenant = $1 AND id = $2"
    );
    let full_name = patch.full_name.clone().flatten();
    let query = query
        .bind(tenant)
        .bind(id)
        .bind(now)
        .bind(patch.full_name.is_some())
        .bind(full_name.as_deref())
        .bind(full_name.as_deref().map(folded))
        .bind(patch.bio.is_some())
        .bind(patch.bio.flatten())
        .bind(patch.avatar_url.is_some())
        .bind(patch.avatar_url.flatten())
        .bind(patch.status_message.is_some())
        .bind(patch.status_message.clone().flatten())
        .bind(patch.phone.is_some())
        .bind(patch.phone.flatten());
    if transaction.run(query).await? == 0 {
        return Ok(None);
    }
    if patch.status_message.is_some() {
        // Others see the status message beside the status, and tell newer news from older ones by the version.
        presence::touch(&mut transaction, tenant, id).await?;
    }
    transaction.commit().await?;
    account::get(store, tenant, id).await
}
