//! Making and reading accounts.

use std::collections::HashSet;

use confab_contract::{TenantId, Timestamp, UserId};
use secrecy::ExposeSecret as _;

use super::{NewUser, User};
use crate::engine::{Connection, Millis, Rows, Text};
use crate::error::fault::Constraint;
use crate::{Refusal, Store, StoreError, WriteError};

/// An account's row. Statements that fill it name exactly these columns.
#[derive(Debug, sqlx::FromRow)]
pub(super) struct UserRow {
    id: Text<UserId>,
    email: String,
    username: String,
    full_name: Option<String>,
    phone: Option<String>,
    avatar_url: Option<String>,
    bio: Option<String>,
    status_message: Option<String>,
    created_at: Millis,
    updated_at: Millis,
    suspended_at: Option<Millis>,
}

/// Makes an account. E-mail address and username are unique within the tenant, whatever their case.
pub async fn insert(store: &Store, tenant: &TenantId, user: NewUser, now: Timestamp) -> Result<User, WriteError> {
    let query = sql!(
        "INSERT INTO users (tenant, id, email, email_key, username, username_key, full_name, full_name_key, phone,
             password_hash, created_at, updated_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)"
    );
    let query = query
        .bind(tenant)
        .bind(user.id)
        .bind(user.email.as_str())
        .bind(folded(&user.email))
        .bind(user.username.as_str())
        .bind(folded(&user.username))
        .bind(user.full_name.as_deref())
        .bind(user.full_name.as_deref().map(folded))
        .bind(user.phone.as_deref())
        .bind(user.password_hash.expose_secret())
        .bind(now);
    let mut transaction = store.begin().await?;
    transaction.run(query).await.map_err(refusal)?;
    transaction.commit().await?;
    Ok(User {
        id: user.id,
        email: user.email,
        username: user.username,
        full_name: user.full_name,
        phone: user.phone,
        avatar_url: None,
        bio: None,
        status_message: None,
        created_at: now,
        updated_at: now,
        suspended_at: None,
    })
}

/// One account.
pub async fn get(store: &Store, tenant: &TenantId, id: UserId) -> Result<Option<User>, StoreError> {
    Ok(get_many(store, tenant, &[id]).await?.pop())
}

/// Those of the accounts that exist, by id.
pub async fn get_many(store: &Store, tenant: &TenantId, ids: &[UserId]) -> Result<Vec<User>, StoreError> {
    let query = sql!(
        "SELECT DISTINCT u.id, u.email, u.username, u.full_name, u.phone, u.avatar_url, u.bio, u.status_message,
                u.created_at, u.updated_at, u.suspended_at
         FROM " rows "CROSS JOIN users u WHERE u.tenant = $2 AND u.id = j.value->>0 ORDER BY u.id"
    );
    let rows: Vec<UserRow> = store.read().await?.all(query.bind(Rows::single(ids)).bind(tenant)).await?;
    Ok(rows.into_iter().map(User::from).collect())
}

/// Refuses unless all these accounts exist and none is suspended.
pub(crate) async fn require_active(
    connection: &mut Connection,
    tenant: &TenantId,
    ids: &[UserId],
) -> Result<(), WriteError> {
    let query = sql!(
        "SELECT u.id, u.suspended_at IS NOT NULL FROM " rows
        "CROSS JOIN users u WHERE u.tenant = $2 AND u.id = j.value->>0"
    );
    let found: Vec<(Text<UserId>, bool)> = connection.all(query.bind(Rows::single(ids)).bind(tenant)).await?;
    let present: HashSet<UserId> = found.iter().map(|(id, _)| id.0).collect();
    let missing: Vec<UserId> = ids.iter().copied().filter(|id| !present.contains(id)).collect();
    if !missing.is_empty() {
        return Err(Refusal::UserNotFound(missing).into());
    }
    let suspended: Vec<UserId> = found.into_iter().filter(|(_, suspended)| *suspended).map(|(id, _)| id.0).collect();
    if !suspended.is_empty() {
        return Err(Refusal::UserSuspended(suspended).into());
    }
    Ok(())
}

/// How names and addresses are compared: the same on every engine, since the program does it.
pub(super) fn folded(text: &str) -> String {
    text.to_lowercase()
}

/// The one place where broken constraints become refusals.
fn refusal(error: StoreError) -> WriteError {
    match error.broken_constraint() {
        Some(Constraint::Email) => Refusal::EmailTaken.into(),
        Some(Constraint::Username) => Refusal::UsernameTaken.into(),
        None => error.into(),
    }
}

impl From<UserRow> for User {
    fn from(row: UserRow) -> Self {
        Self {
            id: row.id.0,
            email: row.email,
            username: row.username,
            full_name: row.full_name,
            phone: row.phone,
            avatar_url: row.avatar_url,
            bio: row.bio,
            status_message: row.status_message,
            created_at: row.created_at.0,
            updated_at: row.updated_at.0,
            suspended_at: row.suspended_at.map(|at| at.0),
        }
    }
}
