//! How people are told of messages while they have no socket open.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::DNS_NAME;
use super::reference::{OBJECT_NAME_CHARS, SECRET_KEY};
use crate::schema::plain_properties;

/// Whom a push service can write to.
pub(crate) const CONTACT: &str = r"^(mailto:[-a-zA-Z0-9.!#$%&'*+/=?^_{|}~]{1,64}@[a-zA-Z0-9]([-a-zA-Z0-9.]{0,251}[a-zA-Z0-9])?|https://[a-zA-Z0-9]([-a-zA-Z0-9.]{0,251}[a-zA-Z0-9])?(/[-._~/a-zA-Z0-9]*)?)$";
/// Longest such address.
const CONTACT_CHARS: usize = 512;
/// An id that Apple gives to a key or a team.
pub(crate) const APPLE_ID: &str = "^[A-Z0-9]{10}$";
/// What Apple accepts as the id of an app.
pub(crate) const BUNDLE_ID: &str = "^[-.a-zA-Z0-9]+$";

/// How people are told of messages while they have no socket open. Each service may be there or not.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct PushSpec {
    /// Web Push, for browsers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub web_push: Option<WebPushSpec>,
    /// Firebase Cloud Messaging, for Android.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fcm: Option<FcmSpec>,
    /// Apple's push service, for iOS and macOS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub apns: Option<ApnsSpec>,
}

/// Web Push with a VAPID key.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct WebPushSpec {
    /// Whom a push service can write to when something goes wrong: `mailto:ops@example.com` or an `https://` address.
    #[schemars(length(min = 1, max = CONTACT_CHARS), regex(pattern = CONTACT))]
    pub subject: String,
    /// The Secret with the VAPID key.
    pub vapid_secret_ref: VapidSecretRef,
}

/// Firebase Cloud Messaging with a service account.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct FcmSpec {
    /// The Secret with the service account of the Firebase project.
    pub service_account_secret_ref: ServiceAccountSecretRef,
}

/// Apple's push service with a token key.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ApnsSpec {
    /// The Secret with the signing key.
    pub key_secret_ref: ApnsKeySecretRef,
    /// Apple's id of that key, ten capital letters and digits.
    #[schemars(length(max = 10), regex(pattern = APPLE_ID))]
    pub key_id: String,
    /// Apple's id of the team, ten capital letters and digits.
    #[schemars(length(max = 10), regex(pattern = APPLE_ID))]
    pub team_id: String,
    /// The id of the app, such as `com.example.chat`.
    #[schemars(length(min = 1, max = 155), regex(pattern = BUNDLE_ID))]
    pub topic: String,
    /// `Production` (default): apps from the App Store and TestFlight. `Sandbox`: apps that were installed from Xcode.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<ApnsEnvironment>,
}

/// Which of Apple's services is spoken to.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ApnsEnvironment {
    /// Apps from the App Store and TestFlight.
    #[default]
    Production,
    /// Apps that were installed from Xcode.
    Sandbox,
}

/// The entry of a Secret in the tenant's own namespace that holds a VAPID key.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct VapidSecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// Key of the entry that holds the private key. Default: `privateKey`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = SECRET_KEY))]
    pub key: Option<String>,
}

/// The entry of a Secret in the tenant's own namespace that holds a service account.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ServiceAccountSecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// Key of the entry that holds the JSON file of the service account. Default: `serviceAccount.json`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = SECRET_KEY))]
    pub key: Option<String>,
}

/// The entry of a Secret in the tenant's own namespace that holds a signing key of Apple's.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct ApnsKeySecretRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// Key of the entry that holds the key file as Apple gave it. Default: `key.p8`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = SECRET_KEY))]
    pub key: Option<String>,
}
