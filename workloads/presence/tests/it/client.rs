//! A WebSocket client that reads frames as JSON.

use std::collections::VecDeque;
use std::net::SocketAddr;

use confab_contract::socket::close::CloseReason;
use confab_contract::{ConversationId, UserId};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::world::DEADLINE;

pub struct Client {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// Read, but not asked for yet.
    kept: VecDeque<Value>,
}

/// How an upgrade went: open, or the HTTP answer.
pub async fn try_open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Result<Client, Box<Response>> {
    let mut request = format!("ws://{address}{path}").into_client_request().unwrap();
    for (name, value) in headers {
        let name: tokio_tungstenite::tungstenite::http::HeaderName = name.parse().unwrap();
        request.headers_mut().insert(name, value.parse().unwrap());
    }
    match timeout(DEADLINE, tokio_tungstenite::connect_async(request)).await.unwrap() {
        Ok((socket, _)) => Ok(Client { socket, kept: VecDeque::new() }),
        Err(Error::Http(response)) => {
            let (parts, body) = (*response).into_parts();
            Err(Box::new(Response::from_parts(parts, body)))
        }
        Err(error) => panic!("no answer: {error}"),
    }
}

impl Client {
    pub async fn open(address: SocketAddr, query: &str) -> Self {
        match try_open(address, &format!("/v1/ws{query}"), &[]).await {
            Ok(client) => client,
            Err(response) => panic!("refused: {response:?}"),
        }
    }

    pub async fn send(&mut self, frame: Value) {
        self.send_message(Message::text(frame.to_string())).await;
    }

    /// Sends frames in one piece, so that the server has the second when it reads the first.
    pub async fn send_together(&mut self, frames: &[Value]) {
        for frame in frames {
            self.socket.feed(Message::text(frame.to_string())).await.unwrap();
        }
        timeout(DEADLINE, self.socket.flush()).await.unwrap().unwrap();
    }

    pub async fn send_text(&mut self, text: &str) {
        self.send_message(Message::text(text)).await;
    }

    pub async fn send_message(&mut self, message: Message) {
        timeout(DEADLINE, self.socket.send(message)).await.unwrap().unwrap();
    }

    /// Sends, whether the server still listens or not.
    pub async fn try_send(&mut self, frame: &Value) -> bool {
        timeout(DEADLINE, self.socket.send(Message::text(frame.to_string()))).await.unwrap().is_ok()
    }

    /// The next frame of a type; others are kept for later.
    pub async fn wait_for(&mut self, kind: &str) -> Value {
        self.wait_until(|frame| frame["type"] == kind).await
    }

    /// The next frame that is as it should be; others are kept for later.
    pub async fn wait_until(&mut self, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        if let Some(index) = self.kept.iter().position(&mut wanted) {
            return self.kept.remove(index).unwrap();
        }
        loop {
            let frame = self.read().await;
            let frame = frame.unwrap_or_else(|code| panic!("closed with {code:?}; before it came {:?}", self.kept));
            if wanted(&frame) {
                return frame;
            }
            self.kept.push_back(frame);
        }
    }

    /// Events of a conversation up to a `seq`, as they came.
    pub async fn events(&mut self, conversation: ConversationId, up_to: u64) -> Vec<u64> {
        let id = conversation.to_string();
        let mut seqs = Vec::new();
        while seqs.last().is_none_or(|last| *last < up_to) {
            let is_event = |frame: &Value| frame["conversation_id"] == id.as_str() && frame["seq"].is_u64();
            seqs.push(self.wait_until(is_event).await["seq"].as_u64().unwrap());
        }
        seqs
    }

    /// Makes a round trip, so that everything sent before has been dealt with. Hands out what had come until then.
    pub async fn settle(&mut self) -> Vec<Value> {
        let id = rand_id();
        self.send(json!({"type": "ping", "id": id})).await;
        self.wait_until(|frame| frame["type"] == "pong" && frame["id"] == id).await;
        self.kept.drain(..).collect()
    }

    /// How the server closes; frames before that are passed over.
    pub async fn closed(&mut self) -> Option<CloseReason> {
        loop {
            if let Err(code) = self.read().await {
                return CloseReason::ALL.into_iter().find(|reason| Some(reason.code()) == code);
            }
        }
    }

    /// A frame, or the close code.
    async fn read(&mut self) -> Result<Value, Option<u16>> {
        loop {
            let message = timeout(DEADLINE, self.socket.next()).await;
            let message = message.unwrap_or_else(|_| panic!("nothing came; before it came {:?}", self.kept));
            match message {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(text.as_str()).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }

    /// `seq` of the next frame, or the close code.
    pub async fn try_next_seq(&mut self) -> Result<Option<u64>, Option<u16>> {
        self.read().await.map(|frame| frame["seq"].as_u64())
    }

    /// Hangs up without a word.
    pub fn cut(self) {
        drop(self);
    }

    pub async fn watch(&mut self, users: &[UserId]) -> Value {
        self.send(json!({"type": "subscribe_presence", "user_ids": users})).await;
        self.wait_for("presence_subscribed").await
    }

    pub async fn wait_for_status(&mut self, user: UserId, status: &str) -> Value {
        let id = user.to_string();
        self.wait_until(|frame| {
            frame["type"] == "presence_changed" && frame["user_id"] == id.as_str() && frame["status"] == status
        })
        .await
    }
}

/// Different at each call.
fn rand_id() -> u64 {
    static NEXT: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(1000);
    NEXT.fetch_add(1, std::sync::atomic::Ordering::SeqCst)
}
