//! Signing in and staying signed in: who may try how often, what a session starts with, how its tokens follow each other.
//!
//! Whether an account exists shows neither in the answer nor in its time: each try costs the same reads, one password
//! hash and the same counters. Nobody can lock somebody else out: tries from a device or address that the account has
//! signed in from before count in a bucket of their own, which strangers cannot exhaust.

use std::net::IpAddr;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use confab_chassis::http::ClientAddress;
use confab_chassis::tenant::Tenant;
use confab_chassis::token::refresh;
use confab_contract::rest::auth::{LoggedIn, LoginRequest, Refreshed, TokenType};
use confab_contract::{ApiError, SessionId, Timestamp, UserId};
use confab_store::sessions::{NewSession, RotateRules, Rotation, Session};
use confab_store::users::{Account, Credentials, User};
use confab_store::{sessions, users};
use secrecy::SecretString;

use crate::password::Comparison;
use crate::refusal::{Answer, Failure};
use crate::state::MessagingState;
use crate::{limits, publish, view};

/// How long the predecessor of a refresh token may be shown again, because the reply with the successor was lost.
const GRACE_MILLIS: i64 = 10_000;
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
    let found = users::credentials(state.store(), tenant.id(), Account::Email(&request.email)).await?;
    throttle(state, tenant, &account, found.as_ref(), &request, &origin).await?;
    let hash = found.as_ref().map(|credentials| credentials.password_hash.clone());
    let comparison = state.hasher().compare(request.password.clone(), hash).await?;
    let credentials = match found {
        Some(credentials) if comparison != Comparison::Different => credentials,
        _ => {
            tracing::info!(tenant = %tenant.id(), account, address = %origin.address, "sign-in refused: wrong password or no account");
            return Err(ApiError::unauthenticated(WRONG).into());
        }
    };
    let user = credentials.user.id;
    if credentials.user.suspended_at.is_some() {
        tracing::info!(tenant = %tenant.id(), %user, address = %origin.address, "sign-in refused: suspended");
        return Err(ApiError::forbidden("The account is suspended").into());
    }
    if comparison == Comparison::SameButWeak {
        rehash(state, tenant, user, request.password, credentials.password_hash).await;
    }
    open_session(state, tenant, credentials.user, request.device_id, origin).await
}

/// Names an account in buckets and logs without its e-mail address.
fn account_name(state: &MessagingState, tenant: &Tenant, email: &str) -> String {
    let text = format!("{}\n{}", tenant.id(), email.to_lowercase());
    let mac = state.master_key().mac("account-name", text.as_bytes());
    mac.iter().take(12).fold(String::new(), |name, byte| name + &format!("{byte:02x}"))
}

/// Counts a try in the bucket of the account, or in that of a device or address it is known from.
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
    let address = origin.address.to_string();
    let device = request.device_id.as_deref();
    let (store, now) = (state.store(), state.clock().now());
    let device_known = sessions::is_known_device(store, tenant.id(), user, device, None, now).await?;
    let address_known = sessions::is_known_device(store, tenant.id(), user, None, Some(&address), now).await?;
    let subject = match device {
        Some(device) if device_known => format!("account:{account}:device:{device}"),
        _ if address_known => format!("account:{account}:address:{address}"),
        _ => format!("account:{account}"),
    };
    let counted = limits::count_authentication(state, tenant, &subject).await;
    if counted.is_err() {
        tracing::info!(tenant = %tenant.id(), account, %address, "sign-in refused: too many tries");
    }
    Ok(counted?)
}

/// Hashes a password anew with the present costs. A failure costs nothing: the next sign-in tries again.
async fn rehash(state: &MessagingState, tenant: &Tenant, user: UserId, password: SecretString, old: SecretString) {
    let Ok(new) = state.hasher().hash(password).await else { return };
    if let Err(error) = users::rehash_password(state.store(), tenant.id(), user, old, new).await {
        tracing::warn!(error = &error as &dyn std::error::Error, "a password could not be hashed anew");
    }
}

async fn open_session(
    state: &MessagingState,
    tenant: &Tenant,
    user: User,
    device_id: Option<String>,
    origin: Origin,
) -> Answer<LoggedIn> {
    let now = state.clock().now();
    let session = NewSession {
        id: SessionId::generate(),
        user: user.id,
        device_id,
        user_agent: origin.user_agent,
        address: Some(origin.address.to_string()),
        refresh_salt: new_salt()?,
        expires_at: session_end(tenant, now),
    };
    let (id, salt) = (session.id, session.refresh_salt.clone());
    let replaced = sessions::insert(state.store(), tenant.id(), session, now).await?;
    publish::revoked(state, tenant.id(), user.id, &replaced);
    // Where the count of refresh tokens begins is the store's own business. A session that is gone again was replaced by
    // another sign-in of the same device.
    let opened = sessions::get(state.store(), tenant.id(), id).await?;
    let generation = opened.ok_or_else(|| ApiError::unauthenticated(NO_LONGER))?.generation;
    tracing::info!(tenant = %tenant.id(), user = %user.id, session = %id, address = %origin.address, "signed in");
    Ok(LoggedIn {
        access_token: access_token(state, tenant, user.id, id, now)?,
        refresh_token: refresh::issue(state.master_key(), tenant.id(), id, &salt, generation),
        expires_in: tenant.auth().access_token_seconds,
        token_type: TokenType::Bearer,
        user: view::logged_in_user(user),
    })
}

/// The next pair of tokens for a refresh token.
pub(crate) async fn refresh(
    state: &MessagingState,
    tenant: &Tenant,
    token: &refresh::Parsed,
    address: IpAddr,
) -> Answer<Refreshed> {
    let refused = || Failure::from(ApiError::unauthenticated(NO_LONGER));
    let session = sessions::get(state.store(), tenant.id(), token.token.session).await?.ok_or_else(refused)?;
    if !token.verify(state.master_key(), tenant.id(), &session.refresh_salt) {
        tracing::info!(tenant = %tenant.id(), %address, "refresh refused: forged token");
        return Err(refused());
    }
    let now = state.clock().now();
    let rules = RotateRules {
        now,
        grace_millis: GRACE_MILLIS,
        expires_at: session_end(tenant, now),
        address: Some(address.to_string()),
    };
    let (rotation, _) = sessions::rotate(state.store(), tenant.id(), session.id, token.token.generation, rules).await?;
    match rotation {
        Rotation::Rotated { generation } | Rotation::Repeated { generation } => Ok(Refreshed {
            access_token: access_token(state, tenant, session.user, session.id, now)?,
            refresh_token: refresh::issue(
                state.master_key(),
                tenant.id(),
                session.id,
                &session.refresh_salt,
                generation,
            ),
            expires_in: tenant.auth().access_token_seconds,
            token_type: TokenType::Bearer,
        }),
        Rotation::Reused => {
            reused(state, tenant, &session, address);
            Err(refused())
        }
        Rotation::Gone => {
            tracing::info!(tenant = %tenant.id(), session = %session.id, %address, "refresh refused: the session has ended");
            Err(refused())
        }
    }
}

/// A refresh token was used twice: one of the two users stole it, so nobody keeps the session.
fn reused(state: &MessagingState, tenant: &Tenant, session: &Session, address: IpAddr) {
    tracing::warn!(
        tenant = %tenant.id(), user = %session.user, session = %session.id, %address,
        "a refresh token was used twice, the session is revoked"
    );
    publish::revoked(state, tenant.id(), session.user, &[session.id]);
}

/// The account's password, compared. For changes that ask for it again.
pub(crate) async fn check_password(
    state: &MessagingState,
    tenant: &Tenant,
    user: UserId,
    password: SecretString,
) -> Answer<User> {
    let found = users::credentials(state.store(), tenant.id(), Account::Id(user)).await?;
    let hash = found.as_ref().map(|credentials| credentials.password_hash.clone());
    let comparison = state.hasher().compare(password, hash).await?;
    match found {
        Some(credentials) if comparison != Comparison::Different => Ok(credentials.user),
        _ => {
            tracing::info!(tenant = %tenant.id(), %user, "a change was refused: wrong password");
            Err(ApiError::invalid("current_password", "Is not the current password").into())
        }
    }
}

fn access_token(
    state: &MessagingState,
    tenant: &Tenant,
    user: UserId,
    session: SessionId,
    now: Timestamp,
) -> Answer<String> {
    match state.keyring().sign(tenant, user, session, now) {
        Ok((token, _)) => Ok(token),
        Err(error) => {
            tracing::error!(tenant = %tenant.id(), error = &error as &dyn std::error::Error, "no token can be signed");
            Err(ApiError::unavailable("The signing keys are not loaded yet", 1).into())
        }
    }
}

/// What makes the tokens of a session unlike those of any other.
fn new_salt() -> Answer<String> {
    let mut bytes = [0; 16];
    rand::fill(&mut bytes).map_err(|_| {
        tracing::error!("the operating system gives no randomness");
        ApiError::internal()
    })?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

fn session_end(tenant: &Tenant, now: Timestamp) -> Timestamp {
    now.plus_millis(i64::from(tenant.auth().refresh_token_seconds) * 1000)
}
