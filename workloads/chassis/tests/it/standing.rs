//! Tenants that come, rest and go: what their requests are answered.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::body::Body;
use axum::routing::get as on_get;
use confab_chassis::http::CurrentTenant;
use confab_chassis::tenant::{CannotTell, LookUp, Standing, Tenant, Tenants};
use confab_contract::config::tenant::TenantConfig;

use crate::fixture::{HOST, Service, ask, get, request, tenant_config};

fn app(service: &Service) -> Router {
    let routes = Router::new()
        .route("/v1/who", on_get(|CurrentTenant(tenant): CurrentTenant| async move { tenant.id().to_string() }));
    service.protect(routes)
}

fn put(service: &Service, standing: Standing) {
    service.tenants.put(&Arc::new(Tenant::standing(tenant_config(), standing)));
}

#[tokio::test]
async fn a_hibernated_tenant_answers_503_with_the_reason_and_when_to_come_back() {
    let service = Service::new();
    let app = app(&service);
    assert_eq!(get(&app, "/v1/who").await.text, "default.demo");
    put(&service, Standing::Hibernated);
    let answer = get(&app, "/v1/who").await;
    assert_eq!(answer.error(503, "SERVICE_UNAVAILABLE")["reason"], "tenant_hibernated");
    assert_eq!(answer.header("retry-after"), "60");
    put(&service, Standing::Serving);
    assert_eq!(get(&app, "/v1/who").await.text, "default.demo");
}

#[tokio::test]
async fn a_tenant_that_its_host_does_not_admit_answers_403_with_the_reason() {
    let service = Service::new();
    put(&service, Standing::NotAllowed);
    let answer = get(&app(&service), "/v1/who").await;
    assert_eq!(answer.error(403, "AUTHORIZATION_FAILED")["reason"], "tenant_not_allowed");
}

#[tokio::test]
async fn a_page_is_shown_why_a_tenant_is_not_served() {
    let service = Service::new();
    put(&service, Standing::Hibernated);
    let origin = format!("https://{HOST}");
    let preflight = request("OPTIONS", "/v1/who").header("origin", &origin);
    let preflight = preflight.header("access-control-request-method", "GET").body(Body::empty()).unwrap();
    assert_eq!(ask(&app(&service), preflight).await.status, 204);
    let asked = request("GET", "/v1/who").header("origin", &origin).body(Body::empty()).unwrap();
    let answer = ask(&app(&service), asked).await;
    assert_eq!((answer.status.as_u16(), answer.header("access-control-allow-origin")), (503, origin.as_str()));
}

#[tokio::test]
async fn a_tenant_that_was_removed_is_unknown() {
    let service = Service::new();
    service.tenants.remove(&tenant_config().id);
    get(&app(&service), "/v1/who").await.error(404, "NOT_FOUND");
}

/// Brings a tenant that nobody has told of, or cannot tell.
struct Source {
    tenants: Tenants,
    is_away: bool,
    asked: AtomicU32,
}

impl LookUp for Source {
    fn look_up(&self) -> Pin<Box<dyn Future<Output = Result<(), CannotTell>> + Send + '_>> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        if self.is_away {
            return Box::pin(std::future::ready(Err(CannotTell)));
        }
        let late = TenantConfig::new("default.late".parse().unwrap(), "late.example.com");
        self.tenants.put(&Arc::new(Tenant::new(late)));
        Box::pin(std::future::ready(Ok(())))
    }
}

fn source(service: &Service, is_away: bool) -> Arc<Source> {
    let source = Arc::new(Source { tenants: service.tenants.clone(), is_away, asked: AtomicU32::new(0) });
    let as_look_up: Arc<dyn LookUp> = source.clone();
    service.tenants.look_up_with(Arc::downgrade(&as_look_up));
    source
}

async fn ask_at(app: &Router, host: &str) -> crate::fixture::Answer {
    let mut request = request("GET", "/v1/who").body(Body::empty()).unwrap();
    request.headers_mut().insert("host", host.parse().unwrap());
    ask(app, request).await
}

#[tokio::test]
async fn a_tenant_so_new_that_the_process_has_not_heard_of_it_is_looked_up() {
    let service = Service::new();
    let (app, source) = (app(&service), source(&service, false));
    assert_eq!(ask_at(&app, HOST).await.text, "default.demo");
    assert_eq!(source.asked.load(Ordering::SeqCst), 0, "who is known needs no look");
    assert_eq!(ask_at(&app, "api.late.example.com").await.text, "default.late");
    ask_at(&app, "nobody.example.com").await.error(404, "NOT_FOUND");
}

#[tokio::test]
async fn where_nobody_can_tell_whether_there_is_a_tenant_the_answer_is_503() {
    let service = Service::new();
    let (app, _source) = (app(&service), source(&service, true));
    let answer = ask_at(&app, "late.example.com").await;
    answer.error(503, "SERVICE_UNAVAILABLE");
    assert!(!answer.header("retry-after").is_empty());
    assert_eq!(ask_at(&app, HOST).await.text, "default.demo");
}
