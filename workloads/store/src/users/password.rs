//! What decides whether somebody may sign in.

use confab_contract::{SessionId, TenantId, Timestamp, UserId};
use secrecy::{ExposeSecret as _, SecretString};

use super::account::folded;
use super::{Account, Credentials, account};
use crate::engine::Text;
use crate::{Store, StoreError, sessions};

/// An account with the hash of its password.
pub async fn credentials(
    store: &Store,
    tenant: &TenantId,
    account: Account<'_>,
) -> Result<Option<Credentials>, StoreError> {
    let query = match account {
        Account::Email(email) => sql!("SELECT id, password_hash FROM users WHERE tenant = $1 AND email_key = $2")
            .bind(tenant)
            .bind(folded(email)),
        Account::Id(id) => {
            sql!("SELECT id, password_hash FROM users WHERE tenant = $1 AND id = $2").bind(tenant).bind(id)
        }
    };
    let row: Option<(Text<UserId>, String)> = store.read().await?.optional(query).await?;
    let Some((id, password_hash)) = row else { return Ok(None) };
    let user = account::get(store, tenant, id.0).await?;
    Ok(user.map(|user| Credentials { user, password_hash: SecretString::from(password_hash) }))
}

/// Sets a new password and revokes all sessions but `keep`, in one transaction. Returns those revoked.
pub async fn change_password(
    store: &Store,
    tenant: &TenantId,
    id: UserId,
    new_hash: SecretString,
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<Vec<SessionId>, StoreError> {
    let mut transaction = store.begin().await?;
    let query = sql!("UPDATE users SET password_hash = $3, updated_at = $4 WHERE tenant = $1 AND id = $2");
    transaction.run(query.bind(tenant).bind(id).bind(new_hash.expose_secret()).bind(now)).await?;
    let revoked = sessions::revoke_all(&mut transaction, tenant, id, keep, now).await?;
    transaction.commit().await?;
    Ok(revoked)
}

/// Replaces the hash by a stronger one of the same password; does nothing when the password was changed meanwhile.
pub async fn rehash_password(
    store: &Store,
    tenant: &TenantId,
    id: UserId,
    old_hash: SecretString,
    new_hash: SecretString,
) -> Result<(), StoreError> {
    let mut transaction = store.begin().await?;
    let query = sql!("UPDATE users SET password_hash = $4 WHERE tenant = $1 AND id = $2 AND password_hash = $3");
    let query = query.bind(tenant).bind(id).bind(old_hash.expose_secret()).bind(new_hash.expose_secret());
    transaction.run(query).await?;
    transaction.commit().await
}

/// Suspends or restores an account. Suspending revokes all its sessions in the same transaction and returns them;
/// `None`: no such account.
pub async fn set_suspended(
    store: &Store,
    tenant: &TenantId,
    id: UserId,
    suspended: bool,
    now: Timestamp,
) -> Result<Option<Vec<SessionId>>, StoreError> {
    let mut transaction = store.begin().await?;
    // Who is suspended already stays so since then.
    let query = sql!(
        "UPDATE users SET suspended_at = CASE WHEN $3 THEN COALESCE(suspended_at, $4) ELSE NULL END
         WHERE tenant = $1 AND id = $2"
    );
    let changed = transaction.run(query.bind(tenant).bind(id).bind(suspended).bind(now)).await?;
    if changed == 0 {
        return Ok(None);
    }
    let mut revoked = Vec::new();
    if suspended {
        revoked = sessions::revoke_all(&mut transaction, tenant, id, None, now).await?;
    }
    transaction.commit().await?;
    Ok(Some(revoked))
}
