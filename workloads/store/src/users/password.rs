//! What decides whether somebody may sign in.

use confab_contract::{SessionId, TenantId, Timestamp, UserId};
use secrecy::{ExposeSecret as _, SecretString};

use super::account::{UserRow, folded};
use super::{Account, Credentials};
use crate::{Store, StoreError, sessions};

/// An account's row with its hash. The statement names the columns of an account and the hash.
#[derive(sqlx::FromRow)]
struct CredentialsRow {
    #[sqlx(flatten)]
    user: UserRow,
    password_hash: String,
}

/// An account with the hash of its password.
pub async fn credentials(
    store: &Store,
    tenant: &TenantId,
    account: Account<'_>,
) -> Result<Option<Credentials>, StoreError> {
    let query = match account {
        Account::Email(email) => sql!(
            "SELECT id, email, username, full_name, phone, avatar_url, bio, status_message, created_at, updated_at,
                    suspended_at, password_hash
             FROM users WHERE tenant = $1 AND email_key = $2"
        )
        .bind(tenant)
        .bind(folded(email)),
        Account::Id(id) => sql!(
            "SELECT id, email, username, full_name, phone, avatar_url, bio, status_message, created_at, updated_at,
                    suspended_at, password_hash
             FROM users WHERE tenant = $1 AND id = $2"
        )
        .bind(tenant)
        .bind(id),
    };
    // One statement whether the account exists or not: the time must not tell.
    let row: Option<CredentialsRow> = store.read().await?.optional(query).await?;
    Ok(row.map(|row| Credentials { user: row.user.into(), password_hash: SecretString::from(row.password_hash) }))
}

/// Replaces the hash that the present password was compared with by that of a new one, and revokes all sessions but
/// `keep`, in one transaction. Returns those revoked; `None`: the account has another hash by now, and nothing was done.
pub async fn change_password(
    store: &Store,
    tenant: &TenantId,
    id: UserId,
    (old_hash, new_hash): (SecretString, SecretString),
    keep: Option<SessionId>,
    now: Timestamp,
) -> Result<Option<Vec<SessionId>>, StoreError> {
    let mut transaction = store.begin().await?;
    let query = sql!(
        "UPDATE users SET password_hash = $4, updated_at = $5 WHERE tenant = $1 AND id = $2 AND password_hash = $3"
    );
    let query = query.bind(tenant).bind(id).bind(old_hash.expose_secret()).bind(new_hash.expose_secret());
    if transaction.run(query.bind(now)).await? == 0 {
        return Ok(None);
    }
    let revoked = sessions::revoke_all(&mut transaction, tenant, id, keep, now).await?;
    transaction.commit().await?;
    Ok(Some(revoked))
}

/// Replaces the hash by a stronger one of the same password. `false`: the account has another hash by now, and keeps it.
pub async fn rehash_password(
    store: &Store,
    tenant: &TenantId,
    id: UserId,
    old_hash: SecretString,
    new_hash: SecretString,
) -> Result<bool, StoreError> {
    let mut transaction = store.begin().await?;
    let query = sql!("UPDATE users SET password_hash = $4 WHERE tenant = $1 AND id = $2 AND password_hash = $3");
    let query = query.bind(tenant).bind(id).bind(old_hash.expose_secret()).bind(new_hash.expose_secret());
    let is_replaced = transaction.run(query).await? > 0;
    transaction.commit().await?;
    Ok(is_replaced)
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
