//! A tenant as its row has it.

use std::collections::BTreeMap;

use confab_contract::admin::record::Version;
use confab_contract::admin::{GuestPolicy, TenantRecord, TenantState};
use confab_contract::config::tenant::{Encryption, TenantConfig};
use confab_contract::{TenantId, Timestamp};
use serde::Deserialize;

use crate::StoreError;
use crate::engine::{Connection, Millis, Rows, Seq, Text};

/// What of a record was stored, and what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Stored {
    pub(super) version: Version,
    /// As JSON, as it was written.
    pub(super) config: String,
    pub(super) guests: Option<String>,
    pub(super) labels: String,
    pub(super) hibernated: bool,
    pub(super) retain: bool,
    pub(super) state: TenantState,
    pub(super) state_since: Timestamp,
}

#[derive(sqlx::FromRow)]
pub(super) struct StoredRow {
    id: Text<TenantId>,
    uid: String,
    created_at: Millis,
    generation: Seq,
    config: String,
    guests: Option<String>,
    labels: String,
    hibernated: bool,
    retain: bool,
    state: Text<TenantState>,
    state_since: Millis,
}

impl StoredRow {
    fn split(self) -> (TenantId, Stored) {
        let version = Version { uid: self.uid, created_at: self.created_at.0, generation: self.generation.0 };
        let stored = Stored {
            version,
            config: self.config,
            guests: self.guests,
            labels: self.labels,
            hibernated: self.hibernated,
            retain: self.retain,
            state: self.state.0,
            state_since: self.state_since.0,
        };
        (self.id.0, stored)
    }
}

impl Stored {
    /// A record in a state.
    pub(super) fn of(record: &TenantRecord, state: TenantState, since: Timestamp) -> Self {
        let json = |value: serde_json::Result<String>| value.expect("settings are plain data");
        Self {
            version: version_of(record),
            config: json(serde_json::to_string(&record.config)),
            guests: record.guests.as_ref().map(|guests| json(serde_json::to_string(guests))),
            labels: json(serde_json::to_string(&record.namespace_labels)),
            hibernated: record.hibernated,
            retain: record.retain,
            state,
            state_since: since,
        }
    }

    /// Its settings; `None` when another version of the program wrote what this one does not understand.
    pub(super) fn config(&self) -> Option<TenantConfig> {
        serde_json::from_str(&self.config).ok()
    }

    /// Whether the server may look into its messages, also where this program does not understand the other settings.
    pub(super) fn encryption(&self) -> Encryption {
        #[derive(Deserialize, Default)]
        #[serde(default)]
        struct Only {
            encryption: Encryption,
        }
        serde_json::from_str::<Only>(&self.config).unwrap_or_default().encryption
    }

    /// Who may be a guest, where this is the host.
    pub(super) fn policy(&self) -> Option<GuestPolicy> {
        self.guests.as_deref().and_then(|json| serde_json::from_str(json).ok())
    }

    /// The labels of its namespace.
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        serde_json::from_str(&self.labels).unwrap_or_default()
    }
}

/// What tells which of two records is newer.
pub(super) fn version_of(record: &TenantRecord) -> Version {
    Version { uid: record.uid.clone(), created_at: record.created_at, generation: record.generation }
}

/// The rows of these tenants.
pub(super) async fn read(
    connection: &mut Connection,
    ids: impl Iterator<Item = &TenantId>,
) -> Result<BTreeMap<TenantId, Stored>, StoreError> {
    let query = sql!(
        "SELECT t.id, t.uid, t.created_at, t.generation, t.config, t.guests, t.labels, t.hibernated, t.retain, t.state,
             t.state_since
         FROM " rows "CROSS JOIN tenants t WHERE t.id = j.value->>0"
    );
    let rows: Vec<StoredRow> = connection.all(query.bind(Rows::single(ids))).await?;
    Ok(rows.into_iter().map(StoredRow::split).collect())
}

/// Every tenant that was not removed.
pub(super) async fn read_present(connection: &mut Connection) -> Result<BTreeMap<TenantId, Stored>, StoreError> {
    let query = sql!(
        "SELECT id, uid, created_at, generation, config, guests, labels, hibernated, retain, state, state_since
         FROM tenants WHERE state IN ('serving', 'hibernated', 'not_allowed')"
    );
    let rows: Vec<StoredRow> = connection.all(query).await?;
    Ok(rows.into_iter().map(StoredRow::split).collect())
}

/// Writes whole rows, each with its revision.
pub(super) async fn write(transaction: &mut Connection, rows: &[(&TenantId, &Stored, u64)]) -> Result<(), StoreError> {
    let query = sql!(
        "INSERT INTO tenants (id, uid, created_at, generation, config, guests, labels, hibernated, retain, state,
             state_since, revision)
         SELECT j.value->>0, j.value->>1, CAST(j.value->>2 AS BIGINT), CAST(j.value->>3 AS BIGINT), j.value->>4,
             j.value->>5, j.value->>6, CAST(j.value->>7 AS BOOLEAN), CAST(j.value->>8 AS BOOLEAN), j.value->>9,
             CAST(j.value->>10 AS BIGINT), CAST(j.value->>11 AS BIGINT)
         FROM " rows "WHERE true
         ON CONFLICT (id) DO UPDATE SET uid = excluded.uid, created_at = excluded.created_at,
             generation = excluded.generation, config = excluded.config, guests = excluded.guests,
             labels = excluded.labels, hibernated = excluded.hibernated, retain = excluded.retain,
             state = excluded.state, state_since = excluded.state_since, revision = excluded.revision"
    );
    let row = |(id, stored, revision): &(&TenantId, &Stored, u64)| {
        let Stored { version, config, guests, labels, hibernated, retain, state, state_since } = *stored;
        // Numbers for booleans: the engines spell them differently.
        let head = (id.to_string(), version.uid.clone(), version.created_at.as_millis(), version.generation);
        let tail = (u8::from(*hibernated), u8::from(*retain), state.as_str(), state_since.as_millis(), *revision);
        serde_json::json!([
            head.0, head.1, head.2, head.3, config, guests, labels, tail.0, tail.1, tail.2, tail.3, tail.4
        ])
    };
    let rows: Vec<serde_json::Value> = rows.iter().map(row).collect();
    transaction.run(query.bind(Rows::of(&rows))).await?;
    Ok(())
}
