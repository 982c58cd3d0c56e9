//! All accounts, for those who look after them.

use confab_contract::{TenantId, UserId};

use super::User;
use super::account::{folded, get_many};
use super::search::escaped;
use crate::engine::{Seq, Text};
use crate::{Store, StoreError};

/// One page of the accounts whose username, full name or e-mail address contains the text, in any case, by username;
/// and the number of all of them. Unlike [`super::search`] it shows who is suspended: it is not for other people.
pub async fn list(
    store: &Store,
    tenant: &TenantId,
    query: &str,
    limit: u32,
    offset: u32,
) -> Result<(Vec<User>, u64), StoreError> {
    let pattern = format!("%{}%", escaped(&folded(query.trim())));
    let mut connection = store.read().await?;
    let page = sql!(
        r"SELECT id FROM users
          WHERE tenant = $1
            AND (username_key LIKE $2 ESCAPE '\' OR full_name_key LIKE $2 ESCAPE '\' OR email_key LIKE $2 ESCAPE '\')
          ORDER BY username_key LIMIT $3 OFFSET $4"
    );
    let page = page.bind(tenant).bind(pattern.as_str()).bind(limit).bind(offset);
    let ids: Vec<(Text<UserId>,)> = connection.all(page).await?;
    let total = sql!(
        r"SELECT COUNT(*) FROM users
          WHERE tenant = $1
            AND (username_key LIKE $2 ESCAPE '\' OR full_name_key LIKE $2 ESCAPE '\' OR email_key LIKE $2 ESCAPE '\')"
    );
    let (total,): (Seq,) = connection.one(total.bind(tenant).bind(pattern)).await?;
    drop(connection);
    let ids: Vec<UserId> = ids.into_iter().map(|(id,)| id.0).collect();
    let mut users = get_many(store, tenant, &ids).await?;
    users.sort_by_key(|user| ids.iter().position(|id| *id == user.id));
    Ok((users, total.0))
}
