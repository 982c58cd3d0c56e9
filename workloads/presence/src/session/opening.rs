//! From an open socket to a signed-in connection that is attached to everything it should hear.

use std::sync::Arc;
use std::time::Instant;

use axum::extract::ws::Message;
use confab_chassis::http::auth::refusal;
use confab_chassis::tenant::Tenant;
use confab_chassis::token::{Claims, TokenError};
use confab_contract::ConversationId;
use confab_contract::socket::client::Resume;
use confab_contract::socket::close::CloseReason;
use confab_contract::socket::server::{ResyncReason, ServerFrame};
use confab_store::StoreError;
use confab_store::changes::Position;
use futures_util::SinkExt as _;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant as Deadline, timeout_at};

use super::Session;
use super::catch_up::CatchUp;
use super::connection::{Attendance, End, Sink, Stream, next_step};
use super::protocol::{Protocol, Stage, Step, error_frame};
use crate::event::encode;
use crate::gateway::Gateway;
use crate::hub::tenant::TenantHub;
use crate::plan;

/// What the request that opened the socket said.
#[derive(Debug)]
pub struct Opening {
    /// `?token=`.
    pub token: Option<SecretString>,
    /// `?resume=1`: deliver nothing before `resume`.
    pub hold: bool,
}

/// A connection that has signed in.
#[derive(Debug)]
pub struct Opened {
    /// Takes it out of the hub when it ends.
    pub attendance: Attendance,
    /// How far its protocol is.
    pub protocol: Protocol,
}

/// Conversations of whose other members the watermarks are sent after a resume.
const MOST_CONVERSATIONS_WITH_WATERMARKS: usize = 100;

/// Signs a connection in and attaches it.
pub async fn open(
    gateway: &Gateway,
    tenant: &Arc<Tenant>,
    opening: Opening,
    sink: &mut Sink,
    stream: &mut Stream,
) -> Result<Opened, End> {
    let deadline = Deadline::now() + gateway.core.settings.tempo.sign_in;
    let mut protocol = Protocol::new(Instant::now());
    let too_late = |_| End::server(CloseReason::AuthTimeout);
    let (token, resume) = match opening.token {
        Some(token) => (token, None),
        None => timeout_at(deadline, first_frame(&mut protocol, sink, stream)).await.map_err(too_late)??,
    };
    let claims = verify(gateway, tenant, &token)?;
    let hub = gateway.hub_of(tenant.id()).await;
    let expires_at = claims.exp;
    let session = Arc::new(Session::new(claims.sub, claims.sid, hub, expires_at, gateway.core.uptime()));
    session.hub.enter(&session, tenant.limits().connections_per_user);
    let attendance = Attendance(session);
    let session = &attendance.0;
    // It was revoked between the check and the entry into the hub, where revocations look for it.
    if gateway.core.revocations.is_revoked(tenant.id(), session.login) {
        return Err(End::server(CloseReason::SessionRevoked));
    }

    let of_store = |error: StoreError| End::of_store(&error);
    let known = followed_from(&session.hub).await.map_err(of_store)?;
    if resume.is_none() && !opening.hold {
        attach_fresh(session).await.map_err(of_store)?;
        welcome(session, sink).await?;
    } else {
        session.begin_from(&known);
        welcome(session, sink).await?;
        let resume = if let Some(resume) = resume {
            resume
        } else {
            protocol.enter(Stage::Holding);
            timeout_at(deadline, held(session, &mut protocol, sink, stream)).await.map_err(too_late)??
        };
        attach_resumed(session, &resume, &known).await.map_err(of_store)?;
    }
    protocol.enter(Stage::Live);
    tracing::debug!(connection = %session.id, user = %session.user, tenant = %tenant.id(), "a connection begins");
    Ok(Opened { attendance, protocol })
}

/// Waits for `auth`.
async fn first_frame(
    protocol: &mut Protocol,
    sink: &mut Sink,
    stream: &mut Stream,
) -> Result<(SecretString, Option<Resume>), End> {
    loop {
        match next_step(stream, protocol, 0).await? {
            Some(Step::SignIn { token, resume }) => return Ok((token, resume)),
            Some(Step::Refuse(frame)) => sink.send(Message::Text(encode(&frame))).await?,
            _ => {}
        }
    }
}

/// Waits for `resume`.
async fn held(session: &Session, protocol: &mut Protocol, sink: &mut Sink, stream: &mut Stream) -> Result<Resume, End> {
    loop {
        match next_step(stream, protocol, 0).await? {
            // The second: as the specification shows it, token in the query, and `auth` with the same token once more.
            Some(Step::Resume(resume) | Step::SignIn { resume: Some(resume), .. }) => return Ok(resume),
            Some(Step::SignIn { resume: None, .. }) => welcome(session, sink).await?,
            Some(Step::Refuse(frame)) => sink.send(Message::Text(encode(&frame))).await?,
            Some(Step::Pong(id)) => {
                sink.send(Message::Text(encode(&ServerFrame::Pong { id, cursor: None }))).await?;
            }
            _ => {}
        }
    }
}

fn verify(gateway: &Gateway, tenant: &Tenant, token: &SecretString) -> Result<Arc<Claims>, End> {
    gateway.core.verifier.verify_once(tenant, token.expose_secret()).map_err(|error| {
        tracing::info!(tenant = %tenant.id(), %error, "a connection was refused");
        let reason =
            if error == TokenError::Revoked { CloseReason::SessionRevoked } else { CloseReason::AuthenticationFailed };
        let frame = error_frame(refusal(error), Some("auth".to_owned()));
        End::Server { reason, last_word: Some(encode(&frame)) }
    })
}

async fn welcome(session: &Session, sink: &mut Sink) -> Result<(), End> {
    Ok(sink.send(Message::Text(encode(&success_frame(session)))).await?)
}

/// Says that the connection is signed in.
pub fn success_frame(session: &Session) -> ServerFrame {
    ServerFrame::AuthSuccess {
        user_id: session.user,
        connection_id: session.id,
        cursor: session.cursor(),
        heartbeat_seconds: session.hub.core.settings.sockets.heartbeat_seconds,
        expires_at: session.expires_at(),
    }
}

/// The place of the tail, from which on changes of the tenant are seen. The first connection begins it.
async fn followed_from(hub: &TenantHub) -> Result<Position, StoreError> {
    if let Some(position) = hub.progress(|progress| progress.position().copied()) {
        return Ok(position);
    }
    let position = confab_store::changes::position(&hub.core.store, &hub.tenant).await?;
    hub.progress(|progress| progress.follow(&position));
    Ok(position)
}

/// Everything begins now. The cursor is read after the memberships: what lies between the two is delivered.
async fn attach_fresh(session: &Arc<Session>) -> Result<(), StoreError> {
    let hub = &session.hub;
    session.take_joins(hub.progress(|progress| progress.begun()));
    let memberships = confab_store::members::of_user(&hub.core.store, &hub.tenant, session.user).await?;
    let plan = plan::fresh(&memberships);
    session.send_on_errands(plan.starts.into_iter().filter_map(|start| hub.follow(session, start)).collect());
    session.begin_from(&confab_store::changes::position(&hub.core.store, &hub.tenant).await?);
    Ok(())
}

/// Goes on where the client is. `known` was read before the memberships: conversations that were not named are complete
/// up to it when all is replayed.
async fn attach_resumed(session: &Arc<Session>, resume: &Resume, known: &Position) -> Result<(), StoreError> {
    let hub = &session.hub;
    let (core, tenant, user) = (&hub.core, &hub.tenant, session.user);
    let cursor = resume.cursor.as_deref().map(|cursor| core.position(tenant, user, cursor));
    session.take_joins(hub.progress(|progress| progress.begun()));
    let memberships = confab_store::members::of_user(&core.store, tenant, user).await?;
    let covered = match &cursor {
        Some(Some(position)) => confab_store::changes::starting_points(&core.store, tenant, user, position).await?,
        _ => Vec::new(),
    };
    let plan = plan::resume(&memberships, &resume.conversations, &covered.into_iter().collect());

    let mut resync: Vec<(Option<ConversationId>, ResyncReason)> = Vec::new();
    if cursor == Some(None) {
        resync.push((None, ResyncReason::InvalidCursor));
    }
    resync.extend(plan.resync.iter().map(|(conversation, reason)| (Some(*conversation), *reason)));
    let say = |(conversation_id, reason)| encode(&ServerFrame::ResyncRequired { conversation_id, reason });
    let mut errands = vec![CatchUp::Say(resync.into_iter().map(say).collect())];
    errands.extend(plan.starts.iter().filter_map(|start| hub.follow(session, *start)));
    let named = plan.starts.iter().map(|start| start.conversation).filter(|id| resume.conversations.contains_key(id));
    errands.push(CatchUp::Watermarks(named.take(MOST_CONVERSATIONS_WITH_WATERMARKS).collect()));
    errands.push(CatchUp::Resumed(core.cursor(tenant, user, known)));
    session.send_on_errands(errands);
    Ok(())
}
