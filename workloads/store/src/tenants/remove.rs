//! The end of a tenant on this host.

use std::collections::BTreeSet;

use confab_contract::admin::TenantState;
use confab_contract::{TenantId, Timestamp};

use super::counter::Counter;
use super::stored::{self, Stored};
use super::upsert::forget_hosts;
use crate::{Store, StoreError};

/// Stops serving a tenant, if it is the one with this uid, and frees its host names. Its rows are kept, or deleted by
/// [`super::purge`]. Returns the state that it is in: [`TenantState::Gone`] also when nothing is here
/// of a tenant with this uid. `generation` is what the caller knows of it at least; an older record does not bring it back.
pub async fn remove(
    store: &Store,
    host: &TenantId,
    tenant: (&TenantId, &str),
    generation: u64,
    keep_rows: bool,
    now: Timestamp,
) -> Result<TenantState, StoreError> {
    let (id, uid) = tenant;
    let mut transaction = store.begin().await?;
    let mut counter = Counter::take(&mut transaction).await?;
    let found = stored::read(&mut transaction, std::iter::once(id)).await?.remove(id);
    let Some(stored) = found.filter(|stored| stored.version.uid == uid) else { return Ok(TenantState::Gone) };
    let state = next_state(stored.state, keep_rows);
    if state == stored.state {
        return Ok(state);
    }
    if id != host {
        counter.count_guest(stored.state.is_admitted(), false);
    }
    let mut version = stored.version.clone();
    version.generation = version.generation.max(generation);
    let removed = Stored { version, state, state_since: now, ..stored };
    stored::write(&mut transaction, &[(id, &removed, counter.next())]).await?;
    forget_hosts(&mut transaction, &BTreeSet::from([id.clone()])).await?;
    counter.put(&mut transaction).await?;
    transaction.commit().await?;
    Ok(state)
}

/// What is deleted does not come back.
const fn next_state(now: TenantState, keep_rows: bool) -> TenantState {
    match now {
        TenantState::Deleting | TenantState::Gone => now,
        _ if keep_rows => TenantState::Retained,
        _ => TenantState::Deleting,
    }
}
