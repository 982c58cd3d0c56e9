//! Database, Redis and files, with every default filled in.

use super::ResolvedResources;
use crate::tenant::{
    CloudNativePgDatabase, DatabaseSpec, FilesSpec, ManagedRedis, PostgresDatabase, RedisSpec, S3Spec, SecretRef,
    StorageSpec, defaults,
};

/// Where a Dedicated tenant is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// SQLite in the process, on this volume.
    Embedded(ResolvedStorage),
    /// A PostgreSQL that exists already.
    Postgres(ResolvedPostgres),
    /// A PostgreSQL from CloudNativePG.
    CloudNativePg(ResolvedCloudNativePg),
}

/// A PostgreSQL that exists already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedPostgres {
    /// The entry that holds its URL.
    pub url: ResolvedSecret,
    /// Connections of each process at most.
    pub max_connections: u32,
}

/// A PostgreSQL from CloudNativePG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedCloudNativePg {
    /// Servers.
    pub instances: i32,
    /// The volume of each.
    pub storage: ResolvedStorage,
    /// Major version, or CloudNativePG's own choice.
    pub postgres_version: Option<i32>,
}

/// A volume.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedStorage {
    /// How large it is, as Kubernetes writes it.
    pub size: String,
    /// Its class, or the cluster's default.
    pub storage_class_name: Option<String>,
}

/// The Redis between replicas.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedRedis {
    /// One that exists already; the entry holds its URL.
    Url(ResolvedSecret),
    /// One that the operator runs.
    Managed(ResolvedResources),
}

/// One entry of a Secret in the tenant's namespace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedSecret {
    /// Name of the Secret.
    pub name: String,
    /// Key of the entry.
    pub key: String,
}

/// Where files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedFiles {
    /// On this volume.
    Volume(ResolvedStorage),
    /// In this bucket.
    S3(ResolvedS3),
}

/// A bucket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolvedS3 {
    /// The provider, or Amazon.
    pub endpoint: Option<String>,
    /// The region that requests are signed for.
    pub region: String,
    /// Name of the bucket.
    pub bucket: String,
    /// The entry with the access key id.
    pub access_key_id: ResolvedSecret,
    /// The entry with the secret access key.
    pub secret_access_key: ResolvedSecret,
    /// Before the name of every object; may be empty.
    pub prefix: String,
}

impl Database {
    /// Whether it is SQLite in the process, so that there is one process.
    pub fn is_embedded(&self) -> bool {
        matches!(self, Self::Embedded(_))
    }

    /// The name of the variant, as it is written in a spec.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Embedded(_) => "embedded",
            Self::Postgres(_) => "postgres",
            Self::CloudNativePg(_) => "cloudNativePG",
        }
    }

    pub(super) fn of(spec: Option<&DatabaseSpec>) -> Self {
        let spec = spec.cloned().unwrap_or_default();
        match (spec.postgres, spec.cloud_native_pg) {
            (Some(postgres), _) => Self::Postgres((&postgres).into()),
            (None, Some(cluster)) => Self::CloudNativePg((&cluster).into()),
            (None, None) => {
                Self::Embedded(ResolvedStorage::of(spec.embedded.and_then(|embedded| embedded.storage).as_ref()))
            }
        }
    }
}

impl From<&PostgresDatabase> for ResolvedPostgres {
    fn from(spec: &PostgresDatabase) -> Self {
        Self {
            url: (&spec.secret_ref).into(),
            max_connections: spec.max_connections.unwrap_or(defaults::MAX_CONNECTIONS),
        }
    }
}

impl From<&CloudNativePgDatabase> for ResolvedCloudNativePg {
    fn from(spec: &CloudNativePgDatabase) -> Self {
        Self {
            instances: spec.instances.unwrap_or(defaults::CLOUD_NATIVE_PG_INSTANCES),
            storage: ResolvedStorage::of(spec.storage.as_ref()),
            postgres_version: spec.postgres_version,
        }
    }
}

impl ResolvedStorage {
    fn of(spec: Option<&StorageSpec>) -> Self {
        let spec = spec.cloned().unwrap_or_default();
        Self {
            size: spec.size.unwrap_or_else(|| defaults::STORAGE_SIZE.into()),
            storage_class_name: spec.storage_class_name,
        }
    }
}

impl ResolvedRedis {
    /// `None` where neither variant is given, which no checked object has.
    pub(super) fn of(spec: &RedisSpec) -> Option<Self> {
        match (&spec.secret_ref, &spec.managed) {
            (Some(secret_ref), _) => Some(Self::Url(secret_ref.into())),
            (None, Some(ManagedRedis { resources })) => {
                Some(Self::Managed(ResolvedResources::of(resources.as_ref(), defaults::REDIS_RESOURCES)))
            }
            (None, None) => None,
        }
    }
}

impl From<&SecretRef> for ResolvedSecret {
    fn from(spec: &SecretRef) -> Self {
        Self::of(&spec.name, spec.key.as_deref(), defaults::SECRET_KEY)
    }
}

impl ResolvedSecret {
    pub(super) fn of(name: &str, key: Option<&str>, default: &str) -> Self {
        Self { name: name.to_owned(), key: key.unwrap_or(default).to_owned() }
    }
}

impl From<&FilesSpec> for ResolvedFiles {
    fn from(spec: &FilesSpec) -> Self {
        match &spec.s3 {
            Some(s3) => Self::S3(s3.into()),
            None => Self::Volume(ResolvedStorage::of(spec.volume.as_ref())),
        }
    }
}

impl From<&S3Spec> for ResolvedS3 {
    fn from(spec: &S3Spec) -> Self {
        let credentials = &spec.credentials_secret_ref;
        let entry =
            |key: &Option<String>, default: &str| ResolvedSecret::of(&credentials.name, key.as_deref(), default);
        Self {
            endpoint: spec.endpoint.clone(),
            region: spec.region.clone().unwrap_or_else(|| defaults::S3_REGION.into()),
            bucket: spec.bucket.clone(),
            access_key_id: entry(&credentials.access_key_id_key, defaults::S3_ACCESS_KEY_ID_KEY),
            secret_access_key: entry(&credentials.secret_access_key_key, defaults::S3_SECRET_ACCESS_KEY_KEY),
            prefix: spec.prefix.clone().unwrap_or_default(),
        }
    }
}
