//! Where the tour's server is, and how it is reached.
//!
//! `localhost` and every name below it mean this machine (RFC 6761), but not every resolver knows that; and no proxy of the
//! environment leads to this machine. So both are decided here, for REST and WebSocket alike.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use anyhow::{Context as _, Result, bail};
use reqwest::Url;
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::handshake::client::Response;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

/// An open WebSocket.
pub type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// Where REST and WebSocket are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Addresses {
    /// `http://…`, without a final slash.
    pub api: String,
    /// `ws://…`, without a final slash.
    pub socket: String,
}

impl Addresses {
    /// From what the command line says; without an address of its own the WebSocket is where REST is.
    pub fn of(url: &str, socket_url: Option<&str>) -> Result<Self> {
        let api = checked(url, &["http", "https"])?;
        let socket = checked(socket_url.unwrap_or(url), &["ws", "wss", "http", "https"])?;
        let socket = match socket.strip_prefix("http") {
            Some(rest) => format!("ws{rest}"),
            None => socket,
        };
        Ok(Self { api, socket })
    }

    /// A client for the REST API.
    pub fn http_client(&self) -> Result<reqwest::Client> {
        let mut builder = reqwest::Client::builder().user_agent(concat!("confab-tour/", env!("CARGO_PKG_VERSION")));
        if let Some(local) = Local::of(&self.api)? {
            builder = builder.no_proxy().resolve_to_addrs(&local.host, &local.addresses);
        }
        Ok(builder.build()?)
    }

    /// Opens a WebSocket at a path, with the server's answer to the upgrade.
    pub async fn open_socket(&self, path: &str) -> Result<(Stream, Response), tokio_tungstenite::tungstenite::Error> {
        let url = format!("{}{path}", self.socket);
        let Ok(Some(local)) = Local::of(&self.socket) else { return tokio_tungstenite::connect_async(url).await };
        let stream = TcpStream::connect(local.addresses.as_slice()).await?;
        tokio_tungstenite::client_async_tls(url, stream).await
    }
}

/// A server on this machine.
#[derive(Debug, PartialEq, Eq)]
struct Local {
    host: String,
    addresses: Vec<SocketAddr>,
}

impl Local {
    /// `None`: it is elsewhere, and the resolver and the proxies of the environment know better.
    fn of(url: &str) -> Result<Option<Self>> {
        let url: Url = url.parse().context("an address that was checked")?;
        let host = url.host_str().unwrap_or_default().to_owned();
        let port = url.port().unwrap_or(if matches!(url.scheme(), "https" | "wss") { 443 } else { 80 });
        let ip = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let ips: Vec<IpAddr> = match ip {
            Some(ip) if ip.is_loopback() => vec![ip],
            None if host == "localhost" || host.ends_with(".localhost") => {
                vec![Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
            }
            _ => return Ok(None),
        };
        Ok(Some(Self { host, addresses: ips.into_iter().map(|ip| SocketAddr::new(ip, port)).collect() }))
    }
}

fn checked(url: &str, schemes: &[&str]) -> Result<String> {
    let parsed: Url = url.parse().with_context(|| format!("{url} is no address; write it as http://host:port"))?;
    if !schemes.contains(&parsed.scheme()) || !parsed.has_host() {
        bail!("{url} does not begin with {}://", schemes.join(":// or "));
    }
    Ok(url.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_socket_is_where_rest_is_unless_it_is_named() {
        let both = Addresses::of("https://chat.example.com/", None).expect("an address");
        assert_eq!((both.api.as_str(), both.socket.as_str()), ("https://chat.example.com", "wss://chat.example.com"));
        let apart = Addresses::of("http://localhost:1", Some("ws://localhost:2")).expect("addresses");
        assert_eq!((apart.api.as_str(), apart.socket.as_str()), ("http://localhost:1", "ws://localhost:2"));
    }

    #[test]
    fn what_is_no_address_is_named() {
        for wrong in ["localhost:8080", "chat.example.com", "ftp://x", "http://", ""] {
            let error = Addresses::of(wrong, None).expect_err(wrong).to_string();
            assert!(error.contains(wrong) && error.contains("http"), "{error}");
        }
    }

    #[test]
    fn this_machine_is_known_by_each_of_its_names_and_others_are_left_to_the_resolver() {
        let found = |url: &str| Local::of(url).expect("an address").map(|local| local.addresses);
        let both = [(IpAddr::from(Ipv4Addr::LOCALHOST), 8080), (IpAddr::from(Ipv6Addr::LOCALHOST), 8080)];
        let both: Vec<SocketAddr> = both.into_iter().map(SocketAddr::from).collect();
        assert_eq!(found("http://localhost:8080"), Some(both.clone()));
        assert_eq!(found("ws://acme.localhost:8080/v1/ws"), Some(both));
        assert_eq!(found("http://[::1]:8080"), Some(vec![SocketAddr::from((Ipv6Addr::LOCALHOST, 8080))]));
        assert_eq!(found("https://127.0.0.1"), Some(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 443))]));
        for elsewhere in ["http://chat.example.com", "http://192.168.1.5:8080", "http://localhost.example.com"] {
            assert_eq!(found(elsewhere), None, "{elsewhere}");
        }
    }
}
