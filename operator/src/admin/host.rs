//! One host: what it is told is gathered into batches, and what it serves is remembered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use confab_contract::TenantId;
use confab_contract::admin::state::RefusalReason;
use confab_contract::admin::v1::tenant_admin_client::TenantAdminClient;
use confab_contract::admin::v1::upsert_outcome::Outcome;
use confab_contract::admin::v1::{RemoveMode, RemoveRequest, RemovedState, UpsertRequest};
use confab_contract::admin::{TenantRecord, v1};
use tokio::sync::{Mutex as AsyncMutex, oneshot};
use tonic::transport::Channel;

use super::view::{Orphan, View};
use super::{HostError, Inner, Order, Target, channel};

/// Records in one call.
const BATCH: usize = 128;

/// A host. Cheap to clone.
#[derive(Clone)]
pub struct Host(Arc<Shared>);

struct Shared {
    target: Target,
    hosts: Arc<Inner>,
    view: Mutex<View>,
    waiting: Mutex<Vec<Order>>,
    /// Whoever holds it speaks to the host; the others' records travel along with the next call.
    turn: AsyncMutex<Option<Channel>>,
}

impl Host {
    pub(super) fn new(target: Target, hosts: Arc<Inner>) -> Self {
        let (view, waiting, turn) = (Mutex::default(), Mutex::default(), AsyncMutex::default());
        Self(Arc::new(Shared { target, hosts, view, waiting, turn }))
    }

    /// How it is reached.
    pub fn target(&self) -> &Target {
        &self.0.target
    }

    /// Lets the host serve this record. Costs nothing when it is known to do so.
    pub async fn serve(&self, record: &TenantRecord) -> Result<(), HostError> {
        if self.view().serves(record) {
            return Ok(());
        }
        let (answer, mut answered) = oneshot::channel();
        self.waiting().push(Order { record: record.clone(), answer });
        loop {
            tokio::select! {
                biased;
                // Another may take it along while this one waits for its turn.
                outcome = &mut answered => {
                    let given_up = || HostError::Unreachable("the call was given up".to_owned());
                    return outcome.unwrap_or_else(|_| Err(given_up()));
                }
                mut turn = self.0.turn.lock() => self.send_batch(&mut turn).await,
            }
        }
    }

    /// Stops serving a tenant, and deletes its rows if asked to. `true`: it is done; `false`: rows are being deleted.
    pub async fn remove(&self, id: &TenantId, uid: &str, generation: i64, delete: bool) -> Result<bool, HostError> {
        let mode = if delete { RemoveMode::Delete } else { RemoveMode::Retain };
        let request = RemoveRequest { id: id.to_string(), uid: uid.to_owned(), mode: mode.into(), generation };
        self.view().doubt(id);
        let mut turn = self.0.turn.lock().await;
        let mut client = self.client(&mut turn).await?;
        let request = channel::signed(request, &self.0.hosts.key, &self.0.target.id);
        match client.remove(request).await {
            Ok(reply) => Ok(matches!(reply.into_inner().state(), RemovedState::Gone | RemovedState::Retained)),
            Err(status) => Err(self.failed(&mut turn, &status)),
        }
    }

    /// Reads what the host serves. Returns whose state is not what was known.
    pub async fn refresh(&self) -> Result<Vec<TenantId>, HostError> {
        let mut turn = self.0.turn.lock().await;
        let mut client = self.client(&mut turn).await?;
        let (mut summaries, mut page) = (Vec::new(), String::new());
        loop {
            let request = v1::ListRequest { page, page_size: 1000 };
            let request = channel::signed(request, &self.0.hosts.key, &self.0.target.id);
            let reply = match client.list(request).await {
                Ok(reply) => reply.into_inner(),
                Err(status) => return Err(self.failed(&mut turn, &status)),
            };
            summaries.extend(reply.tenants);
            page = reply.next_page;
            if page.is_empty() {
                break;
            }
        }
        // Nothing can have been told meanwhile: this holds the turn.
        Ok(self.view().list(summaries))
    }

    /// Whether its list has been read.
    pub fn is_listed(&self) -> bool {
        self.view().listed
    }

    /// Whom the host serves although nobody wants it.
    pub fn orphans(&self, wanted: impl Fn(&TenantId, &str) -> bool) -> Vec<Orphan> {
        self.view().orphans(wanted)
    }

    async fn send_batch(&self, turn: &mut Option<Channel>) {
        let batch: Vec<Order> = {
            let mut waiting = self.waiting();
            let count = waiting.len().min(BATCH);
            waiting.drain(..count).collect()
        };
        match self.upsert(turn, &batch).await {
            Err(error) => batch.into_iter().for_each(|order| order.done(Err(error.clone()))),
            Ok(outcomes) => {
                let mut outcomes = outcomes.into_iter();
                for order in batch {
                    let outcome = outcomes
                        .next()
                        .unwrap_or_else(|| Err(HostError::Unreachable("it left an outcome out".to_owned())));
                    match &outcome {
                        Ok(()) => self.view().told(&order.record),
                        Err(_) => self.view().doubt(order.record.id()),
                    }
                    order.done(outcome);
                }
            }
        }
    }

    async fn upsert(
        &self,
        turn: &mut Option<Channel>,
        batch: &[Order],
    ) -> Result<Vec<Result<(), HostError>>, HostError> {
        let mut client = self.client(turn).await?;
        let tenants = batch.iter().map(|order| v1::TenantRecord::from(&order.record)).collect();
        let request = channel::signed(UpsertRequest { tenants }, &self.0.hosts.key, &self.0.target.id);
        match client.upsert(request).await {
            Ok(reply) => Ok(reply.into_inner().outcomes.into_iter().map(outcome).collect()),
            Err(status) => Err(self.failed(turn, &status)),
        }
    }

    async fn client(&self, turn: &mut Option<Channel>) -> Result<TenantAdminClient<Channel>, HostError> {
        if turn.is_none() {
            let Target { key, .. } = &self.0.target;
            let address = self.0.hosts.addresses.get(&key.to_string()).copied();
            *turn = Some(channel::open(&self.0.hosts.client, &self.0.target, address).await?);
        }
        let channel = turn.clone().expect("it was just opened");
        Ok(TenantAdminClient::new(channel))
    }

    /// The certificate may have been made anew: the next call reads it again.
    fn failed(&self, turn: &mut Option<Channel>, status: &tonic::Status) -> HostError {
        *turn = None;
        let causes = channel::with_causes(status);
        tracing::debug!(host = %self.0.target.key, causes, "a host did not answer");
        HostError::of(status)
    }

    fn view(&self) -> MutexGuard<'_, View> {
        self.0.view.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn waiting(&self) -> MutexGuard<'_, Vec<Order>> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn outcome(outcome: v1::UpsertOutcome) -> Result<(), HostError> {
    match outcome.outcome {
        Some(Outcome::ServedGeneration(_)) => Ok(()),
        Some(Outcome::Refused(refused)) => match refused.reason().reason() {
            Some(reason) => Err(HostError::Refused { reason, message: refused.message }),
            None => Err(HostError::Refused { reason: RefusalReason::InvalidConfig, message: refused.message }),
        },
        None => Err(HostError::Unreachable("it gave no outcome".to_owned())),
    }
}

impl Order {
    fn done(self, outcome: Result<(), HostError>) {
        // Whoever asked may have given up.
        let _ = self.answer.send(outcome);
    }
}
