//! Nothing is written after the Lease may have passed to somebody else.
//!
//! Every request of the reconciling client goes through [`FenceLayer`]. Before each one that is no GET it looks at the
//! deadline: the *start* of the last successful renewal, plus the Lease's duration, less a grace. A request that was let
//! through ends before that grace does, or is given up: so no write of ours can land when another leads.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use http::{Method, Request, Response};
use tower::{BoxError, Layer, Service};

/// How long before the Lease ends the last write may begin. A write ends within this time or is given up.
pub const GRACE: Duration = Duration::from_secs(3);

/// Why a request was not sent, or not waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FenceError {
    /// This process does not lead, or cannot be sure that it still does.
    #[error("this operator does not hold the lease")]
    NotLeading,
    /// The answer did not come in time; whether the write took place is unknown.
    #[error("the API server did not answer within {} s", GRACE.as_secs())]
    TimedOut,
}

/// Until when this process may write. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Fence(Arc<Mutex<Option<Instant>>>);

impl Fence {
    /// A fence that is open for good: for a single operator without election.
    pub fn open() -> Self {
        let fence = Self::default();
        // A century: longer than any process, and within what an Instant can hold.
        fence.open_until(Instant::now() + Duration::from_hours(24 * 365 * 100));
        fence
    }

    /// Writes may begin before this moment.
    pub fn open_until(&self, deadline: Instant) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(deadline);
    }

    /// No write may begin.
    pub fn close(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Whether a write may begin at this moment.
    pub fn is_open(&self, now: Instant) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).is_some_and(|deadline| now < deadline)
    }
}

/// Puts a [`Fence`] before a client.
#[derive(Debug, Clone)]
pub struct FenceLayer(pub Fence);

impl<S> Layer<S> for FenceLayer {
    type Service = Fenced<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Fenced { inner, fence: self.0.clone() }
    }
}

/// A client behind a [`Fence`].
#[derive(Debug)]
pub struct Fenced<S> {
    inner: S,
    fence: Fence,
}

type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

impl<S, In, Out> Service<Request<In>> for Fenced<S>
where
    S: Service<Request<In>, Response = Response<Out>, Error = BoxError>,
    S::Future: Send + 'static,
    Out: Send + 'static,
{
    type Response = Response<Out>;
    type Error = BoxError;
    type Future = BoxFuture<Result<Response<Out>, BoxError>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<In>) -> Self::Future {
        if request.method() == Method::GET {
            return Box::pin(self.inner.call(request));
        }
        if !self.fence.is_open(Instant::now()) {
            return Box::pin(std::future::ready(Err(FenceError::NotLeading.into())));
        }
        let answer = self.inner.call(request);
        Box::pin(async move {
            match tokio::time::timeout(GRACE, answer).await {
                Ok(answer) => answer,
                Err(_) => Err(FenceError::TimedOut.into()),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use tower::{ServiceExt as _, service_fn};

    use super::*;

    async fn send(fence: &Fence, method: Method, answers: bool) -> Result<(), BoxError> {
        let inner = service_fn(move |_: Request<()>| async move {
            if !answers {
                std::future::pending::<()>().await;
            }
            Ok::<_, BoxError>(Response::new(()))
        });
        let request = Request::builder().method(method).body(()).unwrap();
        FenceLayer(fence.clone()).layer(inner).oneshot(request).await.map(drop)
    }

    #[tokio::test]
    async fn a_closed_fence_lets_reads_through_and_no_write() {
        let fence = Fence::default();
        assert!(send(&fence, Method::GET, true).await.is_ok());
        for method in [Method::PATCH, Method::POST, Method::PUT, Method::DELETE] {
            let refused = send(&fence, method, true).await.unwrap_err();
            assert_eq!(refused.downcast_ref(), Some(&FenceError::NotLeading));
        }
        fence.open_until(Instant::now() + Duration::from_mins(1));
        assert!(send(&fence, Method::PATCH, true).await.is_ok());
        fence.open_until(Instant::now());
        assert!(send(&fence, Method::PATCH, true).await.is_err());
        assert!(!fence.is_open(Instant::now()));
        assert!(Fence::open().is_open(Instant::now()));
    }

    #[tokio::test(start_paused = true)]
    async fn a_write_that_is_not_answered_is_given_up_before_another_may_lead() {
        let gave_up = send(&Fence::open(), Method::PATCH, false).await.unwrap_err();
        assert_eq!(gave_up.downcast_ref(), Some(&FenceError::TimedOut));
    }
}
