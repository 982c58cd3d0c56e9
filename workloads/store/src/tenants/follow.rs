//! What has changed since a revision.

use confab_contract::TenantId;
use confab_contract::admin::TenantState;
use confab_contract::config::tenant::TenantConfig;

use super::counter::Counter;
use crate::engine::{Seq, Text};
use crate::{Store, StoreError};

/// A tenant as it is now.
#[derive(Debug, Clone)]
pub struct FollowedTenant {
    /// Who.
    pub id: TenantId,
    /// Of its last change.
    pub revision: u64,
    /// The generation of the record that is stored.
    pub generation: u64,
    /// What becomes of it.
    pub state: TenantState,
    /// Its settings; `None` when another version of the program wrote what this one does not understand.
    pub config: Option<TenantConfig>,
}

#[derive(sqlx::FromRow)]
struct FollowedRow {
    id: Text<TenantId>,
    revision: Seq,
    generation: Seq,
    state: Text<TenantState>,
    config: String,
}

/// A part of what has changed.
#[derive(Debug, Clone)]
pub struct Changes {
    /// By revision.
    pub tenants: Vec<FollowedTenant>,
    /// Read on from here.
    pub revision: u64,
    /// There is more.
    pub has_more: bool,
    /// Ends were forgotten that the reader has not seen: read everything from 0, and whoever does not come is gone.
    pub is_incomplete: bool,
}

/// What has changed after this revision, of at most `limit` tenants. From 0 it is everything. The newest state counts: a
/// tenant that has changed several times comes once.
pub async fn changed_since(store: &Store, revision: u64, limit: u32) -> Result<Changes, StoreError> {
    let mut connection = store.read().await?;
    let query = sql!(
        "SELECT id, revision, generation, state, config FROM tenants WHERE revision > $1 ORDER BY revision LIMIT $2"
    );
    let rows: Vec<FollowedRow> = connection.all(query.bind(revision).bind(limit)).await?;
    // Looked at afterwards: an end that was forgotten before the rows were read is in there by now.
    let counter = Counter::read(&mut connection).await?;
    let has_more = rows.len() >= usize::try_from(limit).unwrap_or(usize::MAX);
    let tenants: Vec<FollowedTenant> = rows
        .into_iter()
        .map(|row| FollowedTenant {
            id: row.id.0,
            revision: row.revision.0,
            generation: row.generation.0,
            state: row.state.0,
            config: serde_json::from_str(&row.config).ok(),
        })
        .collect();
    let is_incomplete = revision > 0 && counter.forgotten > revision;
    Ok(Changes { revision: tenants.last().map_or(revision, |last| last.revision), tenants, has_more, is_incomplete })
}
