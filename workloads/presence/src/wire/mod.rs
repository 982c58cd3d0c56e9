//! WebSocket framing (RFC 6455) on a bare TCP connection.
//!
//! Ours, because an idle connection must keep nothing: a library's connection keeps its buffers at the size of the largest
//! frame that ever went through. Here bytes are read into and written from one scratch buffer for each thread; a connection
//! holds memory only for what is half read or waits to be written. Headers are parsed and formatted by `tungstenite`.
//!
//! - [`handshake`]: from an HTTP request to the bare connection.
//! - [`reading`], [`writing`]: frames from and to bytes; pure.
//! - [`Sink`], [`Stream`]: the two halves of a connection.

pub mod handshake;
pub mod reading;
pub mod writing;

use std::cell::RefCell;
use std::io;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::extract::ws::Message;
use bytes::Bytes;
use tokio::net::TcpStream;

use self::reading::{Assembler, Violation};
use self::writing::Outgoing;
use crate::session::lock;

/// How long something may wait to be written before the client is taken for one that does not read.
const STALLED: Duration = Duration::from_secs(12);
/// Bytes read at once.
const READ_AT_ONCE: usize = 16 * 1024;
/// Bytes written at once.
const WRITE_AT_ONCE: usize = 64 * 1024;
/// Bytes that are gathered before a write; more wait only behind a client that does not read.
const GATHERED: usize = 16 * 1024;

thread_local! {
    static READ_SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; READ_AT_ONCE].into());
    static WRITE_SCRATCH: RefCell<Box<[u8]>> = RefCell::new(vec![0; WRITE_AT_ONCE].into());
}

/// What comes from a client.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A text message, whole.
    Text(String),
    /// A binary message, whole. Nobody has asked what is in it.
    Binary,
    /// A ping; its pong is on the way.
    Ping(Bytes),
    /// A pong.
    Pong,
    /// The client closes; the echo is on the way.
    Close(Bytes),
}

/// Why nothing more can be read or written.
#[derive(Debug, thiserror::Error)]
pub enum WireError {
    /// The network, or the client without a word.
    #[error("the connection broke")]
    Io(#[from] io::Error),
    /// Something has waited to be written for longer than the limit.
    #[error("the client does not read")]
    Stalled,
    /// The client does not keep to RFC 6455, or sends more at once than we take.
    #[error("the client sent what is no frame for us")]
    Violation(#[from] Violation),
}

/// The connection, as both halves share it.
#[derive(Debug)]
struct Wire {
    tcp: TcpStream,
    out: Mutex<Outgoing>,
}

/// The sending half.
#[derive(Debug)]
pub struct Sink(Arc<Wire>);

/// The receiving half.
#[derive(Debug)]
pub struct Stream {
    wire: Arc<Wire>,
    assembler: Assembler,
}

/// Both halves of a connection from which `read_ahead` was read already.
pub fn halves(tcp: TcpStream, read_ahead: &[u8]) -> (Sink, Stream) {
    let wire = Arc::new(Wire { tcp, out: Mutex::default() });
    let mut assembler = Assembler::default();
    assembler.push(read_ahead);
    (Sink(Arc::clone(&wire)), Stream { wire, assembler })
}

impl Wire {
    /// Has a frame written later; how many bytes wait now.
    fn queue(&self, message: Message) -> usize {
        let mut out = lock(&self.out);
        out.push(message);
        out.bytes()
    }

    /// Writes what the system takes now; whether that was all.
    fn write_now(&self) -> io::Result<bool> {
        let mut out = lock(&self.out);
        WRITE_SCRATCH.with_borrow_mut(|scratch| {
            loop {
                let filled = out.copy_to(scratch);
                if filled == 0 {
                    return Ok(true);
                }
                match self.tcp.try_write(&scratch[..filled]) {
                    Ok(written) => out.advance(written),
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                    Err(error) => return Err(error),
                }
            }
        })
    }

    async fn flush(&self) -> Result<(), WireError> {
        while !self.write_now()? {
            // On the heap: most connections never wait, and none should carry a timer about.
            let writable = Box::pin(tokio::time::timeout(STALLED, self.tcp.writable()));
            writable.await.map_err(|_| WireError::Stalled)??;
        }
        Ok(())
    }

    async fn send(&self, message: Message) -> Result<(), WireError> {
        self.queue(message);
        self.flush().await
    }
}

impl Sink {
    /// Has a frame written with the next ones, or soon.
    pub async fn feed(&mut self, message: Message) -> Result<(), WireError> {
        if self.0.queue(message) < GATHERED { Ok(()) } else { self.0.flush().await }
    }

    /// Writes all that waits.
    pub async fn flush(&mut self) -> Result<(), WireError> {
        self.0.flush().await
    }

    /// Writes a frame, and all that waits before it.
    pub async fn send(&mut self, message: Message) -> Result<(), WireError> {
        self.0.send(message).await
    }
}

impl Stream {
    /// The next message or control frame; `None` when the client has ended the connection.
    pub async fn next(&mut self) -> Option<Result<Incoming, WireError>> {
        self.try_next().await.transpose()
    }

    async fn try_next(&mut self) -> Result<Option<Incoming>, WireError> {
        loop {
            if let Some(incoming) = self.assembler.next()? {
                let answer = match &incoming {
                    Incoming::Ping(payload) => Message::Pong(payload.clone()),
                    Incoming::Close(payload) => writing::close_echo(payload),
                    Incoming::Text(_) | Incoming::Binary | Incoming::Pong => return Ok(Some(incoming)),
                };
                self.wire.send(answer).await?;
                return Ok(Some(incoming));
            }
            self.wire.tcp.readable().await?;
            match self.read_now() {
                Ok(0) => return Ok(None),
                Ok(_) => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn read_now(&mut self) -> io::Result<usize> {
        READ_SCRATCH.with_borrow_mut(|scratch| {
            let read = self.wire.tcp.try_read(scratch)?;
            self.assembler.push(&scratch[..read]);
            Ok(read)
        })
    }
}
