//! Lists and counts, for people who look. They are not cheap.

use std::collections::BTreeMap;

use confab_contract::TenantId;
use confab_contract::admin::TenantState;

use crate::engine::{Seq, Text};
use crate::{Store, StoreError};

/// A tenant in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Who.
    pub id: TenantId,
    /// Which life of that name.
    pub uid: String,
    /// The generation of the record that is stored.
    pub generation: u64,
    /// What becomes of it.
    pub state: TenantState,
}

/// Tenants of which there are rows, by id, after this one.
pub async fn list(store: &Store, after: &str, limit: u32) -> Result<Vec<Listed>, StoreError> {
    let query =
        sql!("SELECT id, uid, generation, state FROM tenants WHERE id > $1 AND state <> 'gone' ORDER BY id LIMIT $2");
    let rows: Vec<(Text<TenantId>, String, Seq, Text<TenantState>)> =
        store.read().await?.all(query.bind(after).bind(limit)).await?;
    let listed = |(id, uid, generation, state): (Text<TenantId>, String, Seq, Text<TenantState>)| Listed {
        id: id.0,
        uid,
        generation: generation.0,
        state: state.0,
    };
    Ok(rows.into_iter().map(listed).collect())
}

/// How many tenants are in which state.
pub async fn counts(store: &Store) -> Result<BTreeMap<TenantState, u64>, StoreError> {
    let query = sql!("SELECT state, COUNT(*) FROM tenants WHERE state <> 'gone' GROUP BY state");
    let rows: Vec<(Text<TenantState>, Seq)> = store.read().await?.all(query).await?;
    Ok(rows.into_iter().map(|(state, count)| (state.0, count.0)).collect())
}
