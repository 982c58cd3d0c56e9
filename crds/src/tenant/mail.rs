//! How the tenant sends mail.

use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::{OBJECT_NAME_CHARS, SECRET_KEY};
use super::{DNS_NAME, rules};
use crate::schema::plain_properties;

/// `address@example.com`, or `Some name <address@example.com>`. A name holds nothing that could begin another header.
pub(crate) const MAILBOX: &str = r"^([^<>@\x00-\x1f\x7f]{1,100} <[-a-zA-Z0-9.!#$%&'*+/=?^_{|}~]{1,64}@[a-zA-Z0-9]([-a-zA-Z0-9.]{0,251}[a-zA-Z0-9])?>|[-a-zA-Z0-9.!#$%&'*+/=?^_{|}~]{1,64}@[a-zA-Z0-9]([-a-zA-Z0-9.]{0,251}[a-zA-Z0-9])?)$";
/// Longest mailbox: name, local part, domain and what stands between them.
const MAILBOX_CHARS: usize = 421;

/// How the tenant sends mail.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct MailSpec {
    /// Whom mails come from: `chat@example.com`, or `Acme chat <chat@example.com>`.
    #[schemars(length(min = 3, max = MAILBOX_CHARS), regex(pattern = MAILBOX))]
    pub from: String,
    /// The server that takes the mails.
    pub smtp: SmtpSpec,
}

/// A server that takes mails.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[x_kube(validation = rules::backing::no_password_in_clear())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct SmtpSpec {
    /// Its DNS name or IPv4 address.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub host: String,
    /// Its port. Default: 587.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 65_535))]
    pub port: Option<i32>,
    /// `StartTls` (default): the connection begins in clear and must change to TLS before anything is said. `Implicit`:
    /// TLS from the first byte, as on port 465. `None`: all in clear, for a relay beside the pods; a password is then
    /// refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<SmtpTls>,
    /// The Secret with the name and the password to sign in with. Default: no sign-in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_secret_ref: Option<SmtpCredentialsRef>,
}

/// How a connection to a mail server is protected.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SmtpTls {
    /// It begins in clear and must change to TLS.
    #[default]
    StartTls,
    /// TLS from the first byte.
    Implicit,
    /// Not at all.
    None,
}

/// A Secret in the tenant's own namespace with a user name and a password.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct SmtpCredentialsRef {
    /// Name of the Secret.
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub name: String,
    /// Key of the entry that holds the user name. Default: `username`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = SECRET_KEY))]
    pub username_key: Option<String>,
    /// Key of the entry that holds the password. Default: `password`.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = SECRET_KEY))]
    pub password_key: Option<String>,
}
