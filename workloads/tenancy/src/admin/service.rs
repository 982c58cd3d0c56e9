//! What is asked of a host, and what becomes of it.

use std::error::Error;

use confab_contract::admin::v1::tenant_admin_server::TenantAdmin;
use confab_contract::admin::v1::upsert_outcome::Outcome as WireOutcome;
use confab_contract::admin::v1::{
    DescribeReply, DescribeRequest, ListReply, ListRequest, Refusal, Refused, RemoveMode, RemoveReply, RemoveRequest,
    RemovedState, StateCount, TenantSummary, UpsertOutcome, UpsertReply, UpsertRequest,
};
use confab_contract::admin::{RefusalReason, TenantRecord, TenantState, UPSERT_TENANTS, v1};
use confab_contract::bus::{BusMessage, Notice};
use confab_contract::{TenantId, TenantId as Host};
use confab_store::tenants::{self, Outcome};
use confab_store::{Store, StoreError};
use tonic::{Request, Response, Status};

use super::AdminParts;
use super::metrics::{self, AdminMetrics, Method};
use crate::follower::FollowError;

/// Tenants on a page at most.
const PAGE: u32 = 1000;

/// The service of one host.
pub(super) struct Service {
    host: Host,
    parts: AdminParts,
    metrics: AdminMetrics,
}

impl Service {
    pub(super) fn new(host: Host, parts: AdminParts, metrics: AdminMetrics) -> Self {
        Self { host, parts, metrics }
    }

    /// Takes in what is stored, here at once, and tells the others. Also where this call has changed nothing: an earlier one
    /// may have changed it and not come to its end.
    async fn take_effect(&self) -> Result<(), FollowError> {
        self.parts.follower.catch_up().await?;
        let notice = Notice::TenantsChanged { revision: self.parts.follower.revision() };
        self.parts.bus.publish(BusMessage { tenant: self.host.clone(), notice });
        Ok(())
    }

    async fn upsert(&self, request: UpsertRequest) -> Result<UpsertReply, Status> {
        if request.tenants.is_empty() || request.tenants.len() > UPSERT_TENANTS {
            return Err(Status::invalid_argument(format!("send 1 to {UPSERT_TENANTS} tenants")));
        }
        let (ids, read): (Vec<String>, Vec<Result<TenantRecord, String>>) =
            request.tenants.into_iter().map(|wire| (wire.id.clone(), TenantRecord::try_from(wire))).unzip();
        let records: Vec<TenantRecord> = read.iter().filter_map(|record| record.as_ref().ok()).cloned().collect();
        let stored = tenants::upsert(&self.parts.store, &self.host, &records, self.parts.clock.now()).await;
        let stored = stored.map_err(|error| of_store(&error))?;
        self.take_effect().await.map_err(|error| of_follower(&error))?;
        let mut stored = stored.into_iter();
        let outcome = |(id, read): (String, Result<TenantRecord, String>)| {
            let outcome = match read {
                Err(message) => Some(Outcome::Refused { reason: RefusalReason::InvalidConfig, message }),
                Ok(_) => stored.next(),
            };
            UpsertOutcome { id, outcome: outcome.map(|outcome| self.told(outcome)) }
        };
        Ok(UpsertReply { outcomes: ids.into_iter().zip(read).map(outcome).collect() })
    }

    /// Counts an outcome and puts it into the words of the wire.
    fn told(&self, outcome: Outcome) -> WireOutcome {
        match outcome {
            Outcome::Stored { generation } => {
                self.metrics.count(Method::Upsert, metrics::Outcome::Done);
                WireOutcome::ServedGeneration(i64::try_from(generation).unwrap_or(i64::MAX))
            }
            Outcome::Refused { reason, message } => {
                self.metrics.count(Method::Upsert, metrics::Outcome::Refused(reason));
                WireOutcome::Refused(Refused { reason: Refusal::from(reason).into(), message })
            }
        }
    }

    async fn remove(&self, request: RemoveRequest) -> Result<RemoveReply, Status> {
        let id: TenantId =
            request.id.parse().map_err(|_| Status::invalid_argument("id: must be <namespace>.<name>"))?;
        let keep_rows = match request.mode() {
            RemoveMode::Retain => true,
            RemoveMode::Delete => false,
            RemoveMode::Unspecified => return Err(Status::invalid_argument("mode: must be RETAIN or DELETE")),
        };
        let generation = u64::try_from(request.generation).unwrap_or_default();
        let (store, now) = (&self.parts.store, self.parts.clock.now());
        let tenant = (&id, request.uid.as_str());
        let removed = tenants::remove(store, &self.host, tenant, generation, keep_rows, now).await;
        let state = removed.map_err(|error| of_store(&error))?;
        tracing::debug!(tenant = %id, state = state.as_str(), "a tenant is removed");
        self.take_effect().await.map_err(|error| of_follower(&error))?;
        let state = match state {
            TenantState::Retained => RemovedState::Retained,
            TenantState::Deleting => RemovedState::Deleting,
            _ => RemovedState::Gone,
        };
        Ok(RemoveReply { state: state.into() })
    }

    async fn list(&self, request: ListRequest) -> Result<ListReply, Status> {
        let size = if request.page_size == 0 { PAGE } else { request.page_size.min(PAGE) };
        let listed = tenants::list(&self.parts.store, &request.page, size).await.map_err(|error| of_store(&error))?;
        let is_full = listed.len() >= usize::try_from(size).unwrap_or(usize::MAX);
        let next_page = listed.last().filter(|_| is_full).map(|last| last.id.to_string()).unwrap_or_default();
        let summary = |listed: tenants::Listed| TenantSummary {
            id: listed.id.to_string(),
            uid: listed.uid,
            generation: i64::try_from(listed.generation).unwrap_or(i64::MAX),
            state: v1::TenantState::from(listed.state).into(),
        };
        Ok(ListReply { tenants: listed.into_iter().map(summary).collect(), next_page })
    }

    async fn describe(&self) -> Result<DescribeReply, Status> {
        let counts = tenants::counts(&self.parts.store).await.map_err(|error| of_store(&error))?;
        let count = |(state, count)| StateCount { state: v1::TenantState::from(state).into(), count };
        Ok(DescribeReply {
            host: self.host.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            schema_version: Store::schema_version(),
            tenants: counts.into_iter().map(count).collect(),
        })
    }

    /// Counts a call that has one outcome.
    fn counted<T>(&self, method: Method, result: Result<T, Status>) -> Result<Response<T>, Status> {
        match &result {
            // Of an upsert each tenant has been counted.
            Ok(_) if method == Method::Upsert => {}
            Ok(_) => self.metrics.count(method, metrics::Outcome::Done),
            Err(status) => self.metrics.count(method, outcome_of(status)),
        }
        result.map(Response::new)
    }
}

#[tonic::async_trait]
impl TenantAdmin for Service {
    async fn upsert(&self, request: Request<UpsertRequest>) -> Result<Response<UpsertReply>, Status> {
        self.counted(Method::Upsert, Self::upsert(self, request.into_inner()).await)
    }

    async fn remove(&self, request: Request<RemoveRequest>) -> Result<Response<RemoveReply>, Status> {
        self.counted(Method::Remove, Self::remove(self, request.into_inner()).await)
    }

    async fn list(&self, request: Request<ListRequest>) -> Result<Response<ListReply>, Status> {
        self.counted(Method::List, Self::list(self, request.into_inner()).await)
    }

    async fn describe(&self, _request: Request<DescribeRequest>) -> Result<Response<DescribeReply>, Status> {
        self.counted(Method::Describe, Self::describe(self).await)
    }
}

fn outcome_of(status: &Status) -> metrics::Outcome {
    match status.code() {
        tonic::Code::InvalidArgument => metrics::Outcome::Invalid,
        tonic::Code::Unavailable => metrics::Outcome::Unavailable,
        _ => metrics::Outcome::Failed,
    }
}

/// The cause goes to the log and nowhere else.
fn of_store(error: &StoreError) -> Status {
    if error.is_unavailable() {
        return unavailable(error);
    }
    tracing::error!(error = error as &dyn Error, "a call of TenantAdmin failed");
    Status::internal("something went wrong on the host's side; see its log")
}

/// What was asked for is stored; whether it is served already is not known. Saying it again finds out.
fn of_follower(error: &FollowError) -> Status {
    unavailable(error)
}

fn unavailable(error: &(dyn Error + 'static)) -> Status {
    tracing::warn!(error, "a call of TenantAdmin has to be repeated");
    Status::unavailable("the host's database is not reachable at this moment; say it again")
}
