//! What several tests need: a tenant, its keys, a small service, and a way to ask it.

use std::net::SocketAddr;

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode};
use confab_chassis::clock::{Clock, ManualClock};
use confab_chassis::http::client_address::PeerAddress;
use confab_chassis::http::{Edge, HasIdentity};
use confab_chassis::rate::RateLimiter;
use confab_chassis::telemetry::Metrics;
use confab_chassis::tenant::Tenants;
use confab_chassis::token::{KeyMaterial, Keyring, Revocations, Verifier, generate_key};
use confab_contract::config::section::HttpConfig;
use confab_contract::config::tenant::TenantConfig;
use confab_contract::{SessionId, TenantId, Timestamp, UserId};
use serde_json::Value;
use tower::ServiceExt as _;

pub const HOST: &str = "chat.example.com";

pub fn tenant_id() -> TenantId {
    "default.demo".parse().unwrap()
}

pub fn tenant_config() -> TenantConfig {
    TenantConfig::new(tenant_id(), HOST)
}

/// A key that has been active for an hour and stays so for a day.
pub fn key(now: Timestamp) -> KeyMaterial {
    let day = 86_400_000;
    generate_key(now.plus_millis(-3_600_000), now.plus_millis(day), now.plus_millis(2 * day))
}

/// A service in a box: a tenant with a key, and a clock to turn.
#[derive(Clone)]
pub struct Service {
    pub tenants: Tenants,
    pub verifier: Verifier,
    pub limiter: Option<RateLimiter>,
    pub clock: Clock,
    pub hand: ManualClock,
    pub http: HttpConfig,
    pub metrics: Metrics,
}

impl HasIdentity for Service {
    fn verifier(&self) -> &Verifier {
        &self.verifier
    }

    fn rate_limiter(&self) -> Option<&RateLimiter> {
        self.limiter.as_ref()
    }
}

impl Service {
    pub fn new() -> Self {
        Self::of(tenant_config())
    }

    pub fn of(config: TenantConfig) -> Self {
        let (clock, hand) = Clock::manual(Timestamp::from_millis(1_736_937_000_000));
        let keyring = Keyring::new();
        keyring.replace(&config.id, vec![key(clock.now())]);
        let verifier = Verifier::new(keyring, Revocations::new(), clock.clone());
        Self {
            tenants: Tenants::new(vec![config]),
            verifier,
            limiter: None,
            clock,
            hand,
            http: HttpConfig::default(),
            metrics: Metrics::new(),
        }
    }

    /// The routes inside the edge.
    pub fn protect(&self, router: Router<Self>) -> Router {
        let edge = Edge::new(self.tenants.clone(), &self.http, self.clock.clone(), &self.metrics);
        edge.protect(router.with_state(self.clone()))
    }

    pub fn token(&self, user: UserId, session: SessionId) -> String {
        let tenant = self.tenants.by_host(HOST).unwrap();
        self.verifier.keyring().sign(&tenant, user, session, self.clock.now()).unwrap().0
    }
}

/// A reply, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {:?}", self.text))
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map(|value| value.to_str().unwrap()).unwrap_or_default()
    }

    /// Checks that it is an error in the form of the specification, and gives its details.
    pub fn error(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!((self.status.as_u16(), &body["error"]["code"]), (status, &Value::from(code)), "{body}");
        assert_eq!(body["success"], false);
        assert!(body["error"]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        assert_eq!(body["request_id"], self.header("x-request-id"));
        assert!(body["timestamp"].as_str().unwrap().ends_with('Z'));
        body["error"]["details"].clone()
    }
}

/// A request from a stranger's address to the tenant's host.
pub fn request(method: &str, path: &str) -> axum::http::request::Builder {
    let peer: SocketAddr = "203.0.113.7:4711".parse().unwrap();
    Request::builder().method(method).uri(path).header("host", HOST).extension(ConnectInfo(PeerAddress(peer)))
}

pub async fn ask(app: &Router, request: Request<Body>) -> Answer {
    let response = app.clone().oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let bytes = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    Answer { status: parts.status, headers: parts.headers, text: String::from_utf8(bytes.to_vec()).unwrap() }
}

pub async fn get(app: &Router, path: &str) -> Answer {
    ask(app, request("GET", path).body(Body::empty()).unwrap()).await
}
