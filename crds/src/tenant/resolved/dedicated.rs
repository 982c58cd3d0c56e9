//! A tenant with pods of its own.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{Database, ResolvedGateway, ResolvedRedis, ResolvedReplicas, ResolvedWorkload};
use crate::tenant::{AllowedTenants, ChatTenantSpec, NamespacesFrom, UpdateStrategy, defaults};

/// All about the pods of a tenant that has its own.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedDedicated {
    /// Who may be a guest, if anybody may.
    pub guests: Option<ResolvedGuests>,
    /// Where it is stored.
    pub database: Database,
    /// The Redis between its replicas, if it has one.
    pub redis: Option<ResolvedRedis>,
    /// The pods of the REST API; with an embedded database, the single process.
    pub messaging: ResolvedWorkload,
    /// The pods of the sockets; `None` with an embedded database.
    pub presence: Option<ResolvedWorkload>,
    /// How it is reached from outside, if it is.
    pub gateway: Option<ResolvedGateway>,
    /// Whether a new version of the operator restarts it.
    pub update_strategy: UpdateStrategy,
}

/// Who may be a guest.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedGuests {
    /// From where they may come.
    pub namespaces: GuestNamespaces,
    /// How many at most.
    pub max_tenants: u32,
}

/// From which namespaces guests may come.
#[derive(Clone, Debug, PartialEq)]
pub enum GuestNamespaces {
    /// The host's own.
    Same,
    /// Every one.
    All,
    /// Those whose labels this selector accepts.
    Selector(LabelSelector),
}

impl ResolvedDedicated {
    pub(super) fn of(spec: &ChatTenantSpec, namespace: &str) -> Self {
        let database = Database::of(spec.database.as_ref());
        let redis = spec.redis.as_ref().and_then(ResolvedRedis::of);
        let replicas = replicas(spec.replicas, redis.as_ref());
        let mut messaging = ResolvedWorkload::of(spec.messaging.as_ref(), replicas);
        if database.is_embedded() {
            // No checked object says otherwise; a second process could not open the database.
            messaging.replicas = ResolvedReplicas::Fixed(1);
        }
        let presence = (!database.is_embedded()).then(|| ResolvedWorkload::of(spec.presence.as_ref(), replicas));
        Self {
            guests: spec.allowed_tenants.as_ref().map(ResolvedGuests::from),
            messaging,
            presence,
            gateway: spec.gateway.as_ref().and_then(|gateway| ResolvedGateway::of(gateway, namespace)),
            update_strategy: spec.update_strategy.unwrap_or_default(),
            database,
            redis,
        }
    }
}

/// How many pods each program has, where nothing else is said of it.
fn replicas(spec: Option<i32>, redis: Option<&ResolvedRedis>) -> i32 {
    let default = if redis.is_some() { defaults::REPLICAS_WITH_REDIS } else { defaults::REPLICAS_ALONE };
    spec.unwrap_or(default)
}

impl From<&AllowedTenants> for ResolvedGuests {
    fn from(spec: &AllowedTenants) -> Self {
        let namespaces = spec.namespaces.clone().unwrap_or_default();
        Self {
            namespaces: match namespaces.from.unwrap_or_default() {
                NamespacesFrom::Same => GuestNamespaces::Same,
                NamespacesFrom::All => GuestNamespaces::All,
                // Without its selector, which no checked object has, it must not mean everybody.
                NamespacesFrom::Selector => namespaces
                    .selector
                    .map_or(GuestNamespaces::Same, |selector| GuestNamespaces::Selector((&selector).into())),
            },
            max_tenants: spec.max_tenants.unwrap_or(defaults::MAX_TENANTS),
        }
    }
}
