//! Using a refresh token.

use confab_contract::{SessionId, TenantId, Timestamp};

use super::{RotateRules, Rotation};
use crate::engine::{Connection, Millis, Seq};
use crate::{Store, StoreError};

#[derive(Debug, Clone, Copy, sqlx::FromRow)]
struct State {
    generation: Seq,
    /// When the session was made or last rotated.
    last_used_at: Millis,
    expires_at: Millis,
    is_revoked: bool,
    is_suspended: bool,
}

/// Uses refresh token number `presented` of a session. Atomic: however many use one token at once, one rotates.
pub async fn rotate(
    store: &Store,
    tenant: &TenantId,
    id: SessionId,
    presented: u32,
    rules: RotateRules,
) -> Result<Rotation, StoreError> {
    let mut transaction = store.begin().await?;
    let rotation = match lock(&mut transaction, tenant, id).await? {
        Some(state) => decide(state, presented, &rules),
        None => Rotation::Gone,
    };
    match rotation {
        Rotation::Rotated { generation } => advance(&mut transaction, tenant, id, generation, &rules).await?,
        Rotation::Reused => {
            let query = sql!("UPDATE sessions SET revoked_at = $3 WHERE tenant = $1 AND id = $2");
            transaction.run(query.bind(tenant).bind(id).bind(rules.now)).await?;
        }
        Rotation::Repeated { .. } | Rotation::Gone => {}
    }
    transaction.commit().await?;
    Ok(rotation)
}

/// What a presented token comes to. Pure.
fn decide(state: State, presented: u32, rules: &RotateRules) -> Rotation {
    let presented = u64::from(presented);
    let Ok(generation) = u32::try_from(state.generation.0) else { return Rotation::Gone };
    let is_over = state.is_revoked || state.is_suspended || state.expires_at.0 <= rules.now;
    // A number that was never given out belongs to a database that was restored to before it.
    if is_over || presented > state.generation.0 {
        return Rotation::Gone;
    }
    if presented == state.generation.0 {
        return generation.checked_add(1).map_or(Rotation::Gone, |generation| Rotation::Rotated { generation });
    }
    let used_just_now = is_within(state.last_used_at.0, rules);
    if presented + 1 == state.generation.0 && used_just_now {
        return Rotation::Repeated { generation };
    }
    Rotation::Reused
}

fn is_within(rotated_at: Timestamp, rules: &RotateRules) -> bool {
    rules.now.millis_since(rotated_at) <= rules.grace_millis
}

async fn lock(transaction: &mut Connection, tenant: &TenantId, id: SessionId) -> Result<Option<State>, StoreError> {
    let query = sql!(
        "SELECT s.generation, s.last_used_at, s.expires_at, s.revoked_at IS NOT NULL AS is_revoked,
                COALESCE((SELECT u.suspended_at IS NOT NULL FROM users u
                    WHERE u.tenant = s.tenant AND u.id = s.user_id), true) AS is_suspended
         FROM sessions s WHERE s.tenant = $1 AND s.id = $2" locking "s"
    );
    transaction.optional(query.bind(tenant).bind(id)).await
}

async fn advance(
    transaction: &mut Connection,
    tenant: &TenantId,
    id: SessionId,
    generation: u32,
    rules: &RotateRules,
) -> Result<(), StoreError> {
    let query = sql!(
        "UPDATE sessions SET generation = $3, last_used_at = $4, expires_at = $5, address = COALESCE($6, address),
             network = COALESCE($7, network)
         WHERE tenant = $1 AND id = $2"
    );
    let query = query.bind(tenant).bind(id).bind(generation).bind(rules.now).bind(rules.expires_at);
    transaction.run(query.bind(rules.address.as_deref()).bind(rules.network.as_deref())).await?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: i64 = 1_000_000;

    fn state(generation: u64) -> State {
        State {
            generation: Seq(generation),
            last_used_at: Millis(Timestamp::from_millis(NOW - 5_000)),
            expires_at: Millis(Timestamp::from_millis(NOW + 1)),
            is_revoked: false,
            is_suspended: false,
        }
    }

    fn rules(grace_millis: i64) -> RotateRules {
        let now = Timestamp::from_millis(NOW);
        RotateRules { now, grace_millis, expires_at: now, address: None, network: None }
    }

    #[test]
    fn the_newest_token_rotates_and_its_predecessor_only_within_the_grace() {
        let table = [
            (5, 10_000, Rotation::Rotated { generation: 6 }),
            (4, 10_000, Rotation::Repeated { generation: 5 }),
            (4, 5_000, Rotation::Repeated { generation: 5 }),
            (4, 4_999, Rotation::Reused),
            (3, 10_000, Rotation::Reused),
            (6, 10_000, Rotation::Gone),
        ];
        for (presented, grace, expected) in table {
            assert_eq!(decide(state(5), presented, &rules(grace)), expected, "{presented} within {grace}");
        }
    }

    #[test]
    fn a_session_that_is_over_gives_nothing_and_is_not_accused() {
        for over in [
            State { is_revoked: true, ..state(5) },
            State { is_suspended: true, ..state(5) },
            State { expires_at: Millis(Timestamp::from_millis(NOW)), ..state(5) },
        ] {
            for presented in [3, 4, 5] {
                assert_eq!(decide(over, presented, &rules(10_000)), Rotation::Gone);
            }
        }
    }
}
