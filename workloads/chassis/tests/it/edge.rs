//! The edge: who asks whom, in which version, and what every reply says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::StatusCode;
use axum::routing::{get, post};
use confab_chassis::http::client_address::PeerAddress;
use confab_chassis::http::{Caller, ClientAddress, CurrentTenant, HttpError, HttpResult, Json, RequestIdText};
use confab_chassis::rate::RateLimiter;
use confab_contract::config::tenant::RateLimit;
use confab_contract::rest::auth::LoginRequest;
use confab_contract::{ApiError, SessionId, UserId};
use serde_json::json;

use crate::fixture::{Service, ask, get as fetch, request, tenant_config};

async fn fails() -> HttpResult<()> {
    Err(HttpError::internal(&std::io::Error::other("canary: password=hunter2")))
}

async fn panics() {
    panic!("canary")
}

async fn foreign() -> (StatusCode, &'static str) {
    (StatusCode::BAD_REQUEST, "canary of a library")
}

fn routes() -> Router<Service> {
    Router::new()
        .route("/v1/me", get(async |caller: Caller| format!("{} {}", caller.user, caller.tenant.id())))
        .route("/v1/tenant", get(async |CurrentTenant(tenant): CurrentTenant| tenant.id().to_string()))
        .route("/v1/address", get(async |address: ClientAddress| address.to_string()))
        .route("/v1/id", get(async |id: RequestIdText| id.to_string()))
        .route("/v1/fails", get(fails))
        .route("/v1/panics", get(panics))
        .route("/v1/foreign", get(foreign))
        .route("/v1/slow", get(std::future::pending::<()>))
        .route("/v1/write", post(async || "written"))
        .route("/docs", get(async || "docs"))
        .route(
            "/v1/busy",
            get(async || -> HttpResult<()> { Err(ApiError::unavailable("The store is away", 5).into()) }),
        )
}

fn app() -> Router {
    Service::new().protect(routes())
}

#[tokio::test]
async fn the_host_chooses_the_tenant() {
    let app = app();
    for host in ["chat.example.com", "API.chat.example.com:8080"] {
        let asked = request("GET", "/v1/tenant").header("x", "y").body(Body::empty()).unwrap();
        let (mut parts, body) = asked.into_parts();
        parts.headers.insert("host", host.parse().unwrap());
        assert_eq!(ask(&app, axum::extract::Request::from_parts(parts, body)).await.text, "default.demo");
    }
    assert_eq!(fetch(&app, "http://chat.example.com/v1/tenant").await.text, "default.demo");
}

#[tokio::test]
async fn an_unknown_host_is_named_with_the_setting_that_would_help() {
    let asked = axum::extract::Request::get("/v1/tenant").header("host", "other.example.com").body(Body::empty());
    let answer = ask(&app(), asked.unwrap()).await;
    assert_eq!(answer.error(404, "NOT_FOUND"), json!({ "host": "other.example.com" }));
    let message = answer.json()["error"]["message"].to_string();
    assert!(message.contains("other.example.com") && message.contains("extra_hosts"), "{message}");
    let asked = axum::extract::Request::get("/v1/tenant").body(Body::empty());
    ask(&app(), asked.unwrap()).await.error(404, "NOT_FOUND");
}

#[tokio::test]
async fn forwarded_headers_count_only_from_our_proxies() {
    let mut service = Service::new();
    service.http.trusted_proxies = vec!["10.0.0.0/8".parse().unwrap()];
    let app = service.protect(routes());
    let through = |peer: &str, path: &str| {
        let peer: SocketAddr = peer.parse().unwrap();
        axum::extract::Request::get(path)
            .extension(ConnectInfo(PeerAddress(peer)))
            .header("host", "internal:8080")
            .header("x-forwarded-for", "6.6.6.6, 198.51.100.1")
            .header("x-forwarded-host", "chat.example.com")
            .header("x-forwarded-proto", "https")
            .body(Body::empty())
            .unwrap()
    };
    let proxied = ask(&app, through("10.1.2.3:1", "/v1/address")).await;
    assert_eq!(proxied.text, "198.51.100.1");
    assert_eq!(proxied.header("strict-transport-security"), "max-age=31536000");
    assert_eq!(ask(&app, through("10.1.2.3:1", "/v1/tenant")).await.text, "default.demo");

    let stranger = ask(&app, through("203.0.113.7:1", "/v1/address")).await;
    assert_eq!((stranger.text.as_str(), stranger.header("strict-transport-security")), ("203.0.113.7", ""));
    ask(&app, through("203.0.113.7:1", "/v1/tenant")).await.error(404, "NOT_FOUND");
}

#[tokio::test]
async fn a_request_has_one_id_everywhere() {
    let own = request("GET", "/v1/id").header("x-request-id", "trace-7").body(Body::empty()).unwrap();
    let answer = ask(&app(), own).await;
    assert_eq!((answer.text.as_str(), answer.header("x-request-id")), ("trace-7", "trace-7"));
    let made = fetch(&app(), "/v1/id").await;
    assert!(made.text.starts_with("req_") && made.text == made.header("x-request-id"));
    let strange = request("GET", "/v1/id").header("x-request-id", "a b").body(Body::empty()).unwrap();
    assert!(ask(&app(), strange).await.text.starts_with("req_"));
}

#[tokio::test]
async fn versions_are_checked() {
    let answer = fetch(&app(), "/v1/tenant").await;
    assert_eq!(answer.header("api-version"), "2025-01-15");
    let old = request("GET", "/v1/tenant").header("api-version", "2024-01-01").body(Body::empty()).unwrap();
    assert_eq!(ask(&app(), old).await.error(400, "VALIDATION_ERROR")["supported"], json!(["2025-01-15"]));
    fetch(&app(), "/v2/tenant").await.error(404, "NOT_FOUND");
}

#[tokio::test]
async fn failures_show_nothing_of_their_cause() {
    for path in ["/v1/fails", "/v1/panics"] {
        let answer = fetch(&app(), path).await;
        answer.error(500, "INTERNAL_SERVER_ERROR");
        assert!(!answer.text.contains("canary"), "{}", answer.text);
    }
    let foreign = fetch(&app(), "/v1/foreign").await;
    foreign.error(400, "VALIDATION_ERROR");
    assert!(!foreign.text.contains("canary"));
}

#[tokio::test]
async fn a_passing_outage_says_when_to_come_back() {
    let answer = fetch(&app(), "/v1/busy").await;
    answer.error(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), "5");
}

#[tokio::test(start_paused = true)]
async fn a_request_that_takes_too_long_is_given_up() {
    let answer = fetch(&app(), "/v1/slow").await;
    answer.error(503, "SERVICE_UNAVAILABLE");
    assert_eq!(answer.header("retry-after"), "1");
}

#[tokio::test]
async fn unknown_paths_and_methods_get_our_form() {
    fetch(&app(), "/v1/nothing").await.error(404, "NOT_FOUND");
    fetch(&app(), "/").await.error(404, "NOT_FOUND");
    let answer = fetch(&app(), "/v1/write").await;
    answer.error(405, "METHOD_NOT_ALLOWED");
    assert_eq!(answer.header("allow"), "POST");
    let trace = request("TRACE", "/v1/tenant").body(Body::empty()).unwrap();
    ask(&app(), trace).await.error(405, "METHOD_NOT_ALLOWED");
}

#[tokio::test]
async fn head_and_options_do_what_one_expects() {
    let head = ask(&app(), request("HEAD", "/v1/tenant").body(Body::empty()).unwrap()).await;
    assert_eq!((head.status.as_u16(), head.text.as_str()), (200, ""));
    let options = ask(&app(), request("OPTIONS", "/v1/tenant").body(Body::empty()).unwrap()).await;
    assert_eq!((options.status.as_u16(), options.header("allow")), (204, "GET,HEAD"));
}

#[tokio::test]
async fn replies_carry_the_headers_that_calm_browsers() {
    for path in ["/v1/tenant", "/v1/nothing", "/v1/panics"] {
        let answer = fetch(&app(), path).await;
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert_eq!(answer.header("strict-transport-security"), "");
    }
    assert_eq!(fetch(&app(), "/docs").await.header("cache-control"), "");
}

#[tokio::test]
async fn pages_of_listed_origins_may_call_and_others_may_not() {
    let mut config = tenant_config();
    config.auth.allowed_origins = vec!["https://app.example.org".to_owned()];
    let app = Service::of(config).protect(routes());
    let asked = |method: &str, origin: &str, path: &str| {
        let mut asked = request(method, path).header("origin", origin);
        if method == "OPTIONS" {
            asked = asked.header("access-control-request-method", "POST");
        }
        asked.body(Body::empty()).unwrap()
    };
    let preflight = ask(&app, asked("OPTIONS", "https://app.example.org", "/v1/write")).await;
    assert_eq!(preflight.status, 204);
    assert_eq!(preflight.header("access-control-allow-origin"), "https://app.example.org");
    assert!(preflight.header("access-control-allow-headers").contains("Authorization"));
    assert!(preflight.header("access-control-allow-methods").contains("DELETE"));
    assert_eq!(preflight.header("access-control-allow-credentials"), "");
    assert_eq!(preflight.header("vary"), "origin");

    for path in ["/v1/tenant", "/v1/nothing"] {
        let allowed = ask(&app, asked("GET", "https://app.example.org", path)).await;
        assert_eq!(allowed.header("access-control-allow-origin"), "https://app.example.org");
        assert!(allowed.header("access-control-expose-headers").contains("X-Request-Id"));
        let refused = ask(&app, asked("GET", "https://evil.example", path)).await;
        assert_eq!((refused.header("access-control-allow-origin"), refused.header("vary")), ("", "origin"));
    }
    let evil = ask(&app, asked("OPTIONS", "https://evil.example", "/v1/write")).await;
    evil.error(403, "AUTHORIZATION_FAILED");
    assert_eq!(evil.header("access-control-allow-origin"), "");
}

#[tokio::test]
async fn a_caller_is_known_by_the_token_alone() {
    let service = Service::new();
    let app = service.protect(routes());
    let (user, session) = (UserId::generate(), SessionId::generate());
    let token = service.token(user, session);
    let with = |value: String| request("GET", "/v1/me").header("authorization", value).body(Body::empty()).unwrap();
    for scheme in ["Bearer", "bearer", "BEARER"] {
        assert_eq!(ask(&app, with(format!("{scheme} {token}"))).await.text, format!("{user} default.demo"));
    }
    for value in ["", "Bearer", "Bearer ", "Basic dXNlcjpwdw==", &token, "Bearer canary", "Bearer a.b.c"] {
        let answer = ask(&app, with(value.to_owned())).await;
        answer.error(401, "AUTHENTICATION_FAILED");
        assert_eq!(answer.header("www-authenticate"), "Bearer");
        assert!(!answer.text.contains("canary"));
    }
    fetch(&app, "/v1/me").await.error(401, "AUTHENTICATION_FAILED");
    fetch(&app, &format!("/v1/me?token={token}")).await.error(401, "AUTHENTICATION_FAILED");
    let twice = request("GET", "/v1/me")
        .header("authorization", format!("Bearer {token}"))
        .header("authorization", "Bearer other")
        .body(Body::empty());
    ask(&app, twice.unwrap()).await.error(401, "AUTHENTICATION_FAILED");

    service.verifier.revocations().revoke(&crate::fixture::tenant_id(), session, service.clock.now());
    let revoked = ask(&app, with(format!("Bearer {token}"))).await;
    assert_eq!(revoked.error(401, "AUTHENTICATION_FAILED"), json!({ "reason": "revoked" }));
}

#[tokio::test]
async fn an_expired_token_is_told_apart() {
    let service = Service::new();
    let app = service.protect(routes());
    let token = service.token(UserId::generate(), SessionId::generate());
    service.hand.advance(3_600_000);
    let asked = request("GET", "/v1/me").header("authorization", format!("Bearer {token}")).body(Body::empty());
    let answer = ask(&app, asked.unwrap()).await;
    assert_eq!(answer.error(401, "AUTHENTICATION_FAILED"), json!({ "reason": "expired" }));
}

#[tokio::test]
async fn callers_are_counted_and_every_reply_shows_the_limit() {
    let mut config = tenant_config();
    config.limits.regular = RateLimit { requests: 2, per_seconds: 60 };
    let mut service = Service::of(config);
    service.limiter = Some(RateLimiter::in_process(service.clock.clone()));
    let app = service.protect(routes());
    let token = service.token(UserId::generate(), SessionId::generate());
    let asked =
        || request("GET", "/v1/me").header("authorization", format!("Bearer {token}")).body(Body::empty()).unwrap();
    for remaining in ["1", "0"] {
        let answer = ask(&app, asked()).await;
        assert_eq!((answer.status.as_u16(), answer.header("x-ratelimit-remaining")), (200, remaining));
        assert_eq!((answer.header("x-ratelimit-limit"), answer.header("x-ratelimit-reset")), ("2", "1736937060"));
    }
    let refused = ask(&app, asked()).await;
    refused.error(429, "RATE_LIMIT_EXCEEDED");
    assert_eq!((refused.header("retry-after"), refused.header("x-ratelimit-remaining")), ("60", "0"));
    service.hand.advance(60_000);
    assert_eq!(ask(&app, asked()).await.status, 200);
}

/// Collects what is logged.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl std::io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn no_secret_of_a_request_gets_into_the_log() {
    let lines = Lines::default();
    let writer = lines.clone();
    let log = tracing_subscriber::fmt().with_max_level(tracing::Level::TRACE).with_writer(move || writer.clone());
    let _guard = tracing::subscriber::set_default(log.finish());

    let app = Service::new().protect(routes().route("/v1/login", post(async |Json(_): Json<LoginRequest>| "in")));
    let asked = request("GET", "/v1/me?token=canary&q=canary")
        .header("authorization", "Bearer canary.canary.canary")
        .header("cookie", "canary")
        .body(Body::empty());
    ask(&app, asked.unwrap()).await.error(401, "AUTHENTICATION_FAILED");
    for body in [
        r#"{"email":"a@example.com","password":["canary"]}"#,
        r#"{"email":"a@example.com","password":"canary","device_id":5}"#,
        r#"{"email":"a@example.com","password":"canary","device_id":"canary"}"#,
    ] {
        let asked = request("POST", "/v1/login").header("content-type", "application/json").body(Body::from(body));
        assert!(!ask(&app, asked.unwrap()).await.text.contains("canary"));
    }
    let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
    assert!(text.contains("/v1/login") && text.contains("req_"), "{text}");
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test]
async fn requests_are_counted_by_class() {
    let service = Service::new();
    let app = service.protect(routes());
    fetch(&app, "/v1/tenant").await;
    fetch(&app, "/v1/nothing").await;
    fetch(&app, "/v1/fails").await;
    let text = service.metrics.encode();
    for line in [
        r#"confab_http_requests_total{status="2xx"} 1"#,
        r#"confab_http_requests_total{status="4xx"} 1"#,
        r#"confab_http_requests_total{status="5xx"} 1"#,
        "confab_http_requests_in_flight 0",
    ] {
        assert!(text.contains(line), "{line} in {text}");
    }
}
