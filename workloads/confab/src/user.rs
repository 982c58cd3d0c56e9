//! `confab user`: looks after accounts, directly in the store.

use anyhow::{Context as _, Result, bail};
use confab_chassis::clock::Clock;
use confab_contract::{TenantId, UserId};
use confab_store::users::{self, Account};
use confab_store::{Store, StoreError};

use crate::cli::{UserAction, UserArgs, UserName};
use crate::up::open_existing_store;

/// Accounts shown by `list` at most.
const SHOWN: u32 = 1000;

/// Does one thing with an account. A running server learns of it from the store within a second.
pub async fn run(args: UserArgs) -> Result<()> {
    let store = open_existing_store(&args.store).await?;
    let outcome = act(&store, args.action).await;
    store.close().await;
    outcome
}

#[expect(clippy::print_stdout, reason = "the answer is this command's output")]
async fn act(store: &Store, action: UserAction) -> Result<()> {
    match action {
        UserAction::List { tenant, query } => {
            let tenant = tenant_id(&tenant)?;
            let (found, total) = users::search(store, &tenant, &query, SHOWN, 0).await?;
            for user in found {
                println!("{}  {}  {}  {}", user.id, user.username, user.email, user.created_at);
            }
            println!("{total} accounts");
        }
        UserAction::Suspend(name) => {
            let ended = set_suspended(store, &name, true).await?;
            println!("suspended {}; {ended} sessions end within a second", name.email);
        }
        UserAction::Restore(name) => {
            set_suspended(store, &name, false).await?;
            println!("restored {}", name.email);
        }
    }
    Ok(())
}

async fn set_suspended(store: &Store, name: &UserName, suspended: bool) -> Result<usize> {
    let tenant = tenant_id(&name.tenant)?;
    let Some(user) = account(store, &tenant, &name.email).await? else {
        bail!("{} has no account in tenant {tenant}", name.email);
    };
    let revoked = users::set_suspended(store, &tenant, user, suspended, Clock::system().now()).await?;
    Ok(revoked.map_or(0, |sessions| sessions.len()))
}

async fn account(store: &Store, tenant: &TenantId, email: &str) -> Result<Option<UserId>, StoreError> {
    let credentials = users::credentials(store, tenant, Account::Email(email)).await?;
    Ok(credentials.map(|credentials| credentials.user.id))
}

fn tenant_id(text: &str) -> Result<TenantId> {
    text.parse().with_context(|| format!("{text:?} is no tenant id; write <namespace>.<name>, such as default.demo"))
}
