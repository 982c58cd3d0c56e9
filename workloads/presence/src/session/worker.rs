//! Carries out what frames ask for.

use std::sync::Arc;

use confab_chassis::http::auth::refusal;
use confab_chassis::rate::Class;
use confab_chassis::tenant::Tenant;
use confab_contract::bus::{Notice, TypingNotice};
use confab_contract::rest::users::PresenceStatus;
use confab_contract::socket::server::ServerFrame;
use confab_contract::{ApiError, ConversationId, UserId, limit};
use confab_store::StoreError;
use confab_store::users::ProfilePatch;
use secrecy::{ExposeSecret as _, SecretString};

use super::Session;
use super::catch_up::CatchUp;
use super::connection::End;
use super::opening::success_frame;
use super::outbox::Queued;
use super::protocol::{Step, error_frame, rate_limited};
use crate::event::encode;
use crate::hub::permits::{Permits, Spent};
use crate::parts::Core;
use crate::tasks::availability;

/// Does what needs no waiting; hands back what does.
pub fn perform_at_once(session: &Session, step: Step) -> Option<Step> {
    match step {
        Step::Acknowledge(conversation, seq) => {
            if session.feed(conversation).is_none() {
                say(session, &error_frame(ApiError::not_found("conversation"), Some("ack".to_owned())));
            } else if seq > 0 {
                session.hub.acknowledge(conversation, session.user, seq);
            }
            None
        }
        Step::Pong(id) => {
            let cursor = (!session.is_catching_up()).then(|| session.cursor());
            say(session, &ServerFrame::Pong { id, cursor });
            None
        }
        later => Some(later),
    }
}

/// Does what may need waiting.
pub async fn perform(core: &Core, tenant: &Arc<Tenant>, session: &Arc<Session>, step: Step) -> Result<(), End> {
    let frame_type = step.frame_type().map(str::to_owned);
    let tenant = &*core.settings_of(tenant);
    if step.is_counted()
        && let Err(retry_after) = may_send(core, tenant, session).await
    {
        say(session, &error_frame(rate_limited(retry_after), frame_type));
        return Ok(());
    }
    let done = match step {
        Step::SignIn { token, .. } => prolong(core, tenant, session, &token),
        Step::SetPresence(status, message) => set_presence(core, session, status, message).await,
        Step::Type(conversation, is_typing) => type_in(core, session, conversation, is_typing),
        Step::Watch(users) => watch(core, session, users).await,
        Step::Unwatch(users) => {
            unwatch(session, &users);
            Ok(())
        }
        Step::Refuse(frame) => {
            say(session, &frame);
            Ok(())
        }
        // Done at once, or ended the connection, or is refused on a live one.
        Step::Resume(_) | Step::Acknowledge(..) | Step::Pong(_) | Step::End(..) => Ok(()),
    };
    if let Err(error) = done {
        say(session, &error_frame(error, frame_type));
    }
    Ok(())
}

/// Whether a counted frame is within the tenant's limit; else after how many seconds it will be.
async fn may_send(core: &Core, tenant: &Tenant, session: &Session) -> Result<(), u32> {
    let limit = tenant.limits().websocket;
    let (hub, user) = (&session.hub, session.user);
    let spend = || hub.permits(user, |permits| permits.spend(core.now(), limit.requests));
    match spend() {
        Spent::Ask(_) => {}
        Spent::Refused(seconds) => return Err(seconds),
        Spent::Allowed => return Ok(()),
    }
    let turn = hub.permits(user, Permits::turn);
    let _turn = turn.lock().await;
    // Another connection may have asked meanwhile.
    let mut wanted = match spend() {
        Spent::Ask(wanted) => wanted,
        Spent::Refused(seconds) => return Err(seconds),
        Spent::Allowed => return Ok(()),
    };
    let name = user.to_string();
    loop {
        let verdict = core.limiter.take(tenant.id(), Class::WebSocket, &name, limit, wanted).await;
        if verdict.allowed {
            hub.permits(user, |permits| permits.grant(core.now(), wanted, verdict.reset));
            return Ok(());
        }
        // Fewer are left than we asked for: take those.
        if verdict.remaining == 0 || verdict.remaining >= wanted {
            hub.permits(user, |permits| permits.refuse(core.now(), verdict.reset));
            return Err(verdict.retry_after);
        }
        wanted = verdict.remaining;
    }
}

/// A fresh token of the same session.
fn prolong(core: &Core, tenant: &Tenant, session: &Session, token: &SecretString) -> Result<(), ApiError> {
    accept_token(core, tenant, session, token)?;
    let cursor = (!session.is_catching_up()).then(|| session.cursor());
    say(session, &success_frame(session, cursor));
    Ok(())
}

/// Checks another token of a connection. The connection lasts as long as the token, if it is of the same session.
pub fn accept_token(core: &Core, tenant: &Tenant, session: &Session, token: &SecretString) -> Result<(), ApiError> {
    let claims = core.verifier.verify_once(tenant, token.expose_secret()).map_err(refusal)?;
    if claims.sub != session.user || claims.sid != session.login {
        return Err(ApiError::unauthenticated("The token belongs to another session: open another connection for it"));
    }
    session.prolong(claims.exp);
    Ok(())
}

async fn set_presence(
    core: &Core,
    session: &Session,
    status: PresenceStatus,
    message: Option<String>,
) -> Result<(), ApiError> {
    if session.set_status(status) {
        session.hub.availability_changed(session.user);
    }
    let Some(message) = message else { return Ok(()) };
    let message = Some(message.trim().to_owned()).filter(|text| !text.is_empty());
    let patch = ProfilePatch { status_message: Some(message), ..ProfilePatch::default() };
    let (tenant, user) = (&session.hub.tenant, session.user);
    confab_store::users::update(&core.store, tenant, user, patch, core.now()).await.map_err(|error| away(&error))?;
    let rows =
        confab_store::presence::get(&core.store, tenant, &[user], core.now()).await.map_err(|error| away(&error))?;
    for row in rows {
        availability::publish(core, tenant, row);
    }
    Ok(())
}

fn type_in(core: &Core, session: &Session, conversation: ConversationId, is_typing: bool) -> Result<(), ApiError> {
    if session.feed(conversation).is_none() {
        return Err(ApiError::not_found("conversation"));
    }
    let notice = TypingNotice { conversation, user: session.user, is_typing };
    core.publish(&session.hub.tenant, Notice::Typing(notice));
    Ok(())
}

async fn watch(core: &Core, session: &Arc<Session>, mut users: Vec<UserId>) -> Result<(), ApiError> {
    users.sort_unstable();
    users.dedup();
    let watching = session.watching();
    let added = users.iter().filter(|user| !watching.contains(user)).count();
    if watching.len() + added > limit::PRESENCE_SUBSCRIPTIONS {
        return Err(ApiError::invalid("user_ids", "A connection may watch 1,000 people at most; unsubscribe some"));
    }
    let (hub, tenant) = (&session.hub, &session.hub.tenant);
    let may_see = async || confab_store::users::visible_to(&core.store, tenant, session.user, &users).await;
    let visible = may_see().await.map_err(|error| away(&error))?;

    // Watched first, read then: a change between the two is not missed, and what is older than known is passed over.
    let is_fresh = |user: &&UserId| visible.contains(user) && !watching.contains(user);
    let fresh: Vec<UserId> = users.iter().filter(is_fresh).copied().collect();
    session.change_watching(|watching| watching.extend(&fresh));
    hub.watchers(|watchers| fresh.iter().for_each(|user| watchers.add(session, *user)));
    let read = async {
        availability::read(hub, &fresh).await?;
        // Asked again: who ceased to be visible before being watched was overlooked by those who end subscriptions.
        may_see().await
    };
    let visible = match read.await {
        Ok(visible) => visible,
        Err(error) => {
            unwatch(session, &fresh);
            return Err(away(&error));
        }
    };
    let (user_ids, denied): (Vec<UserId>, Vec<UserId>) = users.into_iter().partition(|user| visible.contains(user));
    unwatch(session, &denied);
    say(session, &ServerFrame::PresenceSubscribed { user_ids: user_ids.clone(), denied });
    session.send_on_errands(vec![CatchUp::Snapshot(user_ids)]);
    Ok(())
}

/// Ends subscriptions.
pub fn unwatch(session: &Session, users: &[UserId]) {
    session.change_watching(|watching| watching.retain(|user| !users.contains(user)));
    session.hub.watchers(|watchers| users.iter().for_each(|user| watchers.remove(session, *user)));
    session.forget_presence(users);
}

/// An answer to the client.
fn say(session: &Session, frame: &ServerFrame) {
    session.push(Queued::Frame(encode(frame)));
}

/// What a client learns when the store fails.
fn away(error: &StoreError) -> ApiError {
    if error.is_unavailable() {
        return ApiError::unavailable("The database is away", 1);
    }
    tracing::error!(error = error as &dyn std::error::Error, "a frame could not be carried out");
    ApiError::internal()
}
