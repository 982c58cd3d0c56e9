//! A few requests to the API server of a node, for what the node itself must know and do.

use anyhow::{Context as _, Result, bail};
use confab_testbed::kubernetes::Certificate;
use reqwest::{Client, Method};
use serde_json::Value;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

/// An API server and who we are to it.
#[derive(Debug, Clone)]
pub struct Api {
    client: Client,
    url: String,
}

impl Api {
    /// Trusts this authority alone.
    pub fn new(url: &str, authority_pem: &str, certificate: &Certificate) -> Result<Self> {
        let authority = reqwest::Certificate::from_pem(authority_pem.as_bytes()).context("not a certificate")?;
        let identity = format!("{}{}", certificate.certificate_pem, certificate.key_pem);
        let identity = reqwest::Identity::from_pem(identity.as_bytes()).context("not a certificate with its key")?;
        let client = Client::builder().no_proxy().timeout(PATIENCE).tls_certs_only([authority]).identity(identity);
        Ok(Self { client: client.build().context("no client")?, url: url.to_owned() })
    }

    /// Whether a path is answered with success.
    pub async fn answers(&self, path: &str) -> bool {
        self.request(Method::GET, path, None).await.is_ok()
    }

    /// An object or a list.
    pub async fn get(&self, path: &str) -> Result<Value> {
        let text = self.request(Method::GET, path, None).await?;
        serde_json::from_str(&text).context("the API server answers no JSON")
    }

    /// Makes an object.
    pub async fn create(&self, path: &str, object: &Value) -> Result<()> {
        self.request(Method::POST, path, Some(object)).await.map(drop)
    }

    /// Deletes an object.
    pub async fn delete(&self, path: &str) -> Result<()> {
        self.request(Method::DELETE, path, None).await.map(drop)
    }

    async fn request(&self, method: Method, path: &str, body: Option<&Value>) -> Result<String> {
        let mut request = self.client.request(method, format!("{}{path}", self.url));
        if let Some(body) = body {
            request = request.json(body);
        }
        let answer = request.send().await.context("the API server does not answer")?;
        let status = answer.status();
        let text = answer.text().await.context("the API server breaks off")?;
        if !status.is_success() {
            bail!("{path}: {status}: {text}");
        }
        Ok(text)
    }
}
