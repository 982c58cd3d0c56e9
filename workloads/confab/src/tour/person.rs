//! One person of the tour: REST calls and sockets, as a client would make them, each shown in the transcript.

use std::io::Write;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use confab_contract::socket::close::CloseReason;
use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error as SocketError, Message};

use super::address::{Addresses, Stream};
use super::transcript::Transcript;

/// Longest wait for a frame that must come.
const FRAME_DEADLINE: Duration = Duration::from_secs(10);
/// Longest wait until another replica knows, too, that a session has ended. A second is promised; a busy machine adds to it.
const REVOCATION_DEADLINE: Duration = Duration::from_secs(2);
/// Pause between two looks at another replica.
const LOOK_AGAIN: Duration = Duration::from_millis(100);
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
    addresses: Addresses,
    http: reqwest::Client,
}

impl Person {
    /// A person who has no account yet. `tag` keeps names of different tours apart.
    pub fn new(name: &'static str, tag: &str, addresses: Addresses, http: reqwest::Client) -> Self {
        let username = format!("{}-{tag}", name.to_lowercase());
        Self {
            name,
            email: format!("{username}@example.com"),
            username,
            password: format!("tour {tag} of {name} 7Q"),
            user_id: String::new(),
            access_token: String::new(),
            refresh_token: String::new(),
            addresses,
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

    /// Asks until the session is known to be over: behind a load balancer another replica may answer, which learns of it
    /// within a second.
    pub async fn see_session_end<W: Write>(&self, transcript: &mut Transcript<W>) -> Result<()> {
        let (method, path) = ("GET", "/v1/users/me");
        transcript.request(self.name, method, path, None)?;
        let deadline = Instant::now() + REVOCATION_DEADLINE;
        let (status, reply, _, took) = loop {
            let attempt = self.attempt(method, path, None).await?;
            if attempt.0 != 200 || Instant::now() > deadline {
                break attempt;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        };
        transcript.reply(self.name, status, took, &reply)?;
        ensure!(status == 401, "after the end of its session a token must get 401, not {status}: {reply}");
        Ok(())
    }

    async fn attempt(&self, method: &str, path: &str, body: Option<&Value>) -> Result<(u16, Value, u64, Duration)> {
        let method: reqwest::Method = method.parse().context("the tour uses plain methods")?;
        let mut request = self.http.request(method, format!("{}{path}", self.addresses.api));
        if !self.access_token.is_empty() {
            request = request.bearer_auth(&self.access_token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let started = Instant::now();
        let reply = request.send().await.with_context(|| format!("no answer from {}", self.addresses.api))?;
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
        let started = Instant::now();
        let (stream, upgraded) = self.addresses.open_socket(&path).await.map_err(refused_upgrade)?;
        transcript.reply(self.name, upgraded.status().as_u16(), started.elapsed(), &Value::Null)?;
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
    stream: Stream,
}

impl Socket {
    /// Sends one frame.
    pub async fn send<W: Write>(&mut self, transcript: &mut Transcript<W>, frame: &Value) -> Result<()> {
        transcript.frame_out(self.name, frame)?;
        self.stream.send(Message::text(frame.to_string())).await.context("the socket is gone")
    }

    /// Waits for a frame of this type, showing all that come before it.
    pub async fn expect<W: Write>(&mut self, transcript: &mut Transcript<W>, kind: &str) -> Result<Value> {
        loop {
            match self.next(transcript, kind).await? {
                Next::Frame(frame) if frame["type"] == kind => return Ok(frame),
                Next::Frame(_) => {}
                Next::Closed(code) => bail!("the server closed the socket of {} with {code:?}", self.name),
            }
        }
    }

    /// Waits until the server closes the socket for this reason, showing all that comes before it.
    pub async fn expect_close<W: Write>(&mut self, transcript: &mut Transcript<W>, reason: CloseReason) -> Result<()> {
        loop {
            if let Next::Closed(code) = self.next(transcript, "the end").await? {
                ensure!(code == Some(reason.code()), "the socket was closed with {code:?}, not {}", reason.code());
                return Ok(());
            }
        }
    }

    /// What comes next. Ping and pong are none of the story's business.
    async fn next<W: Write>(&mut self, transcript: &mut Transcript<W>, awaited: &str) -> Result<Next> {
        let deadline = tokio::time::Instant::now() + FRAME_DEADLINE;
        loop {
            let next = tokio::time::timeout_at(deadline, self.stream.next());
            let message = next.await.with_context(|| format!("{} waited for {awaited} in vain", self.name))?;
            match message.context("the socket ended without a close frame")?? {
                Message::Text(text) => {
                    let frame: Value = serde_json::from_str(&text).context("a frame that is not JSON")?;
                    transcript.frame_in(self.name, &frame)?;
                    return Ok(Next::Frame(frame));
                }
                Message::Close(Some(CloseFrame { code, reason })) => {
                    transcript.closed(self.name, code.into(), &reason)?;
                    return Ok(Next::Closed(Some(code.into())));
                }
                Message::Close(None) => return Ok(Next::Closed(None)),
                _ => {}
            }
        }
    }

    /// Cuts the connection as a lost network would: no close frame.
    pub fn cut(self) {
        drop(self);
    }
}

/// What a socket brings.
enum Next {
    Frame(Value),
    Closed(Option<u16>),
}

/// An upgrade that was answered by something else says what.
fn refused_upgrade(error: SocketError) -> anyhow::Error {
    let SocketError::Http(response) = error else {
        return anyhow::Error::from(error).context("the socket did not open");
    };
    let body = response.body().as_deref().map(String::from_utf8_lossy).unwrap_or_default();
    anyhow::anyhow!("the socket did not open: {} {body}", response.status())
}

/// A text inside a reply.
pub fn text_at(reply: &Value, pointer: &str) -> Result<String> {
    let text = reply.pointer(pointer).and_then(Value::as_str);
    Ok(text.with_context(|| format!("the reply has no {pointer}: {reply}"))?.to_owned())
}
