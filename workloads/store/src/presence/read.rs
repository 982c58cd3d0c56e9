//! Reading availability.

use confab_contract::rest::users::PresenceStatus;
use confab_contract::{TenantId, Timestamp, UserId};

use super::{PresenceRow, seen_until};
use crate::engine::{Connection, Millis, Rows, Seq, Text};
use crate::{Store, StoreError};

#[derive(Debug, sqlx::FromRow)]
struct StateRow {
    user_id: Text<UserId>,
    status: Option<Text<PresenceStatus>>,
    status_message: Option<String>,
    last_seen: Option<Millis>,
    version: Option<Seq>,
    is_connected: bool,
}

/// The availability of those of the people who exist, by id. Who was last told by a node whose lease is over is
/// offline, swept or not.
pub async fn get(
    store: &Store,
    tenant: &TenantId,
    users: &[UserId],
    now: Timestamp,
) -> Result<Vec<PresenceRow>, StoreError> {
    let query = sql!(
        "SELECT DISTINCT u.id AS user_id, p.status, u.status_message, p.last_seen, p.version,
             EXISTS (SELECT 1 FROM presence d JOIN presence_nodes n ON n.node_id = d.node_id
                 WHERE d.tenant = u.tenant AND d.user_id = u.id AND n.until > $3) AS is_connected
         FROM " rows "CROSS JOIN users u
         LEFT JOIN user_presence p ON p.tenant = u.tenant AND p.user_id = u.id
         WHERE u.tenant = $2 AND u.id = j.value->>0 ORDER BY u.id"
    );
    let rows: Vec<StateRow> = store.read().await?.all(query.bind(Rows::single(users)).bind(tenant).bind(now)).await?;
    Ok(rows.into_iter().map(|row| row.at(now)).collect())
}

/// Makes the next news of a person's availability newer, without changing it.
pub(crate) async fn touch(transaction: &mut Connection, tenant: &TenantId, user: UserId) -> Result<(), StoreError> {
    let query = sql!(
        "INSERT INTO user_presence (tenant, user_id, status, last_seen, version) VALUES ($1, $2, $3, NULL, 1)
         ON CONFLICT (tenant, user_id) DO UPDATE SET version = user_presence.version + 1"
    );
    transaction.run(query.bind(tenant).bind(user).bind(PresenceStatus::Offline.as_str())).await?;
    Ok(())
}

impl StateRow {
    fn at(self, now: Timestamp) -> PresenceRow {
        let status = self.status.filter(|_| self.is_connected).map_or(PresenceStatus::Offline, |status| status.0);
        PresenceRow {
            user: self.user_id.0,
            status,
            status_message: self.status_message,
            last_seen: seen_until(status, self.last_seen.map(|at| at.0), now),
            version: self.version.map_or(0, |version| version.0),
        }
    }
}
