//! Finding people.

use confab_contract::{TenantId, UserId};

use super::User;
use super::account::{folded, get_many};
use crate::engine::{Query, Seq, Text};
use crate::{Store, StoreError};

/// People whose username or full name contains the text, in any case, or whose e-mail address it is; by username.
/// Suspended accounts are left out. Returns one page and the number of all hits.
pub async fn search(
    store: &Store,
    tenant: &TenantId,
    query: &str,
    limit: u32,
    offset: u32,
) -> Result<(Vec<User>, u64), StoreError> {
    let needle = folded(query.trim());
    let pattern = format!("%{}%", escaped(&needle));
    let page = sql!(
        r"SELECT id FROM users
          WHERE tenant = $1 AND suspended_at IS NULL
            AND (username_key LIKE $2 ESCAPE '\' OR full_name_key LIKE $2 ESCAPE '\' OR email_key = $3)
          ORDER BY username_key LIMIT $4 OFFSET $5"
    );
    let page = page.bind(tenant).bind(pattern.as_str()).bind(needle.as_str()).bind(limit).bind(offset);
    let total = sql!(
        r"SELECT COUNT(*) FROM users
          WHERE tenant = $1 AND suspended_at IS NULL
            AND (username_key LIKE $2 ESCAPE '\' OR full_name_key LIKE $2 ESCAPE '\' OR email_key = $3)"
    );
    hits(store, tenant, page, total.bind(tenant).bind(pattern).bind(needle)).await
}

/// The people whose ids `page` selects, in its order, and the number that `total` counts.
pub(super) async fn hits(
    store: &Store,
    tenant: &TenantId,
    page: Query,
    total: Query,
) -> Result<(Vec<User>, u64), StoreError> {
    let mut connection = store.read().await?;
    let ids: Vec<(Text<UserId>,)> = connection.all(page).await?;
    let (total,): (Seq,) = connection.one(total).await?;
    drop(connection);
    let ids: Vec<UserId> = ids.into_iter().map(|(id,)| id.0).collect();
    let mut users = get_many(store, tenant, &ids).await?;
    users.sort_by_key(|user| ids.iter().position(|id| *id == user.id));
    Ok((users, total.0))
}

/// Takes the meaning from LIKE's wildcards.
pub(super) fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            escaped.push('\\');
        }
        escaped.push(letter);
    }
    escaped
}
