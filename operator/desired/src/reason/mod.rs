//! The types and reasons of conditions: a fixed list, each documented for users in `docs/conditions.md`.

/// The types of conditions of a `ChatTenant`.
pub mod condition {
    /// The tenant can be used.
    pub const READY: &str = "Ready";
    /// Work towards the spec goes on (kstatus).
    pub const RECONCILING: &str = "Reconciling";
    /// Nothing improves before somebody acts (kstatus).
    pub const STALLED: &str = "Stalled";
    /// What the spec refers to is there and may be used.
    pub const REFERENCES: &str = "References";
    /// The database answers.
    pub const DATABASE: &str = "Database";
    /// The Redis is there, where one is asked for.
    pub const REDIS: &str = "Redis";
    /// The pods are there.
    pub const WORKLOADS: &str = "Workloads";
    /// The way in from outside is set up.
    pub const GATEWAY: &str = "Gateway";
    /// The host serves this guest.
    pub const HOST: &str = "Host";
    /// A newer release waits to be let in.
    pub const UPDATE_WAITING: &str = "UpdateWaiting";
    /// The operator leaves the tenant as it is.
    pub const PAUSED: &str = "Paused";
    /// What the spec asks for and this version does not do.
    pub const UNSUPPORTED: &str = "Unsupported";
}

macro_rules! reasons {
    ($( $(#[doc = $doc:literal])+ $name:ident, )+) => {
        /// Why a condition is as it is. The text is the name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Reason { $( $(#[doc = $doc])+ $name, )+ }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[ $( Self::$name, )+ ];

            /// As in a condition.
            pub fn text(self) -> &'static str {
                match self { $( Self::$name => stringify!($name), )+ }
            }

            /// What it means, for the documentation.
            pub fn meaning(self) -> &'static str {
                match self { $( Self::$name => concat!($($doc),+), )+ }
            }
        }
    };
}

reasons! {
    /// Everything is as the spec wants it.
    AsSpecified,
    /// Not there, and not asked for.
    NotRequested,
    /// Objects are being made or changed.
    Applying,
    /// Pods are being started, replaced or removed.
    RollingOut,
    /// Pods do not become ready; the message repeats what they say.
    PodsNotReady,
    /// `spec.hibernated` is true: no pods run, nothing is lost; set it to false to wake the tenant.
    Hibernated,
    /// `spec.paused` is true: nothing is changed until it is false again.
    Paused,
    /// The tenant is being deleted.
    Deleting,
    /// The spec breaks a rule; the message names the field. Usually the API server refuses such a spec before.
    InvalidSpec,
    /// A Secret that the spec names does not exist in the tenant's namespace.
    SecretNotFound,
    /// A Secret that the spec names lacks the key.
    SecretKeyMissing,
    /// The value in a Secret is not what it should be, such as an address of another kind of server.
    SecretValueInvalid,
    /// A reference leads into another namespace, whose owner does not permit it.
    RefNotPermitted,
    /// A referred object does not exist.
    RefNotFound,
    /// The Secret with the master key is gone although there is data that was sealed with it: restore it from a backup.
    MasterKeyMissing,
    /// An object of a name that the tenant needs exists and was not made for it: rename or delete one of the two.
    ObjectNotOurs,
    /// The API server refused an object; the message repeats why.
    Refused,
    /// The operator may not do what is needed: its role lacks a permission.
    Forbidden,
    /// `database.cloudNativePG` needs the CloudNativePG operator, which is not installed.
    CloudNativePGMissing,
    /// The CloudNativePG Cluster is not ready yet.
    DatabasePending,
    /// The database does not answer; the message repeats what the pods say.
    DatabaseUnreachable,
    /// The database answers and refuses: wrong password, missing database, missing rights.
    DatabaseRefused,
    /// The database was written by a newer release than the one that runs.
    DatabaseTooNew,
    /// The managed Redis is not ready yet.
    RedisPending,
    /// `gateway.httpRoute` needs the Gateway API, which is not installed.
    GatewayApiMissing,
    /// `gateway.ingress.tls.certManager` needs cert-manager, which is not installed.
    CertManagerMissing,
    /// Another tenant has the same domain already; the older one keeps it.
    DomainTaken,
    /// No `placement.hostRef`, and the operator has no default host.
    NoHost,
    /// The host that the guest names does not exist.
    HostNotFound,
    /// The host is itself a guest, or allows no guests at all.
    NotAHost,
    /// The host does not allow guests of this namespace.
    HostNotAllowing,
    /// The host has as many guests as it allows.
    HostFull,
    /// The host is there and not ready.
    HostNotReady,
    /// The host's admin service does not answer.
    HostUnreachable,
    /// The host refused the tenant; the message repeats why.
    HostRefused,
    /// The retained data of this tenant was written under another `encryption`.
    EncryptionDiffers,
    /// A newer release is there; the message says how to let it in.
    NewRelease,
    /// The spec asks for something that this version does not do.
    NotInThisVersion,
    /// Another operator looks after this tenant.
    OtherOperator,
    /// Something failed and is tried again.
    Retrying,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_what_kubernetes_allows_and_unique() {
        let mut texts: Vec<&str> = Reason::ALL.iter().map(|reason| reason.text()).collect();
        assert!(texts.iter().all(|text| text.bytes().all(|byte| byte.is_ascii_alphanumeric()) && text.len() <= 64));
        let count = texts.len();
        texts.sort_unstable();
        texts.dedup();
        assert_eq!(texts.len(), count);
    }
}
