//! All accounts, for those who look after them.

use confab_contract::TenantId;

use super::User;
use super::account::folded;
use super::search::{escaped, hits};
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
    let page = sql!(
        r"SELECT id FROM users
          WHERE tenant = $1
            AND (username_key LIKE $2 ESCAPE '\' OR full_name_key LIKE $2 ESCAPE '\' OR email_key LIKE $2 ESCAPE '\')
          ORDER BY username_key LIMIT $3 OFFSET $4"
    );
    let page = page.bind(tenant).bind(pattern.as_str()).bind(limit).bind(offset);
    let total = sql!(
        r"SELECT COUNT(*) FROM users
          WHERE tenant = $1
            AND (username_key LIKE $2 ESCAPE '\' OR full_name_key LIKE $2 ESCAPE '\' OR email_key LIKE $2 ESCAPE '\')"
    );
    hits(store, tenant, page, total.bind(tenant).bind(pattern)).await
}
