//! The smallest HTTP client there is: one request on one connection, the whole answer as text.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned, crypto};

use super::authority::Certificate;

/// A frozen server accepts a connection and never answers.
pub const PATIENCE: Duration = Duration::from_secs(10);

/// A status and a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// Such as 200.
    pub status: u16,
    /// JSON, or a word.
    pub body: String,
}

impl Answer {
    /// Whether it says that all went well.
    pub const fn is_success(&self) -> bool {
        self.status >= 200 && self.status < 300
    }
}

/// Sends a request and reads the answer to its end. A body is JSON. HTTP 1.0, since its answers come in one piece.
pub fn exchange(mut stream: impl Read + Write, method: &str, path: &str, body: &str) -> Result<Answer> {
    let length = body.len();
    let head =
        format!("{method} {path} HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n");
    stream.write_all((head + body).as_bytes()).context("the request cannot be sent")?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).context("the answer cannot be read")?;
    parse(&String::from_utf8_lossy(&answer)).context("that is no answer of HTTP")
}

fn parse(text: &str) -> Option<Answer> {
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split_whitespace().nth(1)?.parse().ok()?;
    Some(Answer { status, body: body.to_owned() })
}

/// Asks a server on this machine over TLS, with a client certificate.
#[derive(Debug, Clone)]
pub struct HttpsClient {
    address: SocketAddr,
    config: Arc<ClientConfig>,
}

impl HttpsClient {
    /// Trusts this authority alone.
    pub fn new(address: SocketAddr, authority_pem: &str, client: &Certificate) -> Result<Self> {
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from_pem_slice(authority_pem.as_bytes()).context("not a certificate")?)?;
        let certificate =
            CertificateDer::from_pem_slice(client.certificate_pem.as_bytes()).context("not a certificate")?;
        let key = PrivateKeyDer::from_pem_slice(client.key_pem.as_bytes()).context("not a key")?;
        let config = ClientConfig::builder_with_provider(Arc::new(crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_client_auth_cert(vec![certificate], key)?;
        Ok(Self { address, config: Arc::new(config) })
    }

    /// Sends a request and reads the answer to its end.
    pub fn request(&self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let stream = TcpStream::connect_timeout(&self.address, PATIENCE).context("nobody listens")?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        let connection = ClientConnection::new(self.config.clone(), ServerName::from(self.address.ip()))?;
        exchange(StreamOwned::new(connection, stream), method, path, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_a_status_and_a_body() {
        let answer = parse("HTTP/1.0 201 Created\r\nA: b\r\n\r\n{}\r\n\r\n").unwrap();
        assert_eq!(answer, Answer { status: 201, body: "{}\r\n\r\n".to_owned() });
        assert!(answer.is_success());
        assert!(!parse("HTTP/1.0 404 Not Found\r\n\r\n").unwrap().is_success());
        assert_eq!(parse("HTTP/1.0 200 OK\r\nA: b\r\n"), None);
        assert_eq!(parse("\r\n\r\n"), None);
    }
}
