//! Signing in and staying signed in: who may try how often, what a session starts with, how its tokens follow each other.
//!
//! Whether an account exists shows neither in the answer nor in its time: each try costs the same reads, one password
//! hash and the same counters. Nobody can lock somebody else out: tries from where the account has signed in before count
//! in a bucket of their own, which strangers elsewhere cannot exhaust.

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_chassis::http::{ClientAddress, HttpError};
use confab_chassis::tenant::Tenant;
use confab_chassis::token::refresh;
use confab_contract::rest::auth::{LoggedIn, LoginRequest, Refreshed, TokenType};
use confab_contract::{ApiError, SessionId, Timestamp, UserId};
use confab_store::sessions::{NewSession, RotateRules, Rotation, Session, SignIn};
use confab_store::users::{Account, Credentials};
use confab_store::{sessions, users};
use secrecy::{ExposeSecret as _, SecretString};

use crate::password::Comparison;
use crate::refusal::{Answer, Failure};
use crate::state::MessagingState;
use crate::{limits, publish, view};

/// How long the predecessor of a refresh token may be shown again, because the reply with the successor was lost.
const GRACE_MILLIS: i64 = 10_000;
/// How often a password is compared anew because the account's hash was changed meanwhile.
const COMPARISONS: u32 = 3;
/// The same for an unknown account and a wrong password.
const WRONG: &str = "Invalid e-mail address or password";
/// The same for every refresh token that does not hold.
const NO_LONGER: &str = "The refresh token does not hold; sign in again";

/// Where a request comes from.
#[derive(Debug, Clone)]
pub(crate) struct Origin {
    /// The client's address.
    pub(crate) address: ClientAddress,
    /// Its `User-Agent`, fit to be stored.
    pub(crate) user_agent: Option<String>,
}

/// Signs a person in.
pub(crate) async fn sign_in(
    state: &MessagingState,
    tenant: &Tenant,
    request: LoginRequest,
    origin: Origin,
) -> Answer<LoggedIn> {
    let account = account_name(state, tenant, &request.email);
    let mut found = users::credentials(state.store(), tenant.id(), Account::Email(&request.email)).await?;
    throttle(state, tenant, &account, found.as_ref(), &request, &origin).await?;
    // The account may get another hash while the password is compared with the one that was read. Then what was found out
    // counts for nothing.
    for _ in 0..COMPARISONS {
        let credentials = prove(state, tenant, &account, found.take(), &request.password, &origin).await?;
        if let Some(logged_in) = open_session(state, tenant, &credentials, &request, &origin).await? {
            return Ok(logged_in);
        }
        found = users::credentials(state.store(), tenant.id(), Account::Id(credentials.user.id)).await?;
    }
    Err(ApiError::unavailable("The account is being changed at this moment", 1).into())
}

/// The account with the hash that the password belongs to. A weak hash is replaced on the way.
async fn prove(
    state: &MessagingState,
    tenant: &Tenant,
    account: &str,
    found: Option<Credentials>,
    password: &SecretString,
    origin: &Origin,
) -> Answer<Credentials> {
    let hash = found.as_ref().map(|credentials| credentials.password_hash.clone());
    let comparison = state.hasher().compare(password.clone(), hash).await?;
    let mut credentials = match found {
        Some(credentials) if comparison != Comparison::Different => credentials,
        _ => {
            tracing::info!(
                tenant = %tenant.id(), account, address = %origin.address,
                "sign-in refused: wrong password or no account"
            );
            return Err(ApiError::unauthenticated(WRONG).into());
        }
    };
    if credentials.user.suspended_at.is_some() {
        return Err(suspended(tenant, credentials.user.id, origin));
    }
    if comparison == Comparison::SameButWeak
        && let Some(new) = rehash(state, tenant, &credentials, password).await
    {
        credentials.password_hash = new;
    }
    Ok(credentials)
}

fn suspended(tenant: &Tenant, user: UserId, origin: &Origin) -> Failure {
    tracing::info!(tenant = %tenant.id(), %user, address = %origin.address, "sign-in refused: suspended");
    ApiError::forbidden("The account is suspended").into()
}

/// Names an account in buckets and logs without its e-mail address.
fn account_name(state: &MessagingState, tenant: &Tenant, email: &str) -> String {
    let text = format!("{}\n{}", tenant.id(), email.to_lowercase());
    let mac = state.master_key().mac("account-name", text.as_bytes());
    mac.iter().take(12).fold(String::new(), |name, byte| name + &format!("{byte:02x}"))
}

/// Counts a try against the account.
async fn throttle(
    state: &MessagingState,
    tenant: &Tenant,
    account: &str,
    found: Option<&Credentials>,
    request: &LoginRequest,
    origin: &Origin,
) -> Answer<()> {
    // An account that does not exist costs the same reads; this id belongs to nobody.
    let user = found.map_or_else(UserId::generate, |credentials| credentials.user.id);
    let (network, device) = (origin.address.rate_subject(), request.device_id.as_deref());
    let now = state.clock().now();
    let familiarity = sessions::familiarity(state.store(), tenant.id(), user, &network, device, now).await?;
    let attempt = limits::Attempt { account, network: &network, device, familiarity };
    let counted = limits::count_attempt(state, tenant, &attempt).await;
    if counted.is_err() {
        tracing::info!(tenant = %tenant.id(), account, address = %origin.address, "sign-in refused: too many tries");
    }
    Ok(counted?)
}

/// Hashes a password anew with the present costs. A failure costs nothing: the next sign-in tries again.
async fn rehash(
    state: &MessagingState,
    tenant: &Tenant,
    credentials: &Credentials,
    password: &SecretString,
) -> Option<SecretString> {
    let new = state.hasher().hash(password.clone()).await.ok()?;
    let (user, old) = (credentials.user.id, credentials.password_hash.clone());
    match users::rehash_password(state.store(), tenant.id(), user, old, new.clone()).await {
        Ok(is_replaced) => is_replaced.then_some(new),
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "a password could not be hashed anew");
            None
        }
    }
}

/// `None`: the account has another hash by now.
async fn open_session(
    state: &MessagingState,
    tenant: &Tenant,
    credentials: &Credentials,
    request: &LoginRequest,
    origin: &Origin,
) -> Answer<Option<LoggedIn>> {
    let (now, user) = (state.clock().now(), credentials.user.id);
    let session = NewSession {
        id: SessionId::generate(),
        user,
        password_hash: credentials.password_hash.clone(),
        device_id: request.device_id.clone(),
        user_agent: origin.user_agent.clone(),
        address: Some(origin.address.to_string()),
        network: Some(origin.address.rate_subject()),
        refresh_salt: new_salt()?,
        expires_at: session_end(tenant, now),
    };
    let (id, salt) = (session.id, session.refresh_salt.clone());
    let generation = match sessions::insert(state.store(), tenant.id(), session, now).await? {
        SignIn::Opened { replaced, generation } => {
            publish::revoked(state, tenant.id(), user, &replaced);
            generation
        }
        SignIn::Outdated => return Ok(None),
        SignIn::Suspended => return Err(suspended(tenant, user, origin)),
    };
    tracing::info!(tenant = %tenant.id(), %user, session = %id, address = %origin.address, "signed in");
    let (access_token, expires_in) = access_token(state, tenant, user, id, now)?;
    Ok(Some(LoggedIn {
        access_token,
        refresh_token: refresh::issue(state.master_key(), tenant.id(), id, &salt, generation),
        expires_in,
        token_type: TokenType::Bearer,
        user: view::logged_in_user(credentials.user.clone()),
    }))
}

/// The next pair of tokens for a refresh token. Tokens that are none of ours count against the address, and once it has had
/// its share of them the store is not asked any more; uses of a genuine one count against its session.
pub(crate) async fn refresh(
    state: &MessagingState,
    tenant: &Tenant,
    token: &SecretString,
    address: ClientAddress,
) -> Answer<Refreshed> {
    limits::require_trust(state, tenant, address).await?;
    let Some((token, session)) = genuine(state, tenant, token).await? else {
        tracing::info!(tenant = %tenant.id(), %address, "refresh refused: not a token of ours");
        limits::count_forgery(state, tenant, address).await?;
        return Err(ApiError::unauthenticated(NO_LONGER).into());
    };
    limits::count_authentication(state, tenant, &format!("session:{}", session.id)).await?;
    let now = state.clock().now();
    let rules = RotateRules {
        now,
        grace_millis: GRACE_MILLIS,
        expires_at: session_end(tenant, now),
        address: Some(address.to_string()),
        network: Some(address.rate_subject()),
    };
    match sessions::rotate(state.store(), tenant.id(), session.id, token.token.generation, rules).await? {
        Rotation::Rotated { generation } | Rotation::Repeated { generation } => {
            refreshed(state, tenant, &session, generation)
        }
        Rotation::Reused => {
            reused(state, tenant, &session, address);
            Err(ApiError::unauthenticated(NO_LONGER).into())
        }
        Rotation::Gone => {
            tracing::info!(tenant = %tenant.id(), session = %session.id, %address, "refresh refused: the session has ended");
            Err(ApiError::unauthenticated(NO_LONGER).into())
        }
    }
}

/// A refresh token that we issued, with its session.
async fn genuine(
    state: &MessagingState,
    tenant: &Tenant,
    token: &SecretString,
) -> Answer<Option<(refresh::Parsed, Session)>> {
    let Some(token) = refresh::parse(token.expose_secret()) else { return Ok(None) };
    let session = sessions::get(state.store(), tenant.id(), token.token.session).await?;
    let session = session.filter(|session| token.verify(state.master_key(), tenant.id(), &session.refresh_salt));
    Ok(session.map(|session| (token, session)))
}

fn refreshed(state: &MessagingState, tenant: &Tenant, session: &Session, generation: u32) -> Answer<Refreshed> {
    let (access_token, expires_in) = access_token(state, tenant, session.user, session.id, state.clock().now())?;
    let salt = &session.refresh_salt;
    Ok(Refreshed {
        access_token,
        refresh_token: refresh::issue(state.master_key(), tenant.id(), session.id, salt, generation),
        expires_in,
        token_type: TokenType::Bearer,
    })
}

/// A refresh token was used twice: one of the two users stole it, so nobody keeps the session.
fn reused(state: &MessagingState, tenant: &Tenant, session: &Session, address: ClientAddress) {
    tracing::warn!(
        tenant = %tenant.id(), user = %session.user, session = %session.id, %address,
        "a refresh token was used twice, the session is revoked"
    );
    publish::revoked(state, tenant.id(), session.user, &[session.id]);
}

/// The account, if this is its password. For changes that ask for it again.
pub(crate) async fn check_password(
    state: &MessagingState,
    tenant: &Tenant,
    user: UserId,
    password: SecretString,
) -> Answer<Credentials> {
    let found = users::credentials(state.store(), tenant.id(), Account::Id(user)).await?;
    let hash = found.as_ref().map(|credentials| credentials.password_hash.clone());
    let comparison = state.hasher().compare(password, hash).await?;
    match found {
        Some(credentials) if comparison != Comparison::Different => Ok(credentials),
        _ => Err(wrong_password(tenant, user)),
    }
}

/// 400 for a password that is not, or no longer, that of the account.
pub(crate) fn wrong_password(tenant: &Tenant, user: UserId) -> Failure {
    tracing::info!(tenant = %tenant.id(), %user, "a change was refused: wrong password");
    ApiError::invalid("current_password", "Is not the current password").into()
}

/// An access token, and the seconds that it lives.
fn access_token(
    state: &MessagingState,
    tenant: &Tenant,
    user: UserId,
    session: SessionId,
    now: Timestamp,
) -> Answer<(String, u32)> {
    match state.keyring().sign(tenant, user, session, now) {
        Ok((token, expires)) => {
            let seconds = expires.as_seconds() - now.as_seconds();
            Ok((token, u32::try_from(seconds).unwrap_or_default()))
        }
        Err(error) => Err(HttpError::unavailable(&error, "The signing keys are not loaded yet", 1).into()),
    }
}

/// What makes the tokens of a session unlike those of any other.
fn new_salt() -> Answer<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|error| HttpError::internal(&error))?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn session_end(tenant: &Tenant, now: Timestamp) -> Timestamp {
    now.plus_millis(i64::from(tenant.auth().refresh_token_seconds) * 1000)
}
