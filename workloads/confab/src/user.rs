//! `confab user`: looks after accounts, directly in the store.

use std::io::{self, IsTerminal as _};

use anyhow::{Context as _, Result, bail};
use confab_chassis::clock::Clock;
use confab_contract::config::messaging::PasswordConfig;
use confab_contract::rest::auth::RegisterRequest;
use confab_contract::{TenantId, UserId};
use confab_messaging::password::{HashError, Owner, PasswordHasher};
use confab_store::users::{self, Account, NewUser, User};
use confab_store::{Store, StoreError, signing_keys};
use garde::Validate as _;
use secrecy::SecretString;

use crate::cli::{AddArgs, ListArgs, UserAction, UserArgs, UserName};
use crate::up::open_existing_store;

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
        UserAction::List(args) => list(store, args).await?,
        UserAction::Add(args) => {
            let user = add(store, args).await?;
            println!("added {} as {}", user.email, user.id);
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

#[expect(clippy::print_stdout, reason = "the answer is this command's output")]
async fn list(store: &Store, ListArgs { tenant, page, limit, query }: ListArgs) -> Result<()> {
    let before = (page - 1).saturating_mul(limit);
    let tenant = served_tenant(store, &tenant).await?;
    let (found, total) = users::list(store, &tenant, &query, limit, before).await?;
    for user in &found {
        let status = if user.suspended_at.is_some() { "suspended" } else { "active" };
        println!("{}  {status:<9}  {}  {}  {}", user.id, user.username, user.email, user.created_at);
    }
    println!("{}", summary(u64::from(before), found.len() as u64, total, page));
    Ok(())
}

/// Which of how many were shown, and how to see more.
fn summary(before: u64, shown: u64, total: u64, page: u32) -> String {
    let upto = before + shown;
    match shown {
        0 if total > 0 => format!("nothing on page {page}; {total} accounts in all"),
        _ if upto < total => format!("{}–{upto} of {total} accounts; next: --page {}", before + 1, page + 1),
        _ if before > 0 => format!("{}–{upto} of {total} accounts", before + 1),
        _ => format!("{total} accounts"),
    }
}

/// Makes an account by the rules of registration.
async fn add(store: &Store, args: AddArgs) -> Result<User> {
    let now = Clock::system().now();
    let tenant = served_tenant(store, &args.name.tenant).await?;
    let request = RegisterRequest {
        email: args.name.email,
        username: args.username,
        password: read_password()?,
        full_name: args.full_name,
        phone: None,
    };
    request.validate().map_err(|report| anyhow::anyhow!(report.to_string().trim_end().to_owned()))?;
    let owner = Owner {
        email: request.email.clone(),
        username: request.username.clone(),
        full_name: request.full_name.clone(),
        domain: tenant.to_string(),
    };
    let hashed = PasswordHasher::new(&PasswordConfig::default()).hash_new(request.password, owner).await;
    let password_hash = match hashed {
        Err(HashError::Guessable) => bail!("password: too easy to guess; choose a longer or less common one"),
        hashed => hashed?,
    };
    let RegisterRequest { email, username, full_name, phone, .. } = request;
    let user = NewUser { id: UserId::generate(), email, username, full_name, phone, password_hash };
    Ok(users::insert(store, &tenant, user, now).await?)
}

/// A tenant that some server has served on this store: whoever mistypes a name is told so.
async fn served_tenant(store: &Store, name: &str) -> Result<TenantId> {
    let tenant = tenant_id(name)?;
    if signing_keys::list(store, &tenant, Clock::system().now()).await?.is_empty() {
        bail!("no server has served tenant {tenant} on this store yet; check the name, or start `confab up` first");
    }
    Ok(tenant)
}

/// One line of standard input.
fn read_password() -> Result<SecretString> {
    if io::stdin().is_terminal() {
        eprint!("Password (it will be seen): ");
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line).context("standard input cannot be read")?;
    Ok(SecretString::from(line.trim_end_matches(['\r', '\n'])))
}

async fn set_suspended(store: &Store, name: &UserName, suspended: bool) -> Result<usize> {
    let tenant = served_tenant(store, &name.tenant).await?;
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_line_says_what_was_shown_and_how_to_see_more() {
        assert_eq!(summary(0, 3, 3, 1), "3 accounts");
        assert_eq!(summary(0, 0, 0, 1), "0 accounts");
        assert_eq!(summary(0, 50, 120, 1), "1–50 of 120 accounts; next: --page 2");
        assert_eq!(summary(100, 20, 120, 3), "101–120 of 120 accounts");
        assert_eq!(summary(150, 0, 120, 4), "nothing on page 4; 120 accounts in all");
    }
}
