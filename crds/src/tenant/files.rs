//! Where uploaded files are kept.

use kube::KubeSchema;
use serde::{Deserialize, Serialize};

use super::reference::{OBJECT_NAME_CHARS, SECRET_KEY};
use super::storage::StorageSpec;
use super::{DNS_NAME, rules};
use crate::schema::plain_properties;

/// An HTTPS address of a server, with or without a port and a path.
pub(crate) const HTTPS_URL: &str = "^https://[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?([.][a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*(:[0-9]{1,5})?(/[-._~/a-zA-Z0-9]*)?$";
/// Longest such address.
const URL_CHARS: usize = 512;
/// A region of an S3 provider.
pub(crate) const REGION: &str = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";
/// What S3 accepts as the name of a bucket.
pub(crate) const BUCKET: &str = "^[a-z0-9][-.a-z0-9]{1,61}[a-z0-9]$";
/// The beginning of object names.
pub(crate) const PREFIX: &str = "^[-._a-zA-Z0-9]+(/[-._a-zA-Z0-9]+)*/?$";
/// Longest beginning; S3 allows 1024 bytes for the whole name.
const PREFIX_CHARS: usize = 256;

/// Where uploaded files are kept: exactly one of the variants.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::backing::one_file_store(), validation = rules::backing::file_store_stays())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct FilesSpec {
    /// A volume of the tenant's own. Only with `placement.mode: Dedicated`. Several pods share it, so that its storage
    /// class must offer ReadWriteMany when the tenant has more than one. Write `volume: {}`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub volume: Option<StorageSpec>,
    /// A bucket at Amazon S3, or at another provider with the same API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub s3: Option<S3Spec>,
}

/// A bucket, and how it is reached.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct S3Spec {
    /// Address of the provider's API, such as `https://s3.example.com`. Default: Amazon's for the region.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = URL_CHARS), regex(pattern = HTTPS_URL))]
    pub endpoint: Option<String>,
    /// The region that requests are signed for. Default: us-east-1, which most providers other than Amazon accept.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = 63), regex(pattern = REGION))]
    pub region: Option<String>,
    /// Name of the bucket. It must exist.
    #[schemars(length(min = 3, max = 63), regex(pattern = BUCKET))]
    pub bucket: String,
    /// The Secret with the key pair that may read, write and delete in the bucket.
    pub credentials_secret_ref: S3CredentialsRef,
    /// Put before the name of every object, so that several tenants can share a bucket, such as `acme/`. Default:
    /// nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = PREFIX_CHARS), regex(pattern = PREFIX))]
    pub prefix: Option<String>,
}

/// A Secret in the tenant's own namespace with a key pair for S3.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct S3CredentialsRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// Key of the entry that holds the access key id. Default: `accessKeyId`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = SECRET_KEY))]
    pub access_key_id_key: Option<String>,
    /// Key of the entry that holds the secret access key. Default: `secretAccessKey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = SECRET_KEY))]
    pub secret_access_key_key: Option<String>,
}
