//! From an HTTP request to the bare connection: RFC 6455, section 4.2.

use axum::body::Body;
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use confab_chassis::serve::ClientStream;
use confab_contract::{ApiError, ErrorCode};
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::{Sink, Stream, halves};

/// A request that may become a WebSocket.
#[derive(Debug)]
pub struct Handshake {
    accept: HeaderValue,
    upgrade: OnUpgrade,
}

impl Handshake {
    /// Reads a request's head.
    pub fn of(parts: &mut Parts) -> Result<Self, ApiError> {
        let key = check(&parts.method, &parts.headers)?;
        let upgrade = parts.extensions.remove::<OnUpgrade>();
        let upgrade = upgrade.ok_or_else(|| refusal("The connection cannot be upgraded"))?;
        let accept = HeaderValue::from_str(&derive_accept_key(key)).map_err(|_| ApiError::internal())?;
        Ok(Self { accept, upgrade })
    }

    /// Answers, and hands the connection over once it is free.
    pub fn accept<F: Future<Output = ()> + Send + 'static>(
        self,
        serve: impl FnOnce(Sink, Stream) -> F + Send + 'static,
    ) -> Response<Body> {
        let Self { accept, upgrade } = self;
        tokio::spawn(async move {
            if let Some((sink, stream)) = bare(upgrade).await {
                // A task of its own, so that nothing of the HTTP connection stays with the socket.
                tokio::spawn(serve(sink, stream));
            }
        });
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
        let headers = response.headers_mut();
        headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_ACCEPT, accept);
        response
    }
}

/// The bare connection; `None` when the client left meanwhile.
async fn bare(upgrade: OnUpgrade) -> Option<(Sink, Stream)> {
    let upgraded = upgrade.await.ok()?;
    let Ok(parts) = upgraded.downcast::<TokioIo<ClientStream>>() else {
        tracing::error!("a connection that did not come from our listener cannot become a WebSocket");
        return None;
    };
    Some(halves(parts.io.into_inner().into_tcp(), &parts.read_buf))
}

/// The key of a request that asks for a WebSocket as the RFC wants it.
fn check<'a>(method: &Method, headers: &'a HeaderMap) -> Result<&'a [u8], ApiError> {
    if method != Method::GET {
        return Err(refusal("Ask with GET"));
    }
    if !has_token(headers, &header::CONNECTION, "upgrade") || !has_token(headers, &header::UPGRADE, "websocket") {
        return Err(refusal("Send the headers Connection: Upgrade and Upgrade: websocket"));
    }
    if headers.get(header::SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
        return Err(refusal("Send the header Sec-WebSocket-Version: 13"));
    }
    let key = headers.get(header::SEC_WEBSOCKET_KEY).map(HeaderValue::as_bytes);
    key.filter(|key| !key.is_empty()).ok_or_else(|| refusal("Send the header Sec-WebSocket-Key"))
}

fn has_token(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    let values = headers.get_all(name).iter().filter_map(|value| value.to_str().ok());
    values.flat_map(|value| value.split(',')).any(|value| value.trim().eq_ignore_ascii_case(token))
}

fn refusal(what: &str) -> ApiError {
    ApiError::new(ErrorCode::ValidationError, "Only a WebSocket can be opened here").detail("upgrade", what)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(change: impl FnOnce(&mut HeaderMap)) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("WebSocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        headers.insert(header::SEC_WEBSOCKET_KEY, HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ=="));
        change(&mut headers);
        headers
    }

    #[test]
    fn the_example_of_the_rfc_is_accepted() {
        let headers = headers(|_| {});
        let key = check(&Method::GET, &headers).expect("a good request");
        assert_eq!(derive_accept_key(key), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn a_request_that_lacks_something_is_told_what() {
        assert!(check(&Method::POST, &headers(|_| {})).is_err());
        for name in [header::CONNECTION, header::UPGRADE, header::SEC_WEBSOCKET_VERSION, header::SEC_WEBSOCKET_KEY] {
            let lacking = headers(|headers| drop(headers.remove(&name)));
            assert!(check(&Method::GET, &lacking).is_err(), "{name}");
        }
        let old = headers(|headers| drop(headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("8"))));
        assert!(check(&Method::GET, &old).is_err());
    }
}
