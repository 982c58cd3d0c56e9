//! Requests of a client.

use reqwest::{Client, Method};
use serde_json::{Value, json};

pub const PASSWORD: &str = "a long passphrase 7";

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub retry_after: Option<String>,
    pub body: Value,
}

/// Asks; `None` when nobody answers.
pub async fn try_ask(
    method: Method,
    url: &str,
    host: Option<&str>,
    token: &str,
    body: Option<Value>,
) -> Option<Answer> {
    let client = Client::builder().no_proxy().build().unwrap();
    let mut request = client.request(method, url);
    if let Some(host) = host {
        request = request.header("Host", host);
    }
    if !token.is_empty() {
        request = request.bearer_auth(token);
    }
    if let Some(body) = body {
        request = request.json(&body);
    }
    let reply = request.send().await.ok()?;
    let retry_after = reply.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    Some(Answer { status: reply.status().as_u16(), retry_after, body: reply.json().await.unwrap_or_default() })
}

pub async fn get(url: &str, token: &str) -> Answer {
    try_ask(Method::GET, url, None, token, None).await.unwrap()
}

pub async fn post(url: &str, host: Option<&str>, body: Value) -> Answer {
    try_ask(Method::POST, url, host, "", Some(body)).await.unwrap()
}

pub async fn register(base: &str, host: Option<&str>, name: &str) -> Answer {
    let body = json!({"email": format!("{name}@example.com"), "username": name, "password": PASSWORD});
    post(&format!("{base}/v1/auth/register"), host, body).await
}

pub async fn log_in(base: &str, host: Option<&str>, name: &str) -> Answer {
    let body = json!({"email": format!("{name}@example.com"), "password": PASSWORD});
    post(&format!("{base}/v1/auth/login"), host, body).await
}

pub fn token(login: &Answer) -> String {
    assert_eq!(login.status, 200, "{login:?}");
    login.body["data"]["access_token"].as_str().unwrap().to_owned()
}
