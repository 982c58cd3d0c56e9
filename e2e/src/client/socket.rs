//! One WebSocket connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use confab_contract::ConversationId;
use confab_contract::socket::client::Resume;
use confab_contract::socket::server::ServerFrame;
use confab_contract::timeline::TimelineFrame;
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::{TcpSocket, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::{Error, Message};

use super::Account;

/// Longest wait for the TCP and the WebSocket handshake.
const HANDSHAKE: Duration = Duration::from_secs(3);

/// How a connection signs in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// With `?token=`, and a first `resume` frame when there is something to resume.
    Query,
    /// With a first `auth` frame, the resume inside.
    Frame,
}

/// A frame from the server.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum Incoming {
    /// An event of a conversation.
    Event(Box<TimelineFrame>),
    /// Anything else.
    Other(ServerFrame),
}

/// What the next look at a connection gives.
#[derive(Debug)]
pub enum Next {
    /// A frame.
    Frame(Incoming),
    /// A text that is no frame of the protocol.
    Malformed(String),
    /// The connection has ended, with its close code if there was one.
    Closed(Option<u16>),
}

/// One connection.
pub struct Socket {
    stream: WebSocketStream<TcpStream>,
}

impl Socket {
    /// Connects and signs in; the reply to that is the first frame. A small `receive_buffer` makes a reader who stalls
    /// felt by the server soon.
    pub async fn open(
        server: SocketAddr,
        account: &Account,
        sign_in: SignIn,
        resume: Option<&Resume>,
        receive_buffer: Option<u32>,
    ) -> Result<Self, Error> {
        let connecting = async {
            let tcp = TcpSocket::new_v4()?;
            if let Some(bytes) = receive_buffer {
                tcp.set_recv_buffer_size(bytes)?;
            }
            let stream = tcp.connect(server).await?;
            stream.set_nodelay(true)?;
            let url = match (sign_in, resume) {
                (SignIn::Query, Some(_)) => format!("ws://{server}/v1/ws?token={}&resume=1", account.token),
                (SignIn::Query, None) => format!("ws://{server}/v1/ws?token={}", account.token),
                (SignIn::Frame, _) => format!("ws://{server}/v1/ws"),
            };
            let config = WebSocketConfig::default().read_buffer_size(8 * 1024);
            let (stream, _) = tokio_tungstenite::client_async_with_config(url, stream, Some(config)).await?;
            Ok::<_, Error>(Self { stream })
        };
        let timed_out = || Error::Io(io::Error::from(io::ErrorKind::TimedOut));
        let mut socket: Self = tokio::time::timeout(HANDSHAKE, connecting).await.map_err(|_| timed_out())??;
        match (sign_in, resume) {
            (SignIn::Frame, Some(resume)) => {
                socket.send(&json!({ "type": "auth", "token": &*account.token, "resume": resume })).await?;
            }
            (SignIn::Frame, None) => socket.send(&json!({ "type": "auth", "token": &*account.token })).await?,
            (SignIn::Query, Some(resume)) => {
                let Resume { cursor, conversations } = resume;
                let frame = json!({ "type": "resume", "cursor": cursor, "conversations": conversations });
                socket.send(&frame).await?;
            }
            (SignIn::Query, None) => {}
        }
        Ok(socket)
    }

    /// The next frame. Pings are answered on the way. Safe to drop and call again.
    pub async fn next(&mut self) -> Next {
        loop {
            match self.stream.next().await {
                Some(Ok(Message::Text(text))) => {
                    return match serde_json::from_str(&text) {
                        Ok(frame) => Next::Frame(frame),
                        Err(error) => Next::Malformed(format!("{error}: {text}")),
                    };
                }
                Some(Ok(Message::Close(close))) => return Next::Closed(close.map(|close| close.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Next::Closed(None),
            }
        }
    }

    /// Says that the device has everything up to `seq`.
    pub async fn acknowledge(&mut self, conversation: ConversationId, seq: u64) -> Result<(), Error> {
        self.send(&json!({ "type": "ack", "conversation_id": conversation, "seq": seq })).await
    }

    /// Asks for a sign of life and a fresh cursor.
    pub async fn ping(&mut self, id: u64) -> Result<(), Error> {
        self.send(&json!({ "type": "ping", "id": id })).await
    }

    /// Closes in good order, and does not wait for the answer.
    pub async fn close(mut self) {
        // The server may be gone already.
        let _ = self.stream.close(None).await;
    }

    /// Sends any frame.
    pub async fn send(&mut self, frame: &Value) -> Result<(), Error> {
        self.stream.send(Message::text(frame.to_string())).await
    }
}
