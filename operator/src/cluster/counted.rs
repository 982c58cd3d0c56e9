//! Counts the requests to the API server by verb and code.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use http::{Method, Request, Response, Uri};
use tower::{BoxError, Layer, Service};

use crate::metrics::{ApiLabels, OperatorMetrics};

/// Puts a counter before a client.
#[derive(Debug, Clone)]
pub struct CountedLayer(OperatorMetrics);

impl CountedLayer {
    /// Counts into these metrics.
    pub fn new(metrics: OperatorMetrics) -> Self {
        Self(metrics)
    }
}

impl<S> Layer<S> for CountedLayer {
    type Service = Counted<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Counted { inner, metrics: self.0.clone() }
    }
}

/// A client with a counter before it.
#[derive(Debug)]
pub struct Counted<S> {
    inner: S,
    metrics: OperatorMetrics,
}

impl<S, In, Out> Service<Request<In>> for Counted<S>
where
    S: Service<Request<In>, Response = Response<Out>, Error = BoxError>,
    S::Future: Send + 'static,
    Out: Send + 'static,
{
    type Response = Response<Out>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Out>, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        let verb = verb(request.method(), request.uri());
        let metrics = self.metrics.clone();
        let answer = self.inner.call(request);
        Box::pin(async move {
            let answer = answer.await;
            let code = answer.as_ref().map_or(0, |answer| answer.status().as_u16());
            metrics.api_requests.get_or_create(&ApiLabels { verb, code }).inc();
            answer
        })
    }
}

/// The verb as Kubernetes' own metrics name it.
fn verb(method: &Method, uri: &Uri) -> &'static str {
    let watches =
        uri.query().is_some_and(|query| query.split('&').any(|pair| pair == "watch=true" || pair == "watch=1"));
    match *method {
        Method::GET if watches => "WATCH",
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        _ => "OTHER",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_watch_is_told_from_a_get() {
        let verb_of = |uri: &str| verb(&Method::GET, &uri.parse().unwrap());
        assert_eq!(verb_of("/api/v1/pods?watch=true&timeoutSeconds=290"), "WATCH");
        assert_eq!(verb_of("/api/v1/pods?limit=100"), "GET");
        assert_eq!(verb_of("/api/v1/pods"), "GET");
    }
}
