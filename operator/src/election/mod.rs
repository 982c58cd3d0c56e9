//! Which of several operators acts: leader election by a Lease, with a fence.
//!
//! A candidate renews the Lease by replacing it with its `resourceVersion`, so that a stale renewal is refused; how long it
//! leads is counted from the moment it *began* its last successful renewal. See [`fence`] for what that is good for.

pub mod fence;
mod lease;
mod record;

use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use k8s_openapi::api::coordination::v1::Lease;
use kube::api::PostParams;
use kube::runtime::watcher::watch_object;
use kube::{Api, Client};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use fence::{Fence, GRACE};
use lease::{Observation, Turn};

/// How long a request about the Lease may take.
const REQUEST: Duration = Duration::from_secs(3);
/// Pause after a failed try, a lost race, or a broken watch.
const AGAIN: Duration = Duration::from_millis(500);
/// The Lease is renewed this often within its duration.
const RENEWALS: u32 = 5;

/// What an election is about.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Namespace of the Lease.
    pub namespace: String,
    /// Its name.
    pub lease: String,
    /// This process, unlike any other: pod name and something random.
    pub identity: String,
    /// How long a Lease holds without being renewed. More than [`GRACE`].
    pub duration: Duration,
}

/// Takes part in the election until `stop`, then gives the Lease up. `leading` tells whether this process leads.
///
/// `client` must not go through the fence, and must not retry by itself.
pub async fn run(
    candidate: Candidate,
    client: Client,
    fence: Fence,
    leading: watch::Sender<bool>,
    stop: CancellationToken,
) {
    let api = Api::namespaced(client, &candidate.namespace);
    let election = Election { candidate, api, fence };
    while !stop.is_cancelled() {
        let Some(Some(held)) = stop.run_until_cancelled(election.acquire()).await else { break };
        tracing::info!(lease = election.candidate.lease, identity = election.candidate.identity, "leading");
        leading.send_replace(true);
        election.lead(held, &leading, &stop).await;
        leading.send_replace(false);
    }
}

struct Election {
    candidate: Candidate,
    api: Api<Lease>,
    fence: Fence,
}

/// A Lease that is ours, and when the renewal began that made it so.
struct Held {
    lease: Lease,
    since: Instant,
}

impl Election {
    /// Waits until the Lease is ours. `None` never comes; it is there for the sake of `?`.
    async fn acquire(&self) -> Option<Held> {
        let mut events = watch_object(self.api.clone(), &self.candidate.lease).boxed();
        let mut observation = Observation::default();
        // What is not known yet must not be taken for absence.
        let mut known = false;
        loop {
            let turn = if known {
                observation.turn(&self.candidate.identity, Instant::now())
            } else {
                Turn::Wait(Instant::now() + self.candidate.duration)
            };
            let until = match turn {
                Turn::Wait(until) => until,
                turn => match self.try_to_take(turn).await {
                    Ok(held) => return Some(held),
                    Err(error) => {
                        tracing::debug!(%error, "the lease was not taken");
                        Instant::now() + AGAIN
                    }
                },
            };
            match tokio::time::timeout_at(until.into(), events.next()).await {
                Ok(Some(Ok(lease))) => {
                    known = true;
                    observation.note(lease.as_ref().map(record::seen), Instant::now());
                }
                Ok(Some(Err(error))) => {
                    tracing::debug!(%error, "the lease cannot be watched");
                    tokio::time::sleep(AGAIN).await;
                }
                Ok(None) => events = watch_object(self.api.clone(), &self.candidate.lease).boxed(),
                Err(_) => {}
            }
        }
    }

    async fn try_to_take(&self, turn: Turn) -> Result<Held, kube::Error> {
        let since = Instant::now();
        let request = async {
            match turn {
                Turn::Create => {
                    let lease = record::new(&self.candidate, jiff::Timestamp::now());
                    self.api.create(&PostParams::default(), &lease).await
                }
                Turn::Take(seen) | Turn::Renew(seen) => {
                    let lease = record::taken(&self.candidate, &seen, jiff::Timestamp::now());
                    self.api.replace(&self.candidate.lease, &PostParams::default(), &lease).await
                }
                Turn::Wait(_) => unreachable!("waiting is no try"),
            }
        };
        let lease = in_time(request).await?;
        self.fence.open_until(since + self.candidate.duration.saturating_sub(GRACE));
        Ok(Held { lease, since })
    }

    /// Renews until the Lease is lost or `stop`.
    async fn lead(&self, mut held: Held, leading: &watch::Sender<bool>, stop: &CancellationToken) {
        let mut next = held.since + self.candidate.duration / RENEWALS;
        loop {
            if stop.run_until_cancelled(tokio::time::sleep_until(next.into())).await.is_none() {
                return self.resign(held, leading).await;
            }
            match self.renew(&held).await {
                Ok(renewed) => {
                    held = renewed;
                    next = held.since + self.candidate.duration / RENEWALS;
                }
                Err(Lost::ToAnother(holder)) => {
                    self.fence.close();
                    tracing::warn!(holder, "another operator leads");
                    return;
                }
                Err(Lost::Unknown(error)) => {
                    tracing::warn!(%error, "the lease was not renewed");
                    if Instant::now() >= held.since + self.candidate.duration {
                        self.fence.close();
                        tracing::warn!("the lease has run out");
                        return;
                    }
                    next = Instant::now() + AGAIN;
                }
            }
        }
    }

    async fn renew(&self, held: &Held) -> Result<Held, Lost> {
        let since = Instant::now();
        let lease = record::renewed(&held.lease, jiff::Timestamp::now());
        let lease = match in_time(self.api.replace(&self.candidate.lease, &PostParams::default(), &lease)).await {
            Ok(lease) => lease,
            // A renewal whose answer was lost, or somebody who touched the object, or a new holder.
            Err(kube::Error::Api(status)) if status.code == 409 || status.code == 404 => self.look_again().await?,
            Err(error) => return Err(Lost::Unknown(error)),
        };
        if status_of_holder(&lease) != self.candidate.identity {
            return Err(Lost::ToAnother(status_of_holder(&lease).to_owned()));
        }
        self.fence.open_until(since + self.candidate.duration.saturating_sub(GRACE));
        Ok(Held { lease, since })
    }

    /// The Lease as it is. Found to be still ours it is renewed in the next turn; it is not counted as a renewal.
    async fn look_again(&self) -> Result<Lease, Lost> {
        let found = in_time(self.api.get_opt(&self.candidate.lease)).await.map_err(Lost::Unknown)?;
        let Some(found) = found else { return Err(Lost::ToAnother("nobody: the lease was deleted".to_owned())) };
        if status_of_holder(&found) != self.candidate.identity {
            return Err(Lost::ToAnother(status_of_holder(&found).to_owned()));
        }
        let lease = record::renewed(&found, jiff::Timestamp::now());
        let replaced = in_time(self.api.replace(&self.candidate.lease, &PostParams::default(), &lease)).await;
        replaced.map_err(Lost::Unknown)
    }

    /// Lets another take over at once. Whoever waits for `leading` has been told before, and had the chance to finish.
    async fn resign(&self, held: Held, leading: &watch::Sender<bool>) {
        leading.send_replace(false);
        self.fence.close();
        let lease = record::given_up(&held.lease, jiff::Timestamp::now());
        match in_time(self.api.replace(&self.candidate.lease, &PostParams::default(), &lease)).await {
            Ok(_) => tracing::info!("the lease was given up"),
            Err(error) => tracing::warn!(%error, "the lease was not given up; it runs out by itself"),
        }
    }
}

/// Why a Lease was not renewed.
enum Lost {
    /// Somebody else has it.
    ToAnother(String),
    /// Perhaps it was, perhaps not.
    Unknown(kube::Error),
}

fn status_of_holder(lease: &Lease) -> &str {
    lease.spec.as_ref().and_then(|spec| spec.holder_identity.as_deref()).unwrap_or_default()
}

async fn in_time<T>(request: impl Future<Output = Result<T, kube::Error>>) -> Result<T, kube::Error> {
    match tokio::time::timeout(REQUEST, request).await {
        Ok(answer) => answer,
        Err(_) => Err(kube::Error::Service(Box::new(fence::FenceError::TimedOut))),
    }
}
