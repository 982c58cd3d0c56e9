//! The types and reasons of conditions: a fixed list. `docs/conditions.md` is made of it.

pub mod condition;
mod document;

pub use document::document;

macro_rules! reasons {
    ($( $(#[doc = $doc:literal])+ $name:ident, $cure:literal; )+) => {
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
                match self { $( Self::$name => concat!($($doc),+).trim_ascii(), )+ }
            }

            /// What to do about it, for the documentation.
            pub fn cure(self) -> &'static str {
                match self { $( Self::$name => $cure, )+ }
            }
        }
    };
}

reasons! {
    /// Everything is as the spec wants it.
    AsSpecified, "Nothing.";
    /// It is not there, and nobody asked for it.
    NotRequested, "Nothing.";
    /// Objects are being made or changed.
    Applying, "Wait.";
    /// Pods are being started, replaced or removed.
    RollingOut, "Wait. If it takes long, look at `kubectl get pods` and their events.";
    /// Pods do not become ready; the message repeats what they say.
    PodsNotReady, "Mend what the message names: an image that cannot be pulled, a full cluster, a program that ends.";
    /// `spec.hibernated` is true: no pods run, and nothing is lost.
    Hibernated, "To wake the tenant, set it to false.";
    /// `spec.paused` is true: the operator changes nothing.
    Paused, "To go on, set it to false.";
    /// The tenant is being deleted.
    Deleting, "Wait. It ends in bounded time, also when a database or a host does not answer.";
    /// The spec breaks a rule; the message names the field. Usually the API server refuses such a spec before.
    InvalidSpec, "Correct the field. `confab validate -f FILE` checks a file without a cluster.";
    /// A Secret that the spec names does not exist in the tenant's namespace.
    SecretNotFound, "Create it there, or name another.";
    /// A Secret that the spec names lacks the key; the message lists the keys that it has.
    SecretKeyMissing, "Add the key, or name another with `key`.";
    /// The value in a Secret is not what it should be, such as the address of another kind of server.
    SecretValueInvalid, "Correct the value in the Secret. The operator looks again by itself.";
    /// A reference leads into another namespace, and nothing there permits it. Whether the object exists is not said.
    RefNotPermitted, "Ask the owner of that namespace for `spec.allowedTenants`, or name an object of the tenant's own namespace.";
    /// An object that the spec refers to does not exist.
    RefNotFound, "Create it, or name another.";
    /// The Secret with the master key is gone although there are data that were sealed with it. It is not made anew: a new key opens nothing.
    MasterKeyMissing, "Restore the Secret from a backup. Pods that run still have the key.";
    /// An object with a name that the tenant needs exists and was not made for it. It is left alone.
    ObjectNotOurs, "Rename or delete that object, or create the ChatTenant under another name.";
    /// The API server refuses an object; the message repeats why.
    Refused, "Mend what the message names: often an admission policy or a quota of the namespace.";
    /// The operator may not do what is needed.
    Forbidden, "Give its role the permission that the message names; the chart's own roles hold all of them.";
    /// `database.cloudNativePG` needs the CloudNativePG operator, which is not installed.
    CloudNativePGMissing, "Install it, or create the ChatTenant with `database.postgres`.";
    /// The CloudNativePG Cluster is not ready yet; the message repeats what it says.
    DatabasePending, "Wait. If it takes long, look at the Cluster: `kubectl describe cluster`.";
    /// The database does not answer; the message repeats what the pods say.
    DatabaseUnreachable, "Check the address in the Secret, and that the network lets the pods through. They try again by themselves.";
    /// The database answers and refuses: a wrong password, a missing database, missing rights.
    DatabaseRefused, "Correct the Secret, or create what is missing in the database.";
    /// The database was written by a newer release than the one that would run.
    DatabaseTooNew, "Let that release in again, or restore a backup of before.";
    /// The managed Redis is not ready yet. Messages arrive a little later meanwhile; none is lost.
    RedisPending, "Wait. If it takes long, look at its pod.";
    /// `gateway.httpRoute` needs the Gateway API, which is not installed.
    GatewayApiMissing, "Install its definitions and a controller, or use `gateway.ingress`.";
    /// `gateway.ingress.tls.certManager` needs cert-manager, which is not installed.
    CertManagerMissing, "Install it, or name a Secret with `tls.secretName`.";
    /// Another tenant has the same domain already; the older one keeps it.
    DomainTaken, "Create the ChatTenant again with another domain.";
    /// The tenant is Shared, names no host, and the operator has no default host.
    NoHost, "Name one with `placement.hostRef`, or choose `placement.mode: Dedicated`.";
    /// The host that the tenant names does not exist.
    HostNotFound, "Create it, or create the tenant again with another host.";
    /// The host is Shared itself, or takes no guests at all.
    NotAHost, "Give a Dedicated host `spec.allowedTenants`, or create the tenant again with another host.";
    /// The host takes guests, but none of this namespace.
    HostNotAllowing, "Extend `spec.allowedTenants` of the host, or create the tenant again with another host.";
    /// The host has as many guests as it allows.
    HostFull, "Raise `spec.allowedTenants.maxTenants` of the host, delete other guests, or create the tenant again with another host.";
    /// The host is there and not ready.
    HostNotReady, "Look at the conditions of the host. The tenant is served again when it is ready.";
    /// The pods of the host do not answer the operator.
    HostUnreachable, "Wait. If it takes long, look at the host's pods, and at NetworkPolicies between them and the operator.";
    /// The host refuses the tenant; the message repeats why.
    HostRefused, "Mend what the message names.";
    /// Data that a former tenant of this name left were written under another `encryption`.
    EncryptionDiffers, "Write the old value, or create the tenant under another name.";
    /// A newer release is there, and the pods still run the former one.
    NewRelease, "Annotate the ChatTenant with `confab.dev/release: \"<release>\"`, or set `spec.updateStrategy: Auto`. `confab plan` shows what would restart.";
    /// The spec asks for something that this version does not do; the message names the fields.
    NotInThisVersion, "Remove the fields, or leave them for a version that does.";
    /// Another operator looks after this tenant.
    OtherOperator, "Nothing, if that is intended; else stop one of the two.";
    /// Something failed and is tried again, less and less often.
    Retrying, "Wait. The message says what failed; the operator's log says more.";
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

    #[test]
    fn every_reason_and_every_type_is_explained_and_says_what_to_do_in_whole_sentences() {
        for reason in Reason::ALL {
            for text in [reason.meaning(), reason.cure()] {
                assert!(text.ends_with('.') && !text.starts_with(' ') && !text.contains('|'), "{reason:?}: {text}");
            }
        }
        for condition in condition::ALL {
            assert!(condition.about.ends_with('.') && condition.says.ends_with('.'), "{condition:?}");
        }
    }

    #[test]
    fn the_document_names_all_of_them() {
        let text = document();
        for reason in Reason::ALL {
            assert!(text.contains(&format!("| `{}` | {} |", reason.text(), reason.meaning())), "{reason:?}");
        }
        for condition in condition::ALL {
            assert!(text.contains(&format!("| `{}` |", condition.name)), "{condition:?}");
        }
    }
}
