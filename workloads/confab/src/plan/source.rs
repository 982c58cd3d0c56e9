//! What is there: in a cluster, or in a folder.

use confab_crds::ChatTenant;
use confab_crds::tenant::resolved::{ResolvedRef, ResolvedTenant};
use confab_desired::build::Wanted;
use confab_desired::check::HostView;
use confab_desired::settings::Capabilities;
use confab_desired::{Object, References};

use super::Child;
use super::cluster::Cluster;
use super::folder::Folder;
use super::kubectl::Kubectl;
use crate::cli::{Against, PlanArgs};

/// Where things are.
pub(super) enum Source {
    /// In a cluster.
    Cluster(Cluster),
    /// In the folder of an earlier rendering.
    Folder(Folder),
}

/// The Secrets that the operator makes, without their data.
#[derive(Default)]
pub(super) struct Secrets {
    /// Those that are there.
    pub found: Vec<Child>,
    /// Names of those that may not be read.
    pub unknown: Vec<String>,
}

impl Source {
    pub(super) fn open(args: &PlanArgs) -> Result<Self, String> {
        match &args.against {
            Against::Live => {
                let kubectl = Kubectl::new(args.kubectl.clone(), args.context.clone());
                Cluster::open(kubectl).map(Self::Cluster)
            }
            Against::Folder(path) => Folder::read(path).map(Self::Folder),
        }
    }

    /// As in headings.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Cluster(_) => "live".to_owned(),
            Self::Folder(folder) => folder.name(),
        }
    }

    /// Whether it holds ChatTenants, not only their objects.
    pub(super) fn knows_tenants(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    /// Whether its objects say who owns which field.
    pub(super) fn is_owned(&self) -> bool {
        matches!(self, Self::Cluster(_))
    }

    /// The ChatTenant of that name.
    pub(super) fn tenant(&self, tenant: &ResolvedTenant) -> Result<Option<ChatTenant>, String> {
        match self {
            Self::Cluster(cluster) => cluster.tenant(&tenant.namespace, &tenant.name),
            Self::Folder(_) => Ok(None),
        }
    }

    /// What it can do, if it says so.
    pub(super) fn capabilities(&self) -> Option<Capabilities> {
        match self {
            Self::Cluster(cluster) => Some(cluster.capabilities()),
            Self::Folder(_) => None,
        }
    }

    /// What the tenant refers to, and what could not be read.
    pub(super) fn references(&self, tenant: &ResolvedTenant) -> Result<(References, Vec<String>), String> {
        match self {
            Self::Cluster(cluster) => cluster.references(tenant),
            Self::Folder(_) => Ok((References::assumed(), Vec::new())),
        }
    }

    /// Everything that is labelled as the tenant's, but for Secrets.
    pub(super) fn children(&self, tenant: &ResolvedTenant, capabilities: Capabilities) -> Result<Vec<Child>, String> {
        match self {
            Self::Cluster(cluster) => cluster.children(tenant, capabilities),
            Self::Folder(folder) => Ok(folder.children(tenant)),
        }
    }

    /// Objects of wanted names that are not among these: they lack the label, and may be somebody else's.
    pub(super) fn others(
        &self,
        tenant: &ResolvedTenant,
        wanted: &[Object],
        found: &[Child],
    ) -> Result<Vec<Child>, String> {
        match self {
            Self::Cluster(cluster) => cluster.others(tenant, wanted, found),
            Self::Folder(_) => Ok(Vec::new()),
        }
    }

    /// The Secrets that the operator makes, without their data.
    pub(super) fn secrets(&self, tenant: &ResolvedTenant, wanted: &Wanted) -> Result<Secrets, String> {
        match self {
            Self::Cluster(cluster) => cluster.secrets(tenant, wanted),
            Self::Folder(folder) => Ok(Secrets { found: folder.secrets(tenant), unknown: Vec::new() }),
        }
    }

    /// What is known of a host, if it may be read, and what could not be.
    pub(super) fn host(
        &self,
        guest: &ResolvedTenant,
        host: &ResolvedRef,
    ) -> Result<(Option<HostView>, Vec<String>), String> {
        match self {
            Self::Cluster(cluster) => cluster.host(guest, host),
            Self::Folder(_) => Ok((None, Vec::new())),
        }
    }
}
