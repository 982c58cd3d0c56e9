//! A kept HTTP/1.1 connection with as little work per request as possible.

use std::net::SocketAddr;

use anyhow::{Context as _, Result, bail};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A connection that is used for one request after the other.
pub struct Http {
    stream: TcpStream,
    host: String,
    buffer: Vec<u8>,
}

impl Http {
    /// Connects.
    pub async fn connect(address: SocketAddr) -> Result<Self> {
        Self::connect_to(address, address.to_string()).await
    }

    /// Connects, and names this host in each request.
    pub async fn connect_to(address: SocketAddr, host: String) -> Result<Self> {
        let stream = TcpStream::connect(address).await.with_context(|| format!("no connection to {address}"))?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, host, buffer: Vec::with_capacity(4096) })
    }

    /// `POST` with a JSON body; the status and the body of the reply.
    pub async fn post(&mut self, path: &str, token: &str, body: &str) -> Result<(u16, &[u8])> {
        let (host, length) = (&self.host, body.len());
        let request = format!(
            "POST /v1/{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        self.exchange(request.as_bytes()).await
    }

    /// `GET`; the status and the body of the reply.
    pub async fn get(&mut self, path: &str, token: &str) -> Result<(u16, &[u8])> {
        let host = &self.host;
        let request = format!("GET /v1/{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {token}\r\n\r\n");
        self.exchange(request.as_bytes()).await
    }

    async fn exchange(&mut self, request: &[u8]) -> Result<(u16, &[u8])> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            self.fill().await?;
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
        };
        while self.buffer.len() < head.length + head.body {
            self.fill().await?;
        }
        Ok((head.status, &self.buffer[head.length..head.length + head.body]))
    }

    async fn fill(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("the server closed the connection");
        }
        Ok(())
    }
}

/// What matters of a reply's head.
#[derive(Debug, PartialEq, Eq)]
struct Head {
    status: u16,
    /// Bytes of the head, the empty line included.
    length: usize,
    /// Bytes of the body.
    body: usize,
}

impl Head {
    /// `None` while the head is not complete.
    fn parse(bytes: &[u8]) -> Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
        let text = std::str::from_utf8(&bytes[..end])?;
        let status = text.get(9..12).and_then(|digits| digits.parse().ok()).context("a malformed status line")?;
        let mut body = None;
        for line in text.lines().skip(1) {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                body = value.trim().parse().ok();
            }
        }
        Ok(Some(Self { status, length: end + 4, body: body.context("a reply without content-length")? }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_when_it_is_complete() {
        let reply = b"HTTP/1.1 201 Created\r\nContent-Length: 5\r\nx: y\r\n\r\nhello";
        assert_eq!(Head::parse(&reply[..20]).expect("not malformed"), None);
        let head = Head::parse(reply).expect("not malformed");
        assert_eq!(head, Some(Head { status: 201, length: reply.len() - 5, body: 5 }));
    }
}
