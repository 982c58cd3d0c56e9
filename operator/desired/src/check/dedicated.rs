//! A tenant with pods of its own.

use std::collections::BTreeMap;

use confab_contract::admin::GuestPolicy;
use confab_contract::config::tenant::TenantConfig;
use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::{
    Database, ResolvedCloudNativePg, ResolvedDedicated, ResolvedGateway, ResolvedRedis, ResolvedResources,
    ResolvedRoute, ResolvedSecret, ResolvedStorage, ResolvedTenant, ResolvedTls, ResolvedWorkload,
};
use confab_crds::tenant::{DeletionPolicy, UpdateStrategy};
use serde_json::json;

use super::Stall;
use super::guest::guest_policy;
use super::references::{Entry, References};
use crate::digest;
use crate::endpoint::Endpoint;
use crate::names::{Names, RELEASE, RESTARTED_AT, Role};
use crate::object::Owner;
use crate::reason::{Reason, condition};

/// A tenant with pods of its own, with nothing left open.
#[derive(Debug, Clone, PartialEq)]
pub struct Dedicated {
    /// Whose objects these are.
    pub owner: Owner,
    /// What they are called.
    pub names: Names,
    /// What its workloads serve first of all.
    pub config: TenantConfig,
    /// Who may be a guest, if anybody may.
    pub guests: Option<GuestPolicy>,
    /// Where it is stored.
    pub storage: Storage,
    /// What joins its replicas, if there are several.
    pub bus: Option<Bus>,
    /// The pods of the REST API; with an embedded database, the single process.
    pub messaging: ResolvedWorkload,
    /// The pods of the sockets; `None` with an embedded database.
    pub presence: Option<ResolvedWorkload>,
    /// How it is reached from outside, if it is.
    pub gateway: Option<ResolvedGateway>,
    /// Whether no pods run.
    pub hibernated: bool,
    /// Whether a deletion takes the data with it.
    pub deletion_policy: DeletionPolicy,
    /// Whether a new version restarts it by itself.
    pub update_strategy: UpdateStrategy,
    /// The version that somebody has let in.
    pub released: Option<String>,
    /// Changes when somebody wants all pods replaced.
    pub restarted_at: Option<String>,
    /// Digest of what the spec says about the pods of each role.
    pub inputs: BTreeMap<Role, String>,
}

/// Where a tenant is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Storage {
    /// SQLite on a volume.
    Embedded(ResolvedStorage),
    /// A PostgreSQL.
    Postgres {
        /// The entry that holds its URL.
        url: ResolvedSecret,
        /// Where it is.
        endpoint: Endpoint,
        /// Connections of each process at most; `None`: the workload's own default.
        max_connections: Option<u32>,
        /// Set where the operator asks CloudNativePG for it.
        cluster: Option<ResolvedCloudNativePg>,
    },
    /// A PostgreSQL of CloudNativePG that is not there yet: pods wait for it.
    Pending(ResolvedCloudNativePg),
}

/// What joins replicas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Bus {
    /// A Redis that exists already.
    Url {
        /// The entry that holds its URL.
        url: ResolvedSecret,
        /// Where it is.
        endpoint: Endpoint,
    },
    /// A Redis that the operator runs, so large.
    Managed(ResolvedResources),
}

impl Dedicated {
    /// Whether one process holds everything.
    pub fn is_embedded(&self) -> bool {
        matches!(self.storage, Storage::Embedded(_))
    }

    /// Whether a deletion leaves the data.
    pub fn retains(&self) -> bool {
        self.deletion_policy == DeletionPolicy::Retain
    }
}

pub(super) fn check(
    tenant: &ChatTenant,
    resolved: &ResolvedTenant,
    pods: &ResolvedDedicated,
    config: TenantConfig,
    references: &References,
) -> Result<Dedicated, Stall> {
    let names = Names::new(&resolved.name);
    let storage = storage(&pods.database, &names, &references.database)?;
    let bus = pods.redis.as_ref().map(|redis| bus(redis, &references.redis)).transpose()?;
    if let Some(gateway) = &pods.gateway {
        check_certificate(gateway, &references.gateway_tls)?;
    }
    let annotations = tenant.metadata.annotations.clone().unwrap_or_default();
    Ok(Dedicated {
        owner: owner(tenant, resolved),
        names,
        config,
        guests: pods.guests.as_ref().map(guest_policy),
        storage,
        bus,
        messaging: pods.messaging.clone(),
        presence: pods.presence.clone(),
        gateway: pods.gateway.clone(),
        hibernated: resolved.hibernated,
        deletion_policy: resolved.deletion_policy,
        update_strategy: pods.update_strategy,
        released: wish(&annotations, RELEASE),
        restarted_at: wish(&annotations, RESTARTED_AT),
        inputs: inputs(tenant, &annotations),
    })
}

fn owner(tenant: &ChatTenant, resolved: &ResolvedTenant) -> Owner {
    Owner {
        namespace: resolved.namespace.clone(),
        name: resolved.name.clone(),
        uid: tenant.metadata.uid.clone().unwrap_or_default(),
    }
}

/// What the spec says about the pods of each role, as it is written: defaults are left out, so that another version's defaults
/// are no change of the spec. What replaces no pod is left out, too: how many there are, how large a volume is.
fn inputs(tenant: &ChatTenant, annotations: &BTreeMap<String, String>) -> BTreeMap<Role, String> {
    let spec = serde_json::to_value(&tenant.spec).expect("a spec is plain data with text keys");
    let shared = json!({
        "postgres": spec["database"]["postgres"],
        "redis": {"secretRef": spec["redis"]["secretRef"], "managed": spec["redis"]["managed"].is_object()},
        "trustedProxies": spec["gateway"]["trustedProxies"],
        "restartedAt": annotations.get(RESTARTED_AT),
    });
    let of = |field: &str| {
        let own = json!({"resources": spec[field]["resources"], "scheduling": spec[field]["scheduling"]});
        digest::of_value(&json!({ "shared": shared, "own": own }))
    };
    let redis =
        json!({"resources": spec["redis"]["managed"]["resources"], "scheduling": spec["messaging"]["scheduling"]});
    BTreeMap::from([
        (Role::Messaging, of("messaging")),
        (Role::Presence, of("presence")),
        (Role::Serve, of("messaging")),
        (Role::Redis, digest::of_value(&redis)),
    ])
}

fn wish(annotations: &BTreeMap<String, String>, key: &str) -> Option<String> {
    annotations.get(key).filter(|value| !value.is_empty()).cloned()
}

fn storage(database: &Database, names: &Names, entry: &Entry) -> Result<Storage, Stall> {
    match database {
        Database::Embedded(storage) => Ok(Storage::Embedded(storage.clone())),
        Database::Postgres(postgres) => Ok(Storage::Postgres {
            endpoint: server(entry, &postgres.url, "database.postgres.secretRef")?,
            url: postgres.url.clone(),
            max_connections: Some(postgres.max_connections),
            cluster: None,
        }),
        Database::CloudNativePg(cluster) => {
            let url = names.database_url();
            match entry {
                // CloudNativePG writes the Secret when the Cluster is up.
                Entry::NoSecret | Entry::NoKey(_) => Ok(Storage::Pending(cluster.clone())),
                entry => Ok(Storage::Postgres {
                    endpoint: server(entry, &url, "database.cloudNativePG")?,
                    url,
                    max_connections: None,
                    cluster: Some(cluster.clone()),
                }),
            }
        }
    }
}

fn bus(redis: &ResolvedRedis, entry: &Entry) -> Result<Bus, Stall> {
    match redis {
        ResolvedRedis::Managed(resources) => Ok(Bus::Managed(resources.clone())),
        ResolvedRedis::Url(url) => Ok(Bus::Url { endpoint: server(entry, url, "redis.secretRef")?, url: url.clone() }),
    }
}

fn server(entry: &Entry, secret: &ResolvedSecret, field: &str) -> Result<Endpoint, Stall> {
    match entry {
        Entry::Server(endpoint) => Ok(endpoint.clone()),
        entry => Err(missing(entry, &secret.name, &secret.key, field)),
    }
}

fn check_certificate(gateway: &ResolvedGateway, entry: &Entry) -> Result<(), Stall> {
    let ResolvedRoute::Ingress(ingress) = &gateway.route else { return Ok(()) };
    match (&ingress.tls, entry) {
        (Some(ResolvedTls::Secret(name)), Entry::NoSecret | Entry::NoKey(_) | Entry::Invalid(_)) => {
            let has_certificate = matches!(entry, Entry::NoKey(keys) if keys.iter().any(|key| key == "tls.crt"));
            let key = if has_certificate { "tls.key" } else { "tls.crt" };
            Err(missing(entry, name, key, "gateway.ingress.tls.secretName"))
        }
        _ => Ok(()),
    }
}

fn missing(entry: &Entry, secret: &str, key: &str, field: &str) -> Stall {
    let (reason, message) = match entry {
        Entry::NoKey(keys) => {
            let has = if keys.is_empty() { "it is empty".to_owned() } else { format!("it has {}", keys.join(", ")) };
            let message =
                format!("spec.{field}: Secret {secret} has no key {key} ({has}); add the key, or name another");
            (Reason::SecretKeyMissing, message)
        }
        Entry::Invalid(problem) => {
            let message = format!("spec.{field}: the value of {key} in Secret {secret} {problem}; correct it there");
            (Reason::SecretValueInvalid, message)
        }
        _ => {
            let message =
                format!("spec.{field}: there is no Secret {secret} in this namespace; create it with the key {key}");
            (Reason::SecretNotFound, message)
        }
    };
    Stall::new(condition::REFERENCES, reason, message)
}
