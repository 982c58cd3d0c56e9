//! The counters: choosing one, adding to it, reading them.

use std::collections::hash_map::RandomState;
use std::collections::{BTreeSet, HashMap};
use std::hash::BuildHasher as _;
use std::sync::atomic::{AtomicUsize, Ordering};

use confab_contract::TenantId;

use super::{LANES, Mark};
use crate::StoreError;
use crate::engine::{Connection, Rows, Text};

/// One of the counters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane(usize);

impl Lane {
    pub(crate) const fn of_index(index: usize) -> Self {
        Self(index % LANES)
    }

    pub(crate) const fn index(self) -> usize {
        self.0
    }

    fn column(self) -> i64 {
        i64::try_from(self.0).expect("a lane's number is small")
    }
}

/// Hands out lanes in turn, beginning somewhere, so that several processes rarely meet in one.
#[derive(Debug)]
pub(crate) struct LaneChoice(AtomicUsize);

impl LaneChoice {
    pub(crate) fn at_random() -> Self {
        // The hasher's keys are random; this needs no other source of randomness.
        let start = usize::try_from(RandomState::new().hash_one(0) % LANES as u64).unwrap_or_default();
        Self(AtomicUsize::new(start))
    }

    pub(crate) fn next(&self) -> Lane {
        Lane::of_index(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Adds to a lane and keeps it locked until COMMIT. It is the last lock that a transaction takes.
pub(crate) async fn bump(connection: &mut Connection, tenant: &TenantId, lane: Lane) -> Result<Mark, StoreError> {
    let query = sql!(
        "INSERT INTO lanes (tenant, lane, position) VALUES ($1, $2, 1)
         ON CONFLICT (tenant, lane) DO UPDATE SET position = lanes.position + 1
         RETURNING position"
    );
    let (position,): (i64,) = connection.one(query.bind(tenant).bind(lane.column())).await?;
    Ok(Mark::new(lane, position.unsigned_abs()))
}

/// The same for several tenants at once, in their order, so that two processes in one lane never wait for each other.
pub(crate) async fn bump_all(
    connection: &mut Connection,
    tenants: BTreeSet<&TenantId>,
    lane: Lane,
) -> Result<Vec<(TenantId, Mark)>, StoreError> {
    let query = sql!(
        "INSERT INTO lanes (tenant, lane, position) SELECT j.value->>0, $2, 1 FROM " rows
        "WHERE true ORDER BY 1
         ON CONFLICT (tenant, lane) DO UPDATE SET position = lanes.position + 1
         RETURNING tenant, position"
    );
    let query = query.bind(Rows::single(tenants)).bind(lane.column());
    let rows: Vec<(Text<TenantId>, i64)> = connection.all(query).await?;
    Ok(rows.into_iter().map(|(tenant, position)| (tenant.0, Mark::new(lane, position.unsigned_abs()))).collect())
}

/// How far each lane is now.
pub(super) async fn read(connection: &mut Connection, tenant: &TenantId) -> Result<[u64; LANES], StoreError> {
    let query = sql!("SELECT lane, position FROM lanes WHERE tenant = $1").bind(tenant);
    let rows: Vec<(i64, i64)> = connection.all(query).await?;
    let mut lanes = [0; LANES];
    for (lane, position) in rows {
        set(&mut lanes, lane, position);
    }
    Ok(lanes)
}

/// The same for several tenants at once. Whoever has no lanes is not in there.
pub(super) async fn read_of(
    connection: &mut Connection,
    tenants: &[&TenantId],
) -> Result<HashMap<TenantId, [u64; LANES]>, StoreError> {
    let query = sql!(
        "SELECT l.tenant, l.lane, l.position FROM " rows "CROSS JOIN lanes l WHERE l.tenant = j.value->>0"
    );
    let rows: Vec<(Text<TenantId>, i64, i64)> = connection.all(query.bind(Rows::single(tenants))).await?;
    let mut lanes: HashMap<TenantId, [u64; LANES]> = HashMap::new();
    for (tenant, lane, position) in rows {
        set(lanes.entry(tenant.0).or_default(), lane, position);
    }
    Ok(lanes)
}

fn set(lanes: &mut [u64; LANES], lane: i64, position: i64) {
    if let Some(slot) = usize::try_from(lane).ok().and_then(|lane| lanes.get_mut(lane)) {
        *slot = position.unsigned_abs();
    }
}
