//! A layer between the operator and the API server that breaks chosen writes.

use std::collections::HashMap;
use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use kube::client::{Body, DynBody};
use serde_json::json;
use tower::{BoxError, Layer, Service};

/// What happens to a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// It never arrives, and nothing after it does.
    CrashBefore,
    /// It arrives; its answer and everything after it does not.
    CrashAfter,
    /// It is refused with this status.
    Status(u16),
    /// It arrives; its answer is this status.
    LostAnswer(u16),
    /// It never arrives and is never answered.
    Hang,
    /// It arrives and is never answered.
    HangAfter,
}

/// Which writes are broken, counted from 1, and how many there were.
#[derive(Clone, Default)]
pub struct Plan(Arc<Inner>);

#[derive(Default)]
struct Inner {
    faults: Mutex<HashMap<u64, Fault>>,
    writes: AtomicU64,
    dead: std::sync::atomic::AtomicBool,
}

impl Plan {
    /// Breaks these writes.
    pub fn new(faults: impl IntoIterator<Item = (u64, Fault)>) -> Self {
        Self(Arc::new(Inner { faults: Mutex::new(faults.into_iter().collect()), ..Inner::default() }))
    }

    /// Whether it has come to a crash.
    pub fn crashed(&self) -> bool {
        self.0.dead.load(Ordering::SeqCst)
    }

    /// Writes so far.
    pub fn writes(&self) -> u64 {
        self.0.writes.load(Ordering::SeqCst)
    }

    fn next(&self) -> Option<Fault> {
        let number = self.0.writes.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.faults.lock().expect("nobody panics with it").remove(&number)
    }

    fn die(&self) {
        self.0.dead.store(true, Ordering::SeqCst);
    }
}

impl<S> Layer<S> for Plan {
    type Service = Faulty<S>;

    fn layer(&self, inner: S) -> Self::Service {
        Faulty { inner, plan: self.clone() }
    }
}

/// A client with faults.
pub struct Faulty<S> {
    inner: S,
    plan: Plan,
}

type Answer = Response<Box<DynBody>>;

impl<S> Service<Request<Body>> for Faulty<S>
where
    S: Service<Request<Body>, Response = Answer, Error = BoxError>,
    S::Future: Send + 'static,
{
    type Response = Answer;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Answer, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        if self.plan.crashed() {
            return Box::pin(pending());
        }
        let fault = if request.method() == Method::GET { None } else { self.plan.next() };
        match fault {
            None => Box::pin(self.inner.call(request)),
            Some(Fault::Status(code)) => Box::pin(async move { Ok(refusal(code)) }),
            Some(Fault::Hang) => Box::pin(pending()),
            Some(Fault::CrashBefore) => {
                self.plan.die();
                Box::pin(pending())
            }
            Some(fault) => {
                let (answer, plan) = (self.inner.call(request), self.plan.clone());
                Box::pin(async move {
                    let arrived = answer.await;
                    match fault {
                        Fault::LostAnswer(code) => arrived.map(|_| refusal(code)),
                        Fault::CrashAfter => {
                            plan.die();
                            pending().await
                        }
                        _ => pending().await,
                    }
                })
            }
        }
    }
}

/// As the API server words it.
fn refusal(code: u16) -> Answer {
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
        "reason": "Injected", "message": "injected by a test", "metadata": {},
    });
    let body = Full::new(Bytes::from(status.to_string())).map_err(|never| match never {});
    let body: Box<DynBody> = Box::new(body);
    Response::builder().status(code).header("content-type", "application/json").body(body).expect("an answer")
}
