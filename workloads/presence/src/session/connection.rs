//! The task of one connection: sign in, then receive and send until one of them ends, then part in good order.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use confab_chassis::tenant::Tenant;
use confab_contract::socket::close::CloseReason;
use tokio::sync::Notify;

use super::opening::{self, Opened, Opening};
use super::outbox::Batch;
use super::protocol::{Protocol, Step};
use super::{Next, Session, catch_up, worker};
use crate::gateway::{Gateway, Slot};
use crate::wire::reading::Violation;
use crate::wire::{Incoming, WireError};
pub use crate::wire::{Sink, Stream};

/// How long a close frame may take to get out, and its echo to come back.
const FAREWELL: Duration = Duration::from_secs(1);

/// How a connection ended.
#[derive(Debug)]
pub enum End {
    /// By us, with a reason and perhaps a last word.
    Server {
        /// Why.
        reason: CloseReason,
        /// An `error` frame to send before the close.
        last_word: Option<Utf8Bytes>,
    },
    /// By the client, or by the network.
    Client,
}

impl End {
    /// By us, without a word.
    pub const fn server(reason: CloseReason) -> Self {
        Self::Server { reason, last_word: None }
    }

    fn reason(&self) -> Option<CloseReason> {
        match self {
            Self::Server { reason, .. } => Some(*reason),
            Self::Client => None,
        }
    }
}

impl From<WireError> for End {
    fn from(error: WireError) -> Self {
        match error {
            WireError::Io(_) => Self::Client,
            WireError::Stalled => Self::server(CloseReason::SlowConsumer),
            WireError::Violation(Violation::TooBig) => Self::server(CloseReason::TooBig),
            WireError::Violation(Violation::Malformed) => Self::server(CloseReason::ProtocolError),
        }
    }
}

/// The whole life of a connection. Everything that is large and short-lived is boxed, so that an idle connection does not
/// pay for it.
pub async fn serve(
    gateway: Arc<Gateway>,
    tenant: Arc<Tenant>,
    (mut sink, mut stream): (Sink, Stream),
    opening: Opening,
    slot: Slot,
) {
    let address = opening.address;
    let opened = Box::pin(open_or_leave(&gateway, &tenant, opening, &mut sink, &mut stream)).await;
    let end = match opened {
        Ok(opened) => converse(&gateway, &tenant, opened, &mut sink, &mut stream).await,
        Err(end) => end,
    };
    gateway.core.metrics.count_end(end.reason());
    if end.reason() == Some(CloseReason::Flooding) {
        gateway.threshold.note_flood(address, Instant::now());
    }
    Box::pin(part(sink, stream, end)).await;
    drop(slot);
}

/// A process that leaves does not wait for those who have not signed in.
async fn open_or_leave(
    gateway: &Gateway,
    tenant: &Arc<Tenant>,
    opening: Opening,
    sink: &mut Sink,
    stream: &mut Stream,
) -> Result<Opened, End> {
    tokio::select! {
        opened = opening::open(gateway, tenant, opening, sink, stream) => opened,
        () = gateway.core.drain.refusing() => Err(End::server(CloseReason::GoingAway)),
    }
}

/// Takes a connection out of the hub however its task ends.
#[derive(Debug)]
pub struct Attendance(pub Arc<Session>);

impl Drop for Attendance {
    fn drop(&mut self) {
        self.0.hub.leave(&self.0);
    }
}

async fn converse(
    gateway: &Gateway,
    tenant: &Arc<Tenant>,
    opened: Opened,
    sink: &mut Sink,
    stream: &mut Stream,
) -> End {
    let Opened { attendance, protocol } = opened;
    let session = &attendance.0;
    let end = tokio::select! {
        biased;
        reason = session.closing() => End::server(reason),
        end = send(session, sink) => end,
        end = receive(gateway, tenant, session, protocol, stream) => end,
    };
    tracing::debug!(connection = %session.id, user = %session.user, ?end, "a connection ends");
    end
}

/// Goes on errands, and writes what waits.
async fn send(session: &Arc<Session>, sink: &mut Sink) -> End {
    loop {
        let done = match session.next().await {
            Next::Frames(frames) => write(sink, frames).await,
            Next::Errands(errands) => Box::pin(catch_up::run(session, sink, errands)).await,
            Next::Close(reason) => return End::server(reason),
        };
        if let Err(end) = done {
            return end;
        }
    }
}

/// Everything that waits goes out in as few writes as the write buffer allows.
async fn write(sink: &mut Sink, frames: Batch) -> Result<(), End> {
    for message in frames {
        sink.feed(message).await?;
    }
    Ok(sink.flush().await?)
}

/// Writes what waits, if anything does.
pub async fn write_queue(session: &Session, sink: &mut Sink) -> Result<(), End> {
    write(sink, session.take_queue()).await
}

/// Waits for something else while what is queued goes out.
pub async fn meanwhile<T>(session: &Session, sink: &mut Sink, wait: impl Future<Output = T>) -> Result<T, End> {
    let over = Notify::new();
    let waiting = async {
        let done = wait.await;
        over.notify_one();
        Ok::<_, End>(done)
    };
    let emptying = async {
        loop {
            tokio::select! {
                biased;
                () = over.notified() => return Ok(()),
                // A batch that was begun is finished, so the wait may be over for some time when this ends.
                queue = session.queue() => write(sink, queue).await?,
            }
        }
    };
    let (done, ()) = tokio::try_join!(waiting, emptying)?;
    Ok(done)
}

/// Reads frames and has them carried out, one after the other.
async fn receive(
    gateway: &Gateway,
    tenant: &Arc<Tenant>,
    session: &Arc<Session>,
    mut protocol: Protocol,
    stream: &mut Stream,
) -> End {
    loop {
        let step = match next_step(stream, &mut protocol, session.events_sent()).await {
            Ok(step) => step,
            Err(end) => return end,
        };
        session.hear(gateway.core.uptime());
        let Some(step) = step else { continue };
        if let Some(later) = worker::perform_at_once(session, step) {
            let performed = Box::pin(worker::perform(&gateway.core, tenant, session, later)).await;
            if let Err(end) = performed {
                return end;
            }
        }
    }
}

/// The next frame as a step; `None` for one that needs nothing done.
pub async fn next_step(stream: &mut Stream, protocol: &mut Protocol, events_sent: u32) -> Result<Option<Step>, End> {
    let step = match stream.next().await {
        Some(Ok(Incoming::Text(text))) => Some(protocol.on_text(&text, events_sent, Instant::now())),
        Some(Ok(Incoming::Ping(_) | Incoming::Pong)) => protocol.on_control(Instant::now()),
        Some(Ok(Incoming::Binary)) => return Err(End::server(CloseReason::UnsupportedData)),
        Some(Ok(Incoming::Close(_))) | None => return Err(End::Client),
        Some(Err(error)) => return Err(error.into()),
    };
    match step {
        Some(Step::End(last_word, reason)) => {
            Err(End::Server { reason, last_word: last_word.as_ref().map(crate::event::encode) })
        }
        step => Ok(step),
    }
}

/// Says why, and gives the client the time to hear it.
async fn part(mut sink: Sink, mut stream: Stream, end: End) {
    // The client's own close frame has had its echo.
    let End::Server { reason, last_word } = end else { return };
    let farewell = async {
        if let Some(frame) = last_word {
            sink.feed(Message::Text(frame)).await?;
        }
        let close = CloseFrame { code: reason.code(), reason: reason.text().into() };
        sink.send(Message::Close(Some(close))).await
    };
    if !matches!(tokio::time::timeout(FAREWELL, farewell).await, Ok(Ok(()))) {
        return;
    }
    let echo = async {
        loop {
            if !matches!(stream.next().await, Some(Ok(incoming)) if !matches!(incoming, Incoming::Close(_))) {
                return;
            }
        }
    };
    if reason == CloseReason::TooBig {
        // The rest of the frame cannot be read, and to hang up with bytes unread resets the line before the client has
        // read why.
        tokio::time::sleep(FAREWELL).await;
    } else {
        let _ = tokio::time::timeout(FAREWELL, echo).await;
    }
}
