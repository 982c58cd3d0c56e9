//! What a Dedicated tenant is stored in, and the Redis between its replicas.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::reference::SecretRef;
use super::rules;
use super::storage::StorageSpec;
use super::workload::ResourcesSpec;
use crate::schema::plain_properties;

/// Where accounts and messages are stored: exactly one of the variants.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::backing::one_database())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct DatabaseSpec {
    /// SQLite in the process itself, on a volume of its own; with `confab up`, in its data folder. It has one writer, so
    /// the tenant is served by a single process that holds REST and WebSocket. Write `embedded: {}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub embedded: Option<EmbeddedDatabase>,
    /// A PostgreSQL that exists already.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<PostgresDatabase>,
    /// A PostgreSQL that the operator asks CloudNativePG for; CloudNativePG must be installed in the cluster. Write
    /// `cloudNativePG: {}`.
    #[serde(rename = "cloudNativePG", skip_serializing_if = "Option::is_none")]
    pub cloud_native_pg: Option<CloudNativePgDatabase>,
}

/// SQLite in the process itself.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct EmbeddedDatabase {
    /// The volume that the database file is on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageSpec>,
}

/// A PostgreSQL that exists already.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct PostgresDatabase {
    /// The Secret with the connection URL, `postgres://user:password@host/database`. It may be changed to another
    /// address of the same database; accounts and messages are not moved.
    pub secret_ref: SecretRef,
    /// Connections that each process opens at most, 2 to 1000. Default: 16. The server must bear this number from every
    /// pod of messaging and presence, and from one generation of pods more during an update.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 2, max = 1000))]
    pub max_connections: Option<u32>,
}

/// A PostgreSQL that CloudNativePG runs for this tenant alone.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct CloudNativePgDatabase {
    /// Servers: one that is written to, and replicas that take its place when it fails. Default: 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 9))]
    pub instances: Option<i32>,
    /// The volume of each server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub storage: Option<StorageSpec>,
    /// Major version of PostgreSQL, 14 to 18. Default: what CloudNativePG takes when none is named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 14, max = 18))]
    pub postgres_version: Option<i32>,
}

/// The Redis that carries wake-ups between replicas: exactly one of the variants.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::backing::one_redis())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct RedisSpec {
    /// A Redis that exists already: the Secret with its URL, `redis://:password@host:6379` or `rediss://…`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_ref: Option<SecretRef>,
    /// A small Redis that the operator runs for this tenant alone. It keeps nothing on disk, since nothing in it is ever
    /// missed. Write `managed: {}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub managed: Option<ManagedRedis>,
}

/// A small Redis that the operator runs.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ManagedRedis {
    /// Processor and memory of its pod. Default: requests of cpu 50m and memory 64Mi with a limit of memory 128Mi.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub resources: Option<ResourcesSpec>,
}
