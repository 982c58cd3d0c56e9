//! One person of the tour: REST calls and sockets, as a client would make them, each shown in the transcript.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use super::transcript::Transcript;

/// Longest wait for a frame that must come.
const FRAME_DEADLINE: Duration = Duration::from_secs(10);
/// Longest wait for a rate limit to open again.
const LONGEST_PAUSE: u64 = 70;

/// A person with an account, a token and perhaps a socket.
pub struct Person {
    /// First name, for the transcript.
    pub name: &'static str,
    /// Sign-in address.
    pub email: String,
    /// Name within the tenant.
    pub username: String,
    /// Made up for this tour.
    pub password: String,
    /// Known after registering.
    pub user_id: String,
    /// Known after signing in.
    pub access_token: String,
    /// Known after signing in.
    pub refresh_token: String,
    base: String,
    http: reqwest::Client,
}

impl Person {
    /// A person who has no account yet. `tag` keeps names of different tours apart.
    pub fn new(name: &'static str, tag: &str, base: &str, http: reqwest::Client) -> Self {
        let username = format!("{}-{tag}", name.to_lowercase());
        Self {
            name,
            email: format!("{username}@example.com"),
            username,
            password: format!("tour {tag} of {name} 7Q"),
            user_id: String::new(),
            access_token: String::new(),
            refresh_token: String::new(),
            base: base.trim_end_matches('/').to_owned(),
            http,
        }
    }

    /// One request that must answer `expected`; gives the reply's body. Waits once when a rate limit says so.
    pub async fn call<W: Write>(
        &self,
        transcript: &mut Transcript<W>,
        (method, path, body): (&str, &str, Option<Value>),
        expected: u16,
    ) -> Result<Value> {
        transcript.request(self.name, method, path, body.as_ref())?;
        let (mut status, mut reply, mut pause, mut took) = self.attempt(method, path, body.as_ref()).await?;
        if status == 429 && expected != 429 {
            ensure!(pause <= LONGEST_PAUSE, "the server asks to wait {pause} seconds");
            transcript.say(&format!("429: the rate limit opens again in {pause} s; waiting, as a good client does"))?;
            tokio::time::sleep(Duration::from_secs(pause)).await;
            (status, reply, pause, took) = self.attempt(method, path, body.as_ref()).await?;
        }
        let _ = pause;
        transcript.reply(self.name, status, took, &reply)?;
        ensure!(status == expected, "{method} {path} answered {status}, expected {expected}: {reply}");
        Ok(reply)
    }

    async fn attempt(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value, u64, Duration)> {
        let method: reqwest::Method = method.parse().context("the tour uses plain methods")?;
        let mut request = self.http.request(method, format!("{}{path}", self.base));
        if !self.access_token.is_empty() {
            request = request.bearer_auth(&self.access_token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let started = Instant::now();
        let reply = request.send().await.with_context(|| format!("no answer from {}", self.base))?;
        let status = reply.status().as_u16();
        let pause = reply.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok()).unwrap_or(1);
        let body = reply.json().await.unwrap_or(Value::Null);
        Ok((status, body, pause, started.elapsed()))
    }

    /// Makes the account.
    pub async fn register<W: Write>(&mut self, transcript: &mut Transcript<W>) -> Result<()> {
        let body = json!({
            "email": self.email, "username": self.username, "password": self.password, "full_name": self.name,
        });
        let reply = self.call(transcript, ("POST", "/v1/auth/register", Some(body)), 201).await?;
        self.user_id = text_at(&reply, "/data/user_id")?;
        Ok(())
    }

    /// Signs in on a device.
    pub async fn log_in<W: Write>(&mut self, transcript: &mut Transcript<W>) -> Result<()> {
        let body =
            json!({"email": self.email, "password": self.password, "device_id": format!("{}-laptop", self.name)});
        let reply = self.call(transcript, ("POST", "/v1/auth/login", Some(body)), 200).await?;
        self.access_token = text_at(&reply, "/data/access_token")?;
        self.refresh_token = text_at(&reply, "/data/refresh_token")?;
        Ok(())
    }

    /// Opens a socket and signs it in, with the token in the query or in the first frame.
    pub async fn open_socket<W: Write>(
        &self,
        transcript: &mut Transcript<W>,
        sign_in: SignIn,
    ) -> Result<(Socket, Value)> {
        let path = match sign_in {
            SignIn::InQuery => format!("/v1/ws?token={}", self.access_token),
            SignIn::InFrame { .. } => "/v1/ws".to_owned(),
        };
        transcript.request(self.name, "GET", &path, None)?;
        let url = format!("{}{path}", self.base.replacen("http", "ws", 1));
        let (stream, _) = tokio_tungstenite::connect_async(&url).await.context("the socket did not open")?;
        let mut socket = Socket { name: self.name, stream };
        if let SignIn::InFrame { resume } = sign_in {
            let mut frame = json!({"type": "auth", "token": self.access_token});
            if let Some(resume) = resume {
                frame["resume"] = resume;
            }
            socket.send(transcript, &frame).await?;
        }
        let greeting = socket.expect(transcript, "auth_success").await?;
        Ok((socket, greeting))
    }
}

/// How a socket signs in.
pub enum SignIn {
    /// `?token=`
    InQuery,
    /// A first `auth` frame, perhaps with what the client has already.
    InFrame {
        /// The `resume` object.
        resume: Option<Value>,
    },
}

/// An open socket.
pub struct Socket {
    name: &'static str,
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
}

impl Socket {
    /// Sends one frame.
    pub async fn send<W: Write>(&mut self, transcript: &mut Transcript<W>, frame: &Value) -> Result<()> {
        transcript.frame_out(self.name, frame)?;
        self.stream.send(Message::text(frame.to_string())).await.context("the socket is gone")
    }

    /// Waits for a frame of this type, showing all that come before it.
    pub async fn expect<W: Write>(&mut self, transcript: &mut Transcript<W>, kind: &str) -> Result<Value> {
        let deadline = tokio::time::Instant::now() + FRAME_DEADLINE;
        loop {
            let next = tokio::time::timeout_at(deadline, self.stream.next());
            let message = next.await.with_context(|| format!("{} waited for {kind} in vain", self.name))?;
            match message.context("the socket ended")?? {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).context("a frame that is not JSON")?;
                    transcript.frame_in(self.name, &frame)?;
                    if frame["type"] == kind {
                        return Ok(frame);
                    }
                }
                Message::Close(close) => bail!("the server closed the socket: {close:?}"),
                _ => {}
            }
        }
    }

    /// Cuts the connection as a lost network would: no close frame.
    pub fn cut(self) {
        drop(self);
    }
}

/// A text inside a reply.
pub fn text_at(reply: &Value, pointer: &str) -> Result<String> {
    let text = reply.pointer(pointer).and_then(Value::as_str);
    Ok(text.with_context(|| format!("the reply has no {pointer}: {reply}"))?.to_owned())
}
