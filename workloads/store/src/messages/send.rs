//! Sending.

use confab_contract::TenantId;

use super::{NewMessage, Sent};
use crate::{Store, StoreError, WriteError};

/// Stores a message, together with whatever else is being sent by this process at the moment. Returns after COMMIT.
///
/// Dropping the future does not undo it: the message is then stored, or not, unseen.
pub async fn send(store: &Store, tenant: &TenantId, message: NewMessage) -> Result<Sent, WriteError> {
    // One such text would fail the batch that it is in.
    let temp_id = message.temp_id.as_deref().unwrap_or_default();
    if message.content_encrypted.contains('\0') || temp_id.contains('\0') {
        return Err(StoreError::Unstorable.into());
    }
    store.writer().send(tenant.clone(), message).await
}
