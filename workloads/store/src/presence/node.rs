//! What nodes tell, and what becomes of nodes that fell silent.

use std::collections::{BTreeMap, BTreeSet};

use confab_contract::rest::users::PresenceStatus;
use confab_contract::{TenantId, Timestamp, UserId};

use super::{NodeId, NodePresence, PresenceRow, aggregate, seen_until};
use crate::engine::{Connection, Millis, Rows, Seq, Text};
use crate::{Store, StoreError};

/// Whose availability.
type Person = (TenantId, UserId);

/// What became of a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Renewed {
    /// It had not ended.
    InTime,
    /// It had ended, or there was none. Others took the node for dead, and may have swept it: it tells everything anew.
    Late,
}

/// Prolongs a node's lease.
pub async fn renew(store: &Store, node: NodeId, until: Timestamp, now: Timestamp) -> Result<Renewed, StoreError> {
    let mut transaction = store.begin().await?;
    let prolong = sql!("UPDATE presence_nodes SET until = $2 WHERE node_id = $1 AND until > $3 RETURNING node_id");
    let prolong = prolong.bind(node.to_string()).bind(until).bind(now);
    let prolonged: Option<(String,)> = transaction.optional(prolong).await?;
    if prolonged.is_none() {
        let begin = sql!(
            "INSERT INTO presence_nodes (node_id, until) VALUES ($1, $2)
             ON CONFLICT (node_id) DO UPDATE SET until = excluded.until"
        );
        transaction.run(begin.bind(node.to_string()).bind(until)).await?;
    }
    transaction.commit().await?;
    Ok(if prolonged.is_some() { Renewed::InTime } else { Renewed::Late })
}

/// Takes down what people show on one node. Returns those whose availability over all nodes changed by that.
pub async fn set(
    store: &Store,
    node: NodeId,
    changes: Vec<NodePresence>,
    now: Timestamp,
) -> Result<Vec<(TenantId, PresenceRow)>, StoreError> {
    let afresh: BTreeSet<Person> =
        changes.iter().filter(|change| change.is_afresh).map(|change| (change.tenant.clone(), change.user)).collect();
    let changes: BTreeMap<Person, Option<PresenceStatus>> =
        changes.into_iter().map(|change| ((change.tenant, change.user), change.status)).collect();
    if changes.is_empty() {
        return Ok(Vec::new());
    }
    let people: BTreeSet<Person> = changes.keys().cloned().collect();
    let mut transaction = store.begin().await?;
    let before = lock(&mut transaction, &people).await?;
    write(&mut transaction, node, &changes).await?;
    let news = settle(&mut transaction, &before, &afresh, now, Some(node), Seen::Now(now)).await?;
    transaction.commit().await?;
    Ok(news)
}

/// Removes the other nodes whose lease has ended, with all they told. Returns those whose availability changed by that.
pub async fn sweep(store: &Store, sweeper: NodeId, now: Timestamp) -> Result<Vec<(TenantId, PresenceRow)>, StoreError> {
    let mut transaction = store.begin().await?;
    // Whoever deletes the rows of the nodes first does the work; another sweeper waits and finds nothing.
    let ended = sql!("DELETE FROM presence_nodes WHERE until <= $1 AND node_id <> $2 RETURNING node_id, until");
    let ended: Vec<(String, Millis)> = transaction.all(ended.bind(now).bind(sweeper.to_string())).await?;
    if ended.is_empty() {
        return Ok(Vec::new());
    }
    let nodes: Vec<&str> = ended.iter().map(|(node, _)| node.as_str()).collect();
    let told = sql!(
        "SELECT DISTINCT d.tenant, d.user_id FROM " rows "CROSS JOIN presence d WHERE d.node_id = j.value->>0"
    );
    let told: Vec<(Text<TenantId>, Text<UserId>)> = transaction.all(told.bind(Rows::single(&nodes))).await?;
    let people: BTreeSet<Person> = told.into_iter().map(|(tenant, user)| (tenant.0, user.0)).collect();
    let before = lock(&mut transaction, &people).await?;
    let forget = sql!("DELETE FROM presence WHERE node_id IN (SELECT j.value->>0 FROM " rows ")");
    transaction.run(forget.bind(Rows::single(&nodes))).await?;
    // Nobody knows when the devices went; the end of the lease is the latest moment.
    let last = ended.iter().map(|(_, until)| until.0).max().unwrap_or(now);
    let changed = settle(&mut transaction, &before, &BTreeSet::new(), now, None, Seen::AtMost(last)).await?;
    transaction.commit().await?;
    Ok(changed)
}

/// What to write as `last_seen`.
#[derive(Debug, Clone, Copy)]
enum Seen {
    /// A device was there a moment ago.
    Now(Timestamp),
    /// Not after this moment.
    AtMost(Timestamp),
}

/// The state of a person as it was last told to others.
#[derive(Debug, Clone, sqlx::FromRow)]
struct Told {
    tenant: Text<TenantId>,
    user_id: Text<UserId>,
    status: Text<PresenceStatus>,
    last_seen: Option<Millis>,
    version: Seq,
}

/// Takes the people's rows in their order, and makes those that are missing. Who is no account has none.
async fn lock(transaction: &mut Connection, people: &BTreeSet<Person>) -> Result<Vec<Told>, StoreError> {
    let rows: Vec<&Person> = people.iter().collect();
    let make = sql!(
        "INSERT INTO user_presence (tenant, user_id, status, last_seen, version)
         SELECT u.tenant, u.id, 'offline', NULL, 0
         FROM " rows "CROSS JOIN users u WHERE u.tenant = j.value->>0 AND u.id = j.value->>1
         ORDER BY u.tenant, u.id ON CONFLICT (tenant, user_id) DO NOTHING"
    );
    transaction.run(make.bind(Rows::of(&rows))).await?;
    let take = sql!(
        "SELECT p.tenant, p.user_id, p.status, p.last_seen, p.version FROM " rows
        "CROSS JOIN user_presence p WHERE p.tenant = j.value->>0 AND p.user_id = j.value->>1
         ORDER BY p.tenant, p.user_id" locking "p"
    );
    transaction.all(take.bind(Rows::of(&rows))).await
}

async fn write(
    transaction: &mut Connection,
    node: NodeId,
    changes: &BTreeMap<Person, Option<PresenceStatus>>,
) -> Result<(), StoreError> {
    let present: Vec<_> = changes
        .iter()
        .filter_map(|((tenant, user), status)| status.map(|status| (tenant, user, status.as_str())))
        .collect();
    let gone: Vec<_> =
        changes.iter().filter(|(_, status)| status.is_none()).map(|((tenant, user), _)| (tenant, user)).collect();
    if !present.is_empty() {
        let query = sql!(
            "INSERT INTO presence (tenant, user_id, node_id, status)
             SELECT j.value->>0, j.value->>1, $2, j.value->>2 FROM " rows "WHERE true
             ON CONFLICT (tenant, user_id, node_id) DO UPDATE SET status = excluded.status"
        );
        transaction.run(query.bind(Rows::of(&present)).bind(node.to_string())).await?;
    }
    if !gone.is_empty() {
        let query = sql!(
            "DELETE FROM presence WHERE node_id = $2 AND (tenant, user_id) IN
                 (SELECT j.value->>0, j.value->>1 FROM " rows ")"
        );
        transaction.run(query.bind(Rows::of(&gone)).bind(node.to_string())).await?;
    }
    Ok(())
}

/// Computes what the people show now over all live nodes (`own` counts as live), and writes what is new. What is told
/// afresh is new, too.
async fn settle(
    transaction: &mut Connection,
    before: &[Told],
    afresh: &BTreeSet<Person>,
    now: Timestamp,
    own: Option<NodeId>,
    seen: Seen,
) -> Result<Vec<(TenantId, PresenceRow)>, StoreError> {
    let people: Vec<_> = before.iter().map(|told| (&told.tenant.0, told.user_id.0)).collect();
    let query = sql!(
        "SELECT d.tenant, d.user_id, d.status FROM " rows "CROSS JOIN presence d
         LEFT JOIN presence_nodes n ON n.node_id = d.node_id
         WHERE d.tenant = j.value->>0 AND d.user_id = j.value->>1 AND (n.until > $2 OR d.node_id = $3)"
    );
    let query = query.bind(Rows::of(&people)).bind(now).bind(own.map(|node| node.to_string()));
    let live: Vec<(Text<TenantId>, Text<UserId>, Text<PresenceStatus>)> = transaction.all(query).await?;
    let mut shown: BTreeMap<Person, Vec<PresenceStatus>> = BTreeMap::new();
    for (tenant, user, status) in live {
        shown.entry((tenant.0, user.0)).or_default().push(status.0);
    }
    let mut writes = Vec::new();
    let mut changed = BTreeSet::new();
    for told in before {
        let person = (told.tenant.0.clone(), told.user_id.0);
        let status = aggregate(shown.remove(&person).unwrap_or_default());
        let is_new = status != told.status.0 || afresh.contains(&person);
        let last_seen = seen.over(told.last_seen.map(|at| at.0), is_new);
        let version = told.version.0 + u64::from(is_new);
        if is_new {
            changed.insert(person.clone());
        }
        writes.push((person.0, person.1, status.as_str(), last_seen.map(Timestamp::as_millis), version));
    }
    update(transaction, &writes).await?;
    describe(transaction, &changed, now).await
}

impl Seen {
    fn over(self, before: Option<Timestamp>, status_changed: bool) -> Option<Timestamp> {
        match self {
            Self::Now(now) => before.max(Some(now)),
            Self::AtMost(last) if status_changed => before.max(Some(last)),
            Self::AtMost(_) => before,
        }
    }
}

async fn update(
    transaction: &mut Connection,
    writes: &[(TenantId, UserId, &str, Option<i64>, u64)],
) -> Result<(), StoreError> {
    if writes.is_empty() {
        return Ok(());
    }
    let query = sql!(
        "UPDATE user_presence SET status = j.value->>2, last_seen = CAST(j.value->>3 AS BIGINT),
             version = CAST(j.value->>4 AS BIGINT)
         FROM " rows "WHERE user_presence.tenant = j.value->>0 AND user_presence.user_id = j.value->>1"
    );
    transaction.run(query.bind(Rows::of(writes))).await?;
    Ok(())
}

#[derive(Debug, sqlx::FromRow)]
struct DescribedRow {
    tenant: Text<TenantId>,
    user_id: Text<UserId>,
    status: Text<PresenceStatus>,
    status_message: Option<String>,
    last_seen: Option<Millis>,
    version: Seq,
}

async fn describe(
    transaction: &mut Connection,
    people: &BTreeSet<Person>,
    now: Timestamp,
) -> Result<Vec<(TenantId, PresenceRow)>, StoreError> {
    if people.is_empty() {
        return Ok(Vec::new());
    }
    let query = sql!(
        "SELECT p.tenant, p.user_id, p.status, u.status_message, p.last_seen, p.version FROM " rows
        "CROSS JOIN user_presence p JOIN users u ON u.tenant = p.tenant AND u.id = p.user_id
         WHERE p.tenant = j.value->>0 AND p.user_id = j.value->>1 ORDER BY p.tenant, p.user_id"
    );
    let rows: Vec<DescribedRow> = transaction.all(query.bind(Rows::of(&Vec::from_iter(people)))).await?;
    let described = rows.into_iter().map(|row| {
        let presence = PresenceRow {
            user: row.user_id.0,
            status: row.status.0,
            status_message: row.status_message,
            last_seen: seen_until(row.status.0, row.last_seen.map(|at| at.0), now),
            version: row.version.0,
        };
        (row.tenant.0, presence)
    });
    Ok(described.collect())
}
