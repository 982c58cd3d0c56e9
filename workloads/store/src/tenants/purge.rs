//! Deletes the rows of removed tenants, some at a time, so that nobody else waits. Several processes may do so at once, and
//! whoever crashes leaves the rest to the others.

use confab_contract::admin::TenantState;
use confab_contract::{TenantId, Timestamp};

use super::counter::Counter;
use super::stored::{self, Stored};
use crate::engine::{Connection, Millis, Query, Seq, Sql, Text};
use crate::{Store, StoreError};

/// A tenant of which rows, or a last memory, are to be deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Removed {
    /// Who.
    pub id: TenantId,
    /// [`TenantState::Deleting`] or [`TenantState::Gone`].
    pub state: TenantState,
    /// Since when.
    pub since: Timestamp,
}

macro_rules! tables {
    ($($table:literal: $key:literal,)*) => {
        /// Every table with a column `tenant`, by name, in the order of deletion. First those without which nothing is
        /// written into the others: who signs in needs an account, and who sends a membership.
        pub const TABLES: &[&str] = &[$($table),*];

        /// How some rows of a tenant are deleted, for each table. SQLite has no row numbers in our tables, so it takes keys.
        const DELETES: &[Sql] = &[$(Sql {
            sqlite: concat!(
                "DELETE FROM ", $table, " WHERE tenant = $1 AND (", $key, ") IN (SELECT ", $key, " FROM ", $table,
                " WHERE tenant = $1 LIMIT $2)"
            ),
            postgres: concat!(
                "DELETE FROM ", $table, " WHERE ctid = ANY(ARRAY(SELECT ctid FROM ", $table,
                " WHERE tenant = $1 LIMIT $2))"
            ),
        }),*];
    };
}

tables! {
    "users": "id",
    "members": "conversation_id, user_id",
    "conversations": "id",
    "sessions": "id",
    "signing_keys": "generation",
    "presence": "user_id, node_id",
    "user_presence": "user_id",
    "hidden_messages": "user_id, conversation_id, seq",
    "reactions": "message_id, emoji, user_id",
    "message_versions": "message_id, version",
    "events": "conversation_id, seq",
    "messages": "conversation_id, seq",
    "lanes": "lane",
    "tenant_hosts": "host",
}

/// Those in this state, the longest first.
pub async fn removed(store: &Store, state: TenantState, limit: u32) -> Result<Vec<Removed>, StoreError> {
    let query = match state {
        TenantState::Gone => {
            sql!("SELECT id, state, state_since FROM tenants WHERE state = 'gone' ORDER BY state_since, id LIMIT $1")
        }
        _ => sql!(
            "SELECT id, state, state_since FROM tenants WHERE state = 'deleting' ORDER BY state_since, id LIMIT $1"
        ),
    };
    let rows: Vec<(Text<TenantId>, Text<TenantState>, Millis)> = store.read().await?.all(query.bind(limit)).await?;
    Ok(rows.into_iter().map(|(id, state, since)| Removed { id: id.0, state: state.0, since: since.0 }).collect())
}

/// Deletes at most so many rows of a tenant that is being deleted, in a transaction of their own. `None`: another process
/// does so just now, or the tenant is not being deleted. 0: nothing is left.
pub async fn delete_some(store: &Store, tenant: &TenantId, limit: u32) -> Result<Option<u64>, StoreError> {
    let mut transaction = store.begin().await?;
    let query = Query::new(Sql {
        sqlite: "SELECT id FROM tenants WHERE id = $1 AND state = 'deleting'",
        postgres: "SELECT id FROM tenants WHERE id = $1 AND state = 'deleting' FOR UPDATE SKIP LOCKED",
    });
    let found: Option<(Text<TenantId>,)> = transaction.optional(query.bind(tenant)).await?;
    if found.is_none() {
        return Ok(None);
    }
    let deleted = delete_rows(&mut transaction, tenant, limit).await?;
    transaction.commit().await?;
    Ok(Some(deleted))
}

/// Nothing is left of a tenant that was being deleted. Its own row stays for a while.
pub async fn finish(store: &Store, tenant: &TenantId, now: Timestamp) -> Result<(), StoreError> {
    let mut transaction = store.begin().await?;
    let mut counter = Counter::take(&mut transaction).await?;
    let found = stored::read(&mut transaction, std::iter::once(tenant)).await?.remove(tenant);
    let Some(stored) = found.filter(|stored| stored.state == TenantState::Deleting) else { return Ok(()) };
    let gone = Stored { state: TenantState::Gone, state_since: now, ..stored };
    stored::write(&mut transaction, &[(tenant, &gone, counter.next())]).await?;
    counter.put(&mut transaction).await?;
    transaction.commit().await
}

/// Forgets that there was a tenant, and deletes what somebody who was very late may have written for it. Whoever follows and
/// has not seen its end reads everything again.
pub async fn forget(store: &Store, tenant: &TenantId, limit: u32) -> Result<(), StoreError> {
    let mut transaction = store.begin().await?;
    let mut counter = Counter::take(&mut transaction).await?;
    let query = sql!("SELECT revision FROM tenants WHERE id = $1 AND state = 'gone'");
    let found: Option<(Seq,)> = transaction.optional(query.bind(tenant)).await?;
    let Some((revision,)) = found else { return Ok(()) };
    if delete_rows(&mut transaction, tenant, limit).await? == 0 {
        transaction.run(sql!("DELETE FROM tenants WHERE id = $1").bind(tenant)).await?;
        counter.forgotten = counter.forgotten.max(revision.0);
        counter.put(&mut transaction).await?;
    }
    transaction.commit().await
}

/// Deletes at most so many rows, and says how many.
async fn delete_rows(transaction: &mut Connection, tenant: &TenantId, limit: u32) -> Result<u64, StoreError> {
    let mut deleted = 0;
    for sql in DELETES {
        let left = u64::from(limit).saturating_sub(deleted);
        if left == 0 {
            break;
        }
        deleted += transaction.run(Query::new(*sql).bind(tenant).bind(left)).await?;
    }
    Ok(deleted)
}
