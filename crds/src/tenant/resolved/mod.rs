//! A tenant with every default filled in and every choice made: what the rest of the code reads.

mod backing;
mod dedicated;
mod gateway;
mod limits;
mod notices;
mod workload;

pub use backing::{
    Database, ResolvedCloudNativePg, ResolvedFiles, ResolvedPostgres, ResolvedRedis, ResolvedS3, ResolvedSecret,
    ResolvedStorage,
};
pub use dedicated::{GuestNamespaces, ResolvedDedicated, ResolvedGuests};
pub use gateway::{ResolvedGateway, ResolvedIngress, ResolvedIssuer, ResolvedParent, ResolvedRoute, ResolvedTls};
pub use limits::{ResolvedAuth, ResolvedLimits, ResolvedRate};
pub use notices::{ResolvedApns, ResolvedMail, ResolvedPush, ResolvedSignIn, ResolvedWebPush};
pub use workload::{ResolvedReplicas, ResolvedResources, ResolvedScheduling, ResolvedWorkload};

use super::{AuthSpec, ChatTenant, DeletionPolicy, Encryption, LimitsSpec, ObjectRef, PlacementMode, defaults};

/// A tenant as it is meant, with nothing left open.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedTenant {
    /// `<namespace>.<name>`.
    pub id: String,
    /// Namespace of the resource.
    pub namespace: String,
    /// Name of the resource.
    pub name: String,
    /// Where the tenant answers.
    pub domain: String,
    /// Whether it has pods of its own, and all about them.
    pub placement: ResolvedPlacement,
    /// Where files are kept, if they may be sent.
    pub files: Option<ResolvedFiles>,
    /// Accounts and tokens.
    pub auth: ResolvedAuth,
    /// Whether the server may read messages.
    pub encryption: Encryption,
    /// What is allowed how often, and how large.
    pub limits: ResolvedLimits,
    /// How mail is sent, if it is.
    pub mail: Option<ResolvedMail>,
    /// Which push services are used.
    pub push: ResolvedPush,
    /// The `CallCluster` that carries calls, if there are any.
    pub call_cluster: Option<ResolvedRef>,
    /// The `AIModelPool` that answers assistants, if there are any.
    pub ai_model_pool: Option<ResolvedRef>,
    /// Whether nothing runs for it.
    pub hibernated: bool,
    /// Whether the operator leaves everything as it is.
    pub paused: bool,
    /// What a deletion leaves.
    pub deletion_policy: DeletionPolicy,
}

/// Where a tenant runs.
#[derive(Clone, Debug, PartialEq)]
pub enum ResolvedPlacement {
    /// In the pods of a host: the one that is named, or the operator's default.
    Shared {
        /// The host that is named, if one is.
        host: Option<ResolvedRef>,
    },
    /// In pods of its own.
    Dedicated(Box<ResolvedDedicated>),
}

/// Another resource.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ResolvedRef {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

impl ResolvedPlacement {
    /// Whether the tenant has pods of its own.
    pub fn mode(&self) -> PlacementMode {
        match self {
            Self::Shared { .. } => PlacementMode::Shared,
            Self::Dedicated(_) => PlacementMode::Dedicated,
        }
    }

    /// All about its own pods, if it has some.
    pub fn dedicated(&self) -> Option<&ResolvedDedicated> {
        match self {
            Self::Shared { .. } => None,
            Self::Dedicated(dedicated) => Some(dedicated),
        }
    }
}

impl ResolvedRef {
    fn of(spec: &ObjectRef, own_namespace: &str) -> Self {
        Self { namespace: spec.namespace.clone().unwrap_or_else(|| own_namespace.to_owned()), name: spec.name.clone() }
    }
}

impl From<&ChatTenant> for ResolvedTenant {
    fn from(tenant: &ChatTenant) -> Self {
        let spec = &tenant.spec;
        let namespace = tenant.metadata.namespace.clone().unwrap_or_else(|| defaults::NAMESPACE.into());
        let reference = |spec: &Option<ObjectRef>| spec.as_ref().map(|spec| ResolvedRef::of(spec, &namespace));
        Self {
            id: tenant.tenant_id(),
            name: tenant.metadata.name.clone().unwrap_or_default(),
            domain: spec.domain.clone(),
            placement: placement(tenant, &namespace),
            files: spec.files.as_ref().map(ResolvedFiles::from),
            auth: spec.auth.as_ref().unwrap_or(&AuthSpec::default()).into(),
            encryption: spec.encryption.unwrap_or_default(),
            limits: spec.limits.as_ref().unwrap_or(&LimitsSpec::default()).into(),
            mail: spec.mail.as_ref().map(ResolvedMail::from),
            push: spec.push.as_ref().map(ResolvedPush::from).unwrap_or_default(),
            call_cluster: reference(&spec.call_cluster_ref),
            ai_model_pool: reference(&spec.ai_model_pool_ref),
            hibernated: spec.hibernated.unwrap_or(false),
            paused: spec.paused.unwrap_or(false),
            deletion_policy: spec.deletion_policy.unwrap_or_default(),
            namespace,
        }
    }
}

fn placement(tenant: &ChatTenant, namespace: &str) -> ResolvedPlacement {
    let placement = tenant.spec.placement.clone().unwrap_or_default();
    match placement.mode.unwrap_or_default() {
        PlacementMode::Shared => {
            ResolvedPlacement::Shared { host: placement.host_ref.map(|host| ResolvedRef::of(&host, namespace)) }
        }
        PlacementMode::Dedicated => {
            ResolvedPlacement::Dedicated(Box::new(ResolvedDedicated::of(&tenant.spec, namespace)))
        }
    }
}
