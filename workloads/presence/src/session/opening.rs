//! From an open socket to a signed-in connection that is attached to everything it should hear.

use std::net::IpAddr;
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
use confab_store::changes::{self, Position};
use confab_store::members::Membership;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::time::{Instant as Deadline, timeout_at};

use super::catch_up::CatchUp;
use super::connection::{Attendance, End, Sink, Stream, next_step};
use super::protocol::{Protocol, Stage, Step, error_frame};
use super::reading::patiently;
use super::{Session, worker};
use crate::event::encode;
use crate::gateway::Gateway;
use crate::hub::tenant::{Followed, TenantHub};
use crate::plan::{self, Covered, Start};
use crate::threshold::Place;

/// What the request that opened the socket said.
#[derive(Debug)]
pub struct Opening {
    /// `?token=`.
    pub token: Option<SecretString>,
    /// `?resume=1`: deliver nothing before `resume`.
    pub hold: bool,
    /// Where it comes from.
    pub address: IpAddr,
    /// Its place among those who have not signed in.
    pub place: Place,
}

/// A connection that has signed in.
#[derive(Debug)]
pub struct Opened {
    /// Takes it out of the hub when it ends.
    pub attendance: Attendance,
    /// How far its protocol is.
    pub protocol: Protocol,
}

/// Signs a connection in and attaches it.
pub async fn open(
    gateway: &Gateway,
    tenant: &Arc<Tenant>,
    opening: Opening,
    sink: &mut Sink,
    stream: &mut Stream,
) -> Result<Opened, End> {
    let deadline = Deadline::now() + gateway.core.settings.tempo.sign_in;
    let now = Instant::now();
    let protocol = Protocol::new(now, gateway.threshold.has_flooded(opening.address, now));
    let mut line = Line { protocol, sink, stream, deadline };
    let (token, resume) = match opening.token {
        Some(token) => (token, None),
        None => line.first_frame().await?,
    };
    let claims = verify(gateway, tenant, &token)?;
    drop(opening.place);
    let attendance = enter(gateway, tenant, &claims).await;
    let session = &attendance.0;
    // It was revoked between the check and the entry into the hub, where revocations look for it.
    if gateway.core.revocations.is_revoked(tenant.id(), session.login) {
        return Err(End::server(CloseReason::SessionRevoked));
    }
    // And so with a tenant that ceased to be served.
    if !gateway.core.serves(tenant.id()) {
        return Err(End::server(CloseReason::NotServed));
    }
    // From here on others may close it, whatever it waits for.
    tokio::select! {
        biased;
        reason = session.closing() => return Err(End::server(reason)),
        begun = begin(tenant, session, resume, opening.hold, &mut line) => begun?,
    }
    line.protocol.enter(Stage::Live);
    tracing::debug!(connection = %session.id, user = %session.user, tenant = %tenant.id(), "a connection begins");
    Ok(Opened { protocol: line.protocol, attendance })
}

async fn enter(gateway: &Gateway, tenant: &Tenant, claims: &Claims) -> Attendance {
    loop {
        let hub = gateway.hub_of(tenant.id()).await;
        let session = Arc::new(Session::new(claims.sub, claims.sid, hub, claims.exp, gateway.core.uptime()));
        // A hub retires when nobody needs it, and another takes its place.
        if session.hub.enter(&session, tenant.limits().connections_per_user).is_ok() {
            return Attendance(session);
        }
    }
}

/// Answers, and attaches the connection where the client is. A client that resumes gets no cursor with the answer: it
/// would cover what has not been delivered yet.
async fn begin(
    tenant: &Tenant,
    session: &Arc<Session>,
    resume: Option<Resume>,
    hold: bool,
    line: &mut Line<'_>,
) -> Result<(), End> {
    let known = followed_from(&session.hub).await?;
    if resume.is_none() && !hold {
        attach_fresh(session).await?;
        return welcome(session, Some(session.cursor()), line.sink).await;
    }
    session.begin_from(&known);
    welcome(session, None, line.sink).await?;
    let resume = match resume {
        Some(resume) => resume,
        None => line.held(tenant, session).await?,
    };
    attach_resumed(session, &resume, &known, line.sink).await
}

/// A connection that does not deliver yet.
struct Line<'a> {
    protocol: Protocol,
    sink: &'a mut Sink,
    stream: &'a mut Stream,
    deadline: Deadline,
}

impl Line<'_> {
    /// The next frame as a step; `None` for one that needs nothing done.
    async fn next(&mut self) -> Result<Option<Step>, End> {
        let next = next_step(self.stream, &mut self.protocol, 0);
        timeout_at(self.deadline, next).await.map_err(|_| End::server(CloseReason::AuthTimeout))?
    }

    async fn say(&mut self, frame: &ServerFrame) -> Result<(), End> {
        Ok(self.sink.send(Message::Text(encode(frame))).await?)
    }

    /// Waits for `auth`.
    async fn first_frame(&mut self) -> Result<(SecretString, Option<Resume>), End> {
        loop {
            match self.next().await? {
                Some(Step::SignIn { token, resume }) => return Ok((token, resume)),
                Some(Step::Refuse(frame)) => self.say(&frame).await?,
                _ => {}
            }
        }
    }

    /// Waits for `resume`.
    async fn held(&mut self, tenant: &Tenant, session: &Session) -> Result<Resume, End> {
        self.protocol.enter(Stage::Holding);
        loop {
            match self.next().await? {
                Some(Step::Resume(resume)) => return Ok(resume),
                // As the specification shows it: token in the query, and `auth` with the same token once more.
                Some(Step::SignIn { token, resume }) => {
                    if let Err(error) = worker::accept_token(&session.hub.core, tenant, session, &token) {
                        self.say(&error_frame(error, Some("auth".to_owned()))).await?;
                        continue;
                    }
                    match resume {
                        Some(resume) => return Ok(resume),
                        None => welcome(session, None, self.sink).await?,
                    }
                }
                Some(Step::Refuse(frame)) => self.say(&frame).await?,
                Some(Step::Pong(id)) => self.say(&ServerFrame::Pong { id, cursor: None }).await?,
                _ => {}
            }
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

async fn welcome(session: &Session, cursor: Option<String>, sink: &mut Sink) -> Result<(), End> {
    Ok(sink.send(Message::Text(encode(&success_frame(session, cursor)))).await?)
}

/// Says that the connection is signed in.
pub fn success_frame(session: &Session, cursor: Option<String>) -> ServerFrame {
    ServerFrame::AuthSuccess {
        user_id: session.user,
        connection_id: session.id,
        cursor,
        heartbeat_seconds: session.hub.core.settings.sockets.heartbeat_seconds,
        expires_at: session.expires_at(),
    }
}

/// The place of the tail, from which on changes of the tenant are seen. The first connection begins it.
async fn followed_from(hub: &TenantHub) -> Result<Position, End> {
    if let Some(position) = hub.progress(|progress| progress.position().copied()) {
        return Ok(position);
    }
    let position = present(hub).await?;
    hub.progress(|progress| progress.follow(&position));
    Ok(position)
}

async fn present(hub: &TenantHub) -> Result<Position, End> {
    patiently(&hub.core, || confab_store::changes::position(&hub.core.store, &hub.tenant)).await
}

async fn memberships(session: &Session) -> Result<Vec<Membership>, End> {
    let hub = &session.hub;
    patiently(&hub.core, || confab_store::members::of_user(&hub.core.store, &hub.tenant, session.user)).await
}

/// Everything begins now. The cursor is read after the memberships: what lies between the two is delivered.
async fn attach_fresh(session: &Arc<Session>) -> Result<(), End> {
    let hub = &session.hub;
    session.take_joins(hub.progress(|progress| progress.begun()));
    let plan = plan::fresh(&memberships(session).await?);
    let (replays, _) = follow_all(session, &plan.starts);
    session.send_on_errands(replays);
    session.begin_from(&present(hub).await?);
    Ok(())
}

/// Goes on where the client is. `known` was read before the memberships: conversations that were not named are complete
/// up to it when all is replayed.
async fn attach_resumed(session: &Arc<Session>, resume: &Resume, known: &Position, sink: &mut Sink) -> Result<(), End> {
    let hub = &session.hub;
    let (core, tenant, user) = (&hub.core, &hub.tenant, session.user);
    let cursor = resume.cursor.as_deref().map(|cursor| core.position(tenant, user, cursor));
    session.take_joins(hub.progress(|progress| progress.begun()));
    let memberships = memberships(session).await?;
    let covered = match &cursor {
        Some(Some(position)) => covered(session, position).await?,
        _ => Covered::default(),
    };
    let plan = plan::resume(&memberships, &resume.conversations, &covered);

    let mut resync: Vec<(Option<ConversationId>, ResyncReason)> = Vec::new();
    if cursor == Some(None) {
        resync.push((None, ResyncReason::InvalidCursor));
    }
    resync.extend(plan.resync.iter().map(|(conversation, reason)| (Some(*conversation), *reason)));
    // Before anything is followed: an event of a conversation that begins anew must not come before the client knows that.
    for (conversation_id, reason) in resync {
        sink.feed(Message::Text(encode(&ServerFrame::ResyncRequired { conversation_id, reason }))).await?;
    }
    sink.flush().await?;
    let (mut errands, queued) = follow_all(session, &plan.starts);
    errands.push(CatchUp::Resumed { cursor: core.cursor(tenant, user, known), queued });
    let is_open = |id: &ConversationId| resume.conversations.contains_key(id) || covered.points.contains_key(id);
    let watermarks = plan.starts.iter().map(|start| start.conversation).filter(is_open);
    errands.push(CatchUp::Watermarks(watermarks.collect()));
    session.send_on_errands(errands);
    Ok(())
}

/// Follows all conversations. Hands out what has to be replayed first, and how many missed events are queued already.
fn follow_all(session: &Arc<Session>, starts: &[Start]) -> (Vec<CatchUp>, u64) {
    let (mut replays, mut queued) = (Vec::new(), 0);
    for start in starts {
        match session.hub.follow(session, *start) {
            Followed::Live(missed) => queued += missed,
            Followed::Behind(replay) => replays.push(CatchUp::Replay(replay)),
        }
    }
    (replays, queued)
}

/// What a cursor covers.
async fn covered(session: &Session, position: &Position) -> Result<Covered, End> {
    let hub = &session.hub;
    let (store, tenant, user) = (&hub.core.store, &hub.tenant, session.user);
    let ended = patiently(&hub.core, || changes::ended_since(store, tenant, user, position)).await?;
    let points = patiently(&hub.core, || changes::starting_points(store, tenant, user, position)).await?;
    Ok(Covered { points: points.into_iter().collect(), ended })
}
