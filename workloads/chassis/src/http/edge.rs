//! The one layer around everything. It is one service with one future, because every request pays for it.

use std::any::Any;
use std::cell::Cell;
use std::convert::Infallible;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context as TaskContext, Poll};
use std::time::{Duration, Instant};

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response};
use confab_contract::config::section::HttpConfig;
use confab_contract::{ApiError, ErrorCode};
use futures_util::FutureExt as _;
use ipnet::IpNet;
use tower::{Layer, Service};
use tracing::Instrument as _;

use super::client_address::{ClientAddress, PeerAddress, client_address, is_trusted};
use super::context::{CURRENT, Context, current};
use super::error::{Formed, HttpError};
use super::request_id::{self, REQUEST_ID_HEADER, RequestIdText};
use super::tenant::{check_standing, named_host, no_tenant};
use super::{cors, security_headers, version};
use crate::clock::Clock;
use crate::serve::HttpMetrics;
use crate::telemetry::Metrics;
use crate::tenant::{CannotTell, Tenants};

/// Bytes of the path, the query and all headers together.
const HEAD_BYTES: usize = 16 * 1024;
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// The outermost layer of a public router. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Edge(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    tenants: Tenants,
    trusted_proxies: Vec<IpNet>,
    read_timeout: Duration,
    request_timeout: Duration,
    clock: Clock,
    metrics: HttpMetrics,
}

impl Edge {
    /// A layer for these tenants.
    #[must_use]
    pub fn new(tenants: Tenants, config: &HttpConfig, clock: Clock, metrics: &Metrics) -> Self {
        Self(Arc::new(Settings {
            tenants,
            trusted_proxies: config.trusted_proxies.clone(),
            read_timeout: Duration::from_secs(config.read_timeout_seconds),
            request_timeout: Duration::from_secs(config.request_timeout_seconds),
            clock,
            metrics: metrics.set(),
        }))
    }

    /// Wraps a router, with all its routes and its fallbacks.
    pub fn protect(&self, router: Router) -> Router {
        router.layer(self.clone())
    }
}

impl<S> Layer<S> for Edge {
    type Service = EdgeService<S>;

    fn layer(&self, inner: S) -> EdgeService<S> {
        EdgeService { settings: Arc::clone(&self.0), inner }
    }
}

/// A service inside an [`Edge`].
#[derive(Debug, Clone)]
pub struct EdgeService<S> {
    settings: Arc<Settings>,
    inner: S,
}

impl<S> Service<Request> for EdgeService<S>
where
    S: Service<Request, Response = Response, Error = Infallible> + Clone + Send + 'static,
    S::Future: Send,
{
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), Infallible>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that was polled ready is the one to call.
        let next = self.inner.clone();
        let inner = std::mem::replace(&mut self.inner, next);
        let settings = Arc::clone(&self.settings);
        let context = settings.context_of(&request);
        // Only when somebody debugs: it would cost each request more than all else in here. Lines that matter name the id.
        let span = tracing::debug_span!("request", request_id = context.request_id.as_str());
        let answer = async move {
            let mut context = context;
            if context.tenant.is_none() && context.host.is_some() {
                // On the heap: almost no request comes this way, and every one would carry it about.
                Box::pin(settings.look_up(&mut context)).await;
            }
            CURRENT.scope(context, async { Ok(answer(&settings, inner, request).await) }).await
        };
        Box::pin(answer.instrument(span))
    }
}

impl Settings {
    fn context_of(&self, request: &Request) -> Context {
        let headers = request.headers();
        let peer = request.extensions().get::<ConnectInfo<PeerAddress>>().map(|info| info.0.0.ip());
        let behind_proxy = peer.is_some_and(|peer| is_trusted(peer.to_canonical(), &self.trusted_proxies));
        let client = match peer {
            None => ClientAddress::UNKNOWN,
            Some(peer) if !behind_proxy => ClientAddress(peer.to_canonical()),
            Some(peer) => {
                let values: Vec<&str> =
                    headers.get_all(FORWARDED_FOR).iter().map(|value| value.to_str().unwrap_or_default()).collect();
                ClientAddress(client_address(peer, values.into_iter(), &self.trusted_proxies))
            }
        };
        let host = named_host(request.uri(), headers, behind_proxy);
        Context {
            request_id: RequestIdText::of(headers),
            method: request.method().clone(),
            uri: request.uri().clone(),
            client,
            secure: behind_proxy && came_over_tls(headers),
            tenant: host.and_then(|host| self.tenants.by_host(host)),
            cannot_tell: false,
            host: host.map(str::to_owned),
            read_timeout: self.read_timeout,
            clock: self.clock.clone(),
            verdict: Cell::new(None),
            user: Cell::new(None),
        }
    }
}

impl Settings {
    /// The tenant may be so new that this process has not heard of it.
    async fn look_up(&self, context: &mut Context) {
        let Some(host) = context.host.as_deref() else { return };
        match self.tenants.find_by_host(host).await {
            Ok(tenant) => context.tenant = tenant,
            Err(CannotTell) => context.cannot_tell = true,
        }
    }
}

/// The last value was written by the nearest proxy.
fn came_over_tls(headers: &HeaderMap) -> bool {
    let proto = headers.get(FORWARDED_PROTO).and_then(|value| value.to_str().ok()).unwrap_or_default();
    proto.rsplit(',').next().is_some_and(|last| last.trim().eq_ignore_ascii_case("https"))
}

/// What is needed of a request after it is gone.
struct Asked {
    method: Method,
    uri: Uri,
    origin: Option<HeaderValue>,
}

async fn answer<S>(settings: &Settings, inner: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let began = Instant::now();
    let in_flight = settings.metrics.begin();
    let asked = Asked {
        method: request.method().clone(),
        uri: request.uri().clone(),
        origin: request.headers().get(header::ORIGIN).cloned(),
    };
    let mut response = match before(&request) {
        Ok(None) => handle(settings, inner, request).await,
        Ok(Some(early)) => early,
        Err(error) => HttpError(error).into_response(),
    };
    response = formed(&asked, response);
    write_headers(&asked, response.headers_mut());

    let elapsed = began.elapsed();
    in_flight.end(response.status(), elapsed);
    // Never the query: it may hold a token.
    tracing::debug!(
        method = %asked.method,
        path = asked.uri.path(),
        status = response.status().as_u16(),
        request_id = ?request_id::current(),
        micros = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX),
        "answered"
    );
    response
}

/// What is answered without a handler.
fn before(request: &Request) -> Result<Option<Response>, ApiError> {
    if request.method() == Method::TRACE || request.method() == Method::CONNECT {
        return Err(method_not_allowed(request.method()));
    }
    check_head(request)?;
    version::check(request.uri().path(), request.headers())?;
    if !cors::is_preflight(request.method(), request.headers()) {
        let standing = |context: &Context| context.tenant.as_deref().map_or(Ok(()), check_standing);
        return current(standing).transpose().map(|_| None);
    }
    // Also where the tenant is not served: without it a page would not be shown why.
    let preflight = |context: &Context| match &context.tenant {
        Some(tenant) => cors::preflight(tenant, request.headers(), context.host.as_deref()),
        None => Err(no_tenant(context)),
    };
    current(preflight).transpose()
}

/// The handler, within the time it has, and whatever happens in it.
async fn handle<S>(settings: &Settings, mut inner: S, request: Request) -> Response
where
    S: Service<Request, Response = Response, Error = Infallible>,
{
    let handling = AssertUnwindSafe(async move { inner.call(request).await }).catch_unwind();
    match tokio::time::timeout(settings.request_timeout, handling).await {
        Ok(Ok(Ok(response))) => response,
        Ok(Err(panic)) => {
            tracing::error!(request_id = ?request_id::current(), panic = panic_text(panic.as_ref()), "a handler panicked");
            HttpError(ApiError::internal()).into_response()
        }
        Err(_) => HttpError(ApiError::unavailable("The request took too long; try again", 1)).into_response(),
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&'static str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no text")
}

/// Gives the errors of the router and of other libraries the form of ours.
fn formed(asked: &Asked, response: Response) -> Response {
    let status = response.status();
    let is_error = status.is_client_error() || status.is_server_error();
    if !is_error || response.extensions().get::<Formed>().is_some() {
        return response;
    }
    let allow = response.headers().get(header::ALLOW).cloned();
    if asked.method == Method::OPTIONS && status == StatusCode::METHOD_NOT_ALLOWED {
        let mut options = StatusCode::NO_CONTENT.into_response();
        options.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
        return options;
    }
    let mut response = HttpError(error_of(asked, status)).into_response();
    response.headers_mut().extend(allow.map(|allow| (header::ALLOW, allow)));
    response
}

fn error_of(asked: &Asked, status: StatusCode) -> ApiError {
    match status {
        StatusCode::NOT_FOUND => ApiError::new(ErrorCode::NotFound, "There is nothing at this path"),
        StatusCode::METHOD_NOT_ALLOWED => method_not_allowed(&asked.method),
        StatusCode::UNAUTHORIZED => ApiError::unauthenticated("Sign in first"),
        StatusCode::FORBIDDEN => ApiError::forbidden("Not allowed"),
        StatusCode::CONFLICT => ApiError::conflict("Contradicts what is stored"),
        StatusCode::PAYLOAD_TOO_LARGE => ApiError::new(ErrorCode::PayloadTooLarge, "The body is too large"),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            ApiError::new(ErrorCode::UnsupportedMediaType, "The body is of a type that is not taken here")
        }
        StatusCode::TOO_MANY_REQUESTS => ApiError::new(ErrorCode::RateLimitExceeded, "Too many requests"),
        StatusCode::SERVICE_UNAVAILABLE => ApiError::unavailable("Try again soon", 1),
        status if status.is_client_error() => {
            ApiError::new(ErrorCode::ValidationError, "The request is not one that this path takes")
        }
        _ => ApiError::internal(),
    }
}

/// No client of ours comes near the limit.
fn check_head(request: &Request) -> Result<(), ApiError> {
    let uri = request.uri();
    let query = uri.query().map_or(0, str::len);
    let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
    if uri.path().len() + query + headers <= HEAD_BYTES {
        return Ok(());
    }
    Err(ApiError::invalid("request", format!("The address and the headers take more than {HEAD_BYTES} bytes")))
}

fn method_not_allowed(method: &Method) -> ApiError {
    // A method is a token of letters, but may be long.
    let name: String = method.as_str().chars().take(32).collect();
    ApiError::new(ErrorCode::MethodNotAllowed, format!("This path does not take {name}"))
}

/// The headers of every reply.
fn write_headers(asked: &Asked, reply: &mut HeaderMap) {
    let is_api = asked.uri.path().starts_with("/v1");
    let _ = current(|context| {
        reply.insert(REQUEST_ID_HEADER, context.request_id.header());
        if let Some(tenant) = &context.tenant {
            cors::write_to(reply, tenant, asked.origin.as_ref(), context.host.as_deref());
        }
        if let Some(verdict) = context.verdict.get() {
            verdict.write_to(reply);
        }
        security_headers::write_to(reply, is_api, context.secure);
    });
    reply.insert(version::API_VERSION_HEADER, version::CURRENT_VERSION);
}
