//! The WebSocket of a client.

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use crate::program::PATIENCE;

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    pub async fn open(api: &str, host: &str, token: &str) -> Self {
        Self::try_open(api, host, token).await.unwrap()
    }

    /// An error is the status of the answer.
    pub async fn try_open(api: &str, host: &str, token: &str) -> Result<Self, u16> {
        let url = format!("{}/v1/ws?token={token}", api.replacen("http", "ws", 1));
        let mut request = url.into_client_request().unwrap();
        request.headers_mut().insert("host", host.parse().unwrap());
        match connect_async(request).await {
            Ok((stream, _)) => Ok(Self { stream }),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("{error}"),
        }
    }

    pub async fn send(&mut self, frame: &Value) {
        self.stream.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// The next frame of this type; others are passed over.
    pub async fn wait_for(&mut self, kind: &str) -> Value {
        self.wait_for_any(&[kind]).await
    }

    /// The next frame of one of these types.
    pub async fn wait_for_any(&mut self, kinds: &[&str]) -> Value {
        loop {
            let frame = self.next().await.unwrap_or_else(|code| panic!("closed with {code:?}"));
            if kinds.iter().any(|kind| frame["type"] == *kind) {
                return frame;
            }
        }
    }

    /// It lives.
    pub async fn ping(&mut self) {
        self.send(&json!({"type": "ping", "id": 7})).await;
        self.wait_for("pong").await;
    }

    /// The code with which the server closes it.
    pub async fn closed(&mut self) -> Option<u16> {
        loop {
            if let Err(code) = self.next().await {
                return code;
            }
        }
    }

    async fn next(&mut self) -> Result<Value, Option<u16>> {
        loop {
            match tokio::time::timeout(PATIENCE, self.stream.next()).await.unwrap() {
                Some(Ok(Message::Text(text))) => return Ok(serde_json::from_str(&text).unwrap()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map(|frame| frame.code.into())),
                Some(Ok(_)) => {}
                Some(Err(_)) | None => return Err(None),
            }
        }
    }
}
