//! The way to the hosts: which tenants each serves, told by gRPC to its `TenantAdmin`.
//!
//! ```text
//! reconcile ──serve(record)──► Host ──batch of up to 128──► Upsert ──► outcome to each
//!                               │ remembers what is served: the same again costs nothing
//!                               └ List, from time to time: what was lost there, and whom nobody wants any more
//! ```

mod channel;
mod host;
pub mod key;
pub mod refresh;
mod view;

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};

use confab_contract::TenantId;
use confab_contract::admin::TenantRecord;
use confab_contract::admin::state::RefusalReason;
use confab_contract::admin::token::OperatorKey;
use kube::Client;
use tonic::Code;

use crate::world::Key;

pub use host::Host;

/// How the pods of a host are reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The host.
    pub key: Key,
    /// Its id, which tokens name.
    pub id: TenantId,
    /// DNS name of its Service; its certificate names it too.
    pub name: String,
    /// Secret with that certificate, in the host's namespace.
    pub certificate: String,
}

/// Why a host did not do what it was asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HostError {
    /// It said no. Only a change helps.
    #[error("{message}")]
    Refused {
        /// Why.
        reason: RefusalReason,
        /// More of it, with what to do.
        message: String,
    },
    /// It does not answer, or not sensibly. Trying again may help.
    #[error("the host's admin service does not answer: {0}")]
    Unreachable(String),
}

impl HostError {
    fn of(status: &tonic::Status) -> Self {
        let what = match status.code() {
            Code::Unauthenticated | Code::PermissionDenied => {
                format!("it does not accept this operator's key ({})", status.message())
            }
            _ => status.message().to_owned(),
        };
        Self::Unreachable(what)
    }
}

/// All hosts. Cheap to clone.
#[derive(Clone)]
pub struct Hosts(Arc<Inner>);

struct Inner {
    client: Client,
    key: OperatorKey,
    /// Where hosts are reached instead of at their Service, by `namespace/name`: for an operator outside the cluster.
    addresses: HashMap<String, SocketAddr>,
    hosts: Mutex<HashMap<Key, Host>>,
}

impl std::fmt::Debug for Hosts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Hosts")
    }
}

impl Hosts {
    /// No connections yet. `client` reads the certificates.
    pub fn new(client: Client, key: OperatorKey, addresses: HashMap<String, SocketAddr>) -> Self {
        Self(Arc::new(Inner { client, key, addresses, hosts: Mutex::default() }))
    }

    /// The host behind a target. One whose address has changed is reached anew.
    pub fn host(&self, target: &Target) -> Host {
        let mut hosts = self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(host) = hosts.get(&target.key)
            && host.target() == target
        {
            return host.clone();
        }
        let host = Host::new(target.clone(), Arc::clone(&self.0));
        hosts.insert(target.key.clone(), host.clone());
        host
    }

    /// Forgets a host that is gone.
    pub fn forget(&self, key: &Key) {
        self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// Every host that was spoken to.
    pub fn all(&self) -> Vec<Host> {
        self.0.hosts.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

/// A record on its way to a host.
#[derive(Debug)]
struct Order {
    record: TenantRecord,
    answer: tokio::sync::oneshot::Sender<Result<(), HostError>>,
}
