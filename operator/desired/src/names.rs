//! Names and labels of a tenant's objects.
//!
//! Names are fixed, so that nothing has to be searched for: `<tenant>-<role>`. A tenant's name has at most 40 characters,
//! hence each of these fits a label of 63.

use std::collections::BTreeMap;

use confab_crds::tenant::ResolvedSecret;

/// The field manager that everything is applied as.
pub const FIELD_MANAGER: &str = "confab-operator";
/// Selects what the operator made.
pub const MANAGED_BY: &str = "app.kubernetes.io/managed-by";
/// Names the tenant.
pub const INSTANCE: &str = "app.kubernetes.io/instance";
/// Names the role.
pub const COMPONENT: &str = "app.kubernetes.io/component";
/// Finalizer of a tenant whose deletion removes something outside its namespace's objects.
pub const FINALIZER: &str = "confab.dev/cleanup";
/// Which release runs, and what it was rendered from.
pub const RENDERED: &str = "confab.dev/rendered";
/// Set on a ChatTenant to the version that may run from now on.
pub const RELEASE: &str = "confab.dev/release";
/// Set on a ChatTenant to any new value: pods are replaced one by one.
pub const RESTARTED_AT: &str = "confab.dev/restarted-at";
/// Set on a ChatTenant to any new value: the keys that sign tokens are replaced, with overlap.
pub const ROTATE_TOKEN_KEYS: &str = "confab.dev/rotate-token-keys";
/// Set on a ChatTenant to any new value: the master key is replaced, with overlap.
pub const ROTATE_MASTER_KEY: &str = "confab.dev/rotate-master-key";

/// What a set of pods does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Role {
    /// The REST API.
    Messaging,
    /// The WebSocket gateway.
    Presence,
    /// Both, on an embedded database.
    Serve,
    /// A Redis that the operator made.
    Redis,
}

impl Role {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Messaging, Self::Presence, Self::Serve, Self::Redis];

    /// As in names and labels.
    pub fn name(self) -> &'static str {
        match self {
            Self::Messaging => "messaging",
            Self::Presence => "presence",
            Self::Serve => "serve",
            Self::Redis => "redis",
        }
    }
}

/// Names of one tenant's objects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Names {
    tenant: String,
}

impl Names {
    /// Names for the tenant of that name.
    pub fn new(tenant: impl Into<String>) -> Self {
        Self { tenant: tenant.into() }
    }

    /// The tenant's own name: its ServiceAccount, Ingress and HTTPRoute.
    pub fn tenant(&self) -> &str {
        &self.tenant
    }

    /// Pods of a role, and the Service before them.
    pub fn role(&self, role: Role) -> String {
        format!("{}-{}", self.tenant, role.name())
    }

    /// The headless Service of a role: one DNS record per pod.
    pub fn pods(&self, role: Role) -> String {
        format!("{}-{}-pods", self.tenant, role.name())
    }

    /// The Config of a role, named by its content: an old pod that restarts finds the Config that it was made for.
    pub fn config(&self, role: Role, digest: &str) -> String {
        format!("{}-{}-{digest}", self.tenant, role.name())
    }

    /// The Secret with the master key.
    pub fn master_key(&self) -> String {
        format!("{}-master-key", self.tenant)
    }

    /// The Secret with certificate and key of the admin listener.
    pub fn admin_tls(&self) -> String {
        format!("{}-admin-tls", self.tenant)
    }

    /// The Secret with address and password of a managed Redis.
    pub fn redis_secret(&self) -> String {
        format!("{}-redis", self.tenant)
    }

    /// The CloudNativePG Cluster.
    pub fn database(&self) -> String {
        format!("{}-database", self.tenant)
    }

    /// The Secret that CloudNativePG writes for an application.
    pub fn database_secret(&self) -> String {
        format!("{}-database-app", self.tenant)
    }

    /// The entry of that Secret with the URL.
    pub fn database_url(&self) -> ResolvedSecret {
        ResolvedSecret { name: self.database_secret(), key: "uri".to_owned() }
    }

    /// The volume of an embedded database.
    pub fn data(&self) -> String {
        format!("{}-data", self.tenant)
    }

    /// The certificate's Secret, where cert-manager makes it.
    pub fn gateway_tls(&self) -> String {
        format!("{}-tls", self.tenant)
    }

    /// Labels by which pods of a role are selected. They never change: a Deployment's selector cannot.
    pub fn selector(&self, role: Role) -> BTreeMap<String, String> {
        let mut labels = self.tenant_selector();
        labels.insert(COMPONENT.to_owned(), role.name().to_owned());
        labels
    }

    /// Labels of everything of a tenant.
    pub fn tenant_selector(&self) -> BTreeMap<String, String> {
        let pairs = [("app.kubernetes.io/name", "confab"), (INSTANCE, self.tenant.as_str())];
        pairs.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect()
    }

    /// All labels of an object.
    pub fn labels(&self, role: Option<Role>) -> BTreeMap<String, String> {
        let mut labels = self.tenant_selector();
        labels.insert(MANAGED_BY.to_owned(), FIELD_MANAGER.to_owned());
        labels.insert("app.kubernetes.io/part-of".to_owned(), "confab".to_owned());
        if let Some(role) = role {
            labels.insert(COMPONENT.to_owned(), role.name().to_owned());
        }
        labels
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_the_longest_tenant_fits_a_label() {
        let names = Names::new("t".repeat(40));
        let mut all: Vec<String> = Role::ALL.iter().flat_map(|role| [names.role(*role), names.pods(*role)]).collect();
        all.extend([
            names.config(Role::Messaging, "0123456789"),
            names.master_key(),
            names.admin_tls(),
            names.redis_secret(),
        ]);
        all.extend([names.database(), names.database_secret(), names.data(), names.gateway_tls()]);
        for name in all {
            assert!(name.len() <= 63, "{name}");
            // A StatefulSet's pods carry `<name>-<hash of 10>` as a label.
            assert!(name.len() + 11 <= 63 || !name.ends_with("serve") && !name.ends_with("redis"), "{name}");
        }
    }
}
