//! What a reconcile works with.

use std::sync::Arc;
use std::time::Duration;

use arc_swap::ArcSwap;
use confab_crds::ChatTenant;
use confab_crds::tenant::ChatTenantStatus;
use confab_desired::Settings;
use kube::Client;
use kube::runtime::events::Recorder;

use super::census::Census;
use super::hosting::NamespaceLabels;
use super::rivals::Rivals;
use crate::admin::Hosts;
use crate::metrics::OperatorMetrics;
use crate::queue::Queue;
use crate::world::watch::Scope;
use crate::world::{Key, World, host_of, key_of};

/// What a reconcile works with.
pub struct Context {
    /// The way to the API server, behind the fence.
    pub client: Client,
    /// What is known of the cluster.
    pub world: World,
    /// Who is to be reconciled.
    pub queue: Queue<Key>,
    /// The way to the hosts.
    pub hosts: Hosts,
    /// What is the same for all tenants. It changes when somebody installs a kind that was missing.
    pub settings: ArcSwap<Settings>,
    /// What is counted.
    pub metrics: OperatorMetrics,
    /// Tells of transitions.
    pub recorder: Recorder,
    /// Whose tenants are looked after.
    pub scope: Scope,
    /// How long things may take.
    pub limits: Limits,
    /// Labels of guests' namespaces.
    pub namespaces: NamespaceLabels,
    /// Tenants by readiness.
    pub census: Census,
    /// Other operators.
    pub rivals: Rivals,
}

impl std::fmt::Debug for Context {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Context")
    }
}

/// How long things may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A tenant is looked at again after this, plus up to a half, even if nothing happened.
    pub resync: Duration,
    /// While pods are not ready they are looked at this often.
    pub look_again: Duration,
    /// A Secret or a host that is missing is looked for this often: nothing tells when it comes.
    pub missing: Duration,
    /// A deletion that cannot clean up gives up after this.
    pub cleanup: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resync: Duration::from_mins(10),
            look_again: Duration::from_secs(5),
            missing: Duration::from_secs(15),
            cleanup: Duration::from_mins(5),
        }
    }
}

impl Context {
    /// When to look again although nothing happened. Spread, so that tenants of one moment do not come back together.
    pub fn resync(&self) -> Duration {
        self.limits.resync.mul_f64(1.0 + rand::random::<f64>() / 2.0)
    }

    /// Whose guest a Shared tenant is: of the host that it names, of the one that has its rows, or of the default.
    pub fn host_of(&self, tenant: &ChatTenant) -> Option<Key> {
        host_of(tenant, self.world.default_host().as_ref())
    }

    /// Counts a tenant by its readiness.
    pub(super) fn counted(&self, tenant: &ChatTenant, status: Option<&ChatTenantStatus>) {
        self.census.count(&key_of(tenant), status, &self.metrics);
    }

    /// A tenant is gone.
    pub(super) fn forgotten(&self, key: &Key) {
        self.census.forget(key, &self.metrics);
    }

    /// The settings at this moment.
    pub fn settings(&self) -> Arc<Settings> {
        self.settings.load_full()
    }
}
