//! A client of the API: sends what a test says and keeps the whole answer.

use base64::Engine as _;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// The password of everybody in these tests.
pub const PASSWORD: &str = "SecurePass123!";

/// An answer of the API.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
    pub text: String,
}

impl Answer {
    /// The data of a good answer with this status.
    #[track_caller]
    pub fn data(&self, status: u16) -> &Value {
        self.is(status);
        assert_eq!(self.body["success"], true, "{}", self.text);
        &self.body["data"]
    }

    /// It has this status.
    #[track_caller]
    pub fn is(&self, status: u16) -> &Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self
    }

    /// An error in the format of the API, with this status and code.
    #[track_caller]
    pub fn refuses(&self, status: u16, code: &str) -> &Self {
        self.is(status);
        assert_eq!(self.body["success"], false, "{}", self.text);
        assert_eq!(self.body["error"]["code"], code, "{}", self.text);
        for field in ["message", "details"] {
            assert!(!self.body["error"][field].is_null(), "no {field}: {}", self.text);
        }
        assert_eq!(self.body["request_id"].as_str(), self.header("x-request-id"), "{}", self.text);
        assert!(self.body["timestamp"].is_string(), "{}", self.text);
        self
    }

    /// 400 that names this field.
    #[track_caller]
    pub fn blames(&self, field: &str) -> &Self {
        self.refuses(400, "VALIDATION_ERROR").names(field)
    }

    /// Its details have this key.
    #[track_caller]
    pub fn names(&self, field: &str) -> &Self {
        assert!(!self.body["error"]["details"][field].is_null(), "{field} is not named: {}", self.text);
        self
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|value| value.to_str().ok())
    }

    pub fn pagination(&self) -> &Value {
        &self.body["pagination"]
    }
}

/// Somebody who talks to one host of a server, signed in or not.
#[derive(Debug, Clone)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    host: String,
    address: Option<String>,
    pub token: Option<String>,
}

impl Client {
    pub fn new(base: &str, host: &str) -> Self {
        let http = reqwest::Client::builder().user_agent("it/1").build().unwrap();
        Self { http, base: base.to_owned(), host: host.to_owned(), address: None, token: None }
    }

    pub fn with_token(&self, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..self.clone() }
    }

    pub fn anonymous(&self) -> Self {
        Self { token: None, ..self.clone() }
    }

    pub fn forwarded_for(&self, address: &str) -> Self {
        Self { address: Some(address.to_owned()), ..self.clone() }
    }

    pub fn request(&self, method: Method, path: &str) -> reqwest::RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base)).header(HOST, &self.host);
        let request = match &self.address {
            Some(address) => request.header("X-Forwarded-For", address),
            None => request,
        };
        match &self.token {
            Some(token) => request.header(AUTHORIZATION, format!("Bearer {token}")),
            None => request,
        }
    }

    pub async fn call(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        answer(match body {
            Some(body) => request.json(body),
            None => request,
        })
        .await
    }

    pub async fn raw(&self, method: Method, path: &str, content_type: &str, body: impl Into<reqwest::Body>) -> Answer {
        answer(self.request(method, path).header(CONTENT_TYPE, content_type).body(body)).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, None).await
    }

    /// `None` when nobody answers.
    pub async fn try_get(&self, path: &str) -> Option<Answer> {
        let response = self.request(Method::GET, path).send().await.ok()?;
        Some(answer_of(response).await)
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, Some(&body)).await
    }

    /// Like [`Self::post`], for several at once.
    pub async fn call_owned(self, path: &'static str, body: Value) -> Answer {
        self.post(path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.call(Method::PUT, path, Some(&body)).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.call(Method::DELETE, path, None).await
    }

    pub async fn login(&self, email: &str, password: &str, device: Option<&str>) -> Answer {
        let mut body = json!({"email": email, "password": password});
        if let Some(device) = device {
            body["device_id"] = device.into();
        }
        self.anonymous().post("/v1/auth/login", body).await
    }

    pub async fn refresh(&self, token: &str) -> Answer {
        self.anonymous().post("/v1/auth/refresh", json!({"refresh_token": token})).await
    }
}

pub async fn answer(request: reqwest::RequestBuilder) -> Answer {
    answer_of(request.send().await.unwrap()).await
}

async fn answer_of(response: reqwest::Response) -> Answer {
    let (status, headers) = (response.status(), response.headers().clone());
    let text = response.text().await.unwrap();
    let body = serde_json::from_str(&text).unwrap_or(Value::Null);
    Answer { status, headers, body, text }
}

/// A person with an account, signed in.
#[derive(Debug, Clone)]
pub struct Person {
    pub client: Client,
    pub id: String,
    pub name: String,
    pub refresh_token: String,
}

impl std::ops::Deref for Person {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Person {
    pub fn email(&self) -> String {
        format!("{}@example.com", self.name)
    }

    /// The same person, signed in on another device.
    pub async fn on_another_device(&self, device: &str) -> Self {
        let data = self.login(&self.email(), PASSWORD, Some(device)).await.data(200).clone();
        Self {
            client: self.client.with_token(data["access_token"].as_str().unwrap()),
            refresh_token: text(&data["refresh_token"]),
            ..self.clone()
        }
    }

    /// The direct conversation with somebody.
    pub async fn direct(&self, other: &Person) -> String {
        let answer = self.post("/v1/conversations", json!({"type": "direct", "participant_id": other.id})).await;
        text(&answer.body["data"]["conversation_id"])
    }

    /// A new group with these people.
    pub async fn group(&self, members: &[&Person]) -> String {
        let ids: Vec<_> = members.iter().map(|member| &member.id).collect();
        let body = json!({"type": "group", "name": "Team", "participant_ids": ids});
        text(&self.post("/v1/conversations", body).await.data(201)["conversation_id"])
    }

    /// Sends a text; its message id.
    pub async fn say(&self, conversation: &str, words: &str) -> String {
        let path = format!("/v1/conversations/{conversation}/messages");
        text(&self.post(&path, json!({"content_encrypted": base64(words)})).await.data(201)["message_id"])
    }

    pub async fn conversation(&self, id: &str) -> Value {
        self.get(&format!("/v1/conversations/{id}")).await.data(200).clone()
    }

    /// The whole timeline that this person sees.
    pub async fn events(&self, conversation: &str) -> Vec<Value> {
        let path = format!("/v1/conversations/{conversation}/events?limit=100");
        self.get(&path).await.data(200)["events"].as_array().unwrap().clone()
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

pub fn base64(words: &str) -> String {
    base64::engine::general_purpose::STANDARD.encode(words)
}
