//! Whom this process serves, found by host name or by id.

use std::borrow::Cow;
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use arc_swap::ArcSwap;
use confab_contract::TenantId;
use confab_contract::config::tenant::{AuthConfig, LimitsConfig, TenantConfig};

/// A tenant with what is derived from its settings.
#[derive(Debug)]
pub struct Tenant {
    /// Its settings.
    pub config: TenantConfig,
    issuer: Arc<str>,
    hosts: BTreeSet<String>,
}

impl Tenant {
    /// Derives the rest from the settings.
    #[must_use]
    pub fn new(config: TenantConfig) -> Self {
        let issuer = format!("https://{}", config.domain.to_ascii_lowercase()).into();
        let hosts = config.hosts();
        Self { config, issuer, hosts }
    }

    /// Its id.
    pub fn id(&self) -> &TenantId {
        &self.config.id
    }

    /// What is allowed how often, and how large.
    pub fn limits(&self) -> &LimitsConfig {
        &self.config.limits
    }

    /// Accounts and tokens.
    pub fn auth(&self) -> &AuthConfig {
        &self.config.auth
    }

    /// Every host name that means it, in lower case.
    pub fn hosts(&self) -> &BTreeSet<String> {
        &self.hosts
    }

    /// The `iss` of its tokens: `https://<domain>`.
    pub fn issuer(&self) -> &Arc<str> {
        &self.issuer
    }
}

/// All tenants of this process. Cheap to clone; reading takes no lock, and the whole table can be replaced at any time.
#[derive(Debug, Clone)]
pub struct Tenants(Arc<ArcSwap<Table>>);

#[derive(Debug, Default)]
struct Table {
    by_id: HashMap<TenantId, Arc<Tenant>>,
    by_host: HashMap<String, Arc<Tenant>>,
    in_order: Vec<Arc<Tenant>>,
}

impl Tenants {
    /// The tenants of a Config, which has been checked: ids and host names are unique.
    #[must_use]
    pub fn new(configs: Vec<TenantConfig>) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(Table::of(configs))))
    }

    /// The tenant that a `Host` header means: with or without a port, in any case, `[v6]` as it is.
    pub fn by_host(&self, host: &str) -> Option<Arc<Tenant>> {
        self.0.load().by_host.get(host_name(host).as_ref()).cloned()
    }

    /// The tenant of that id.
    pub fn by_id(&self, id: &TenantId) -> Option<Arc<Tenant>> {
        self.0.load().by_id.get(id).cloned()
    }

    /// All of them, in the order of the Config.
    pub fn all(&self) -> Vec<Arc<Tenant>> {
        self.0.load().in_order.clone()
    }

    /// Serves these from now on. Requests that have found their tenant go on with the old settings.
    pub fn replace(&self, configs: Vec<TenantConfig>) {
        self.0.store(Arc::new(Table::of(configs)));
    }
}

impl Table {
    fn of(configs: Vec<TenantConfig>) -> Self {
        let mut table = Self::default();
        for config in configs {
            let tenant = Arc::new(Tenant::new(config));
            for host in tenant.hosts() {
                table.by_host.entry(host_name(host).into_owned()).or_insert_with(|| Arc::clone(&tenant));
            }
            table.by_id.insert(tenant.id().clone(), Arc::clone(&tenant));
            table.in_order.push(tenant);
        }
        table
    }
}

/// The name inside a `Host` header: no port, lower case, no final dot. An IPv6 address keeps its brackets.
fn host_name(host: &str) -> Cow<'_, str> {
    let name = if host.starts_with('[') {
        host.find(']').map_or(host, |end| &host[..=end])
    } else if host.bytes().filter(|b| *b == b':').count() > 1 {
        // A bare IPv6 address, as `extra_hosts` may spell it.
        return Cow::Owned(format!("[{}]", host.to_ascii_lowercase()));
    } else {
        host.split_once(':').map_or(host, |(name, _)| name)
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.bytes().any(|b| b.is_ascii_uppercase()) {
        return Cow::Owned(name.to_ascii_lowercase());
    }
    Cow::Borrowed(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenants() -> Tenants {
        let mut demo = TenantConfig::new("default.demo".parse().expect("an id"), "Chat.Example.com");
        demo.extra_hosts = vec!["127.0.0.1".to_owned(), "::1".to_owned()];
        let other = TenantConfig::new("default.other".parse().expect("an id"), "other.example.com");
        Tenants::new(vec![demo, other])
    }

    #[test]
    fn a_tenant_is_found_by_each_spelling_of_its_hosts() {
        let tenants = tenants();
        for host in [
            "chat.example.com",
            "CHAT.example.com:8080",
            "api.chat.example.com",
            "ws.chat.example.com.",
            "127.0.0.1:1",
            "127.0.0.1",
            "[::1]:8080",
            "[::1]",
        ] {
            let found = tenants.by_host(host).map(|tenant| tenant.id().to_string());
            assert_eq!(found.as_deref(), Some("default.demo"), "{host}");
        }
    }

    #[test]
    fn strange_hosts_mean_nobody() {
        for host in ["", "example.com", "x.chat.example.com", ":80", "[::1", "chat.example.com:80:80", "..", "[", "]"] {
            assert!(tenants().by_host(host).is_none(), "{host}");
        }
    }

    #[test]
    fn replacing_the_table_takes_effect_at_once() {
        let tenants = tenants();
        let new = TenantConfig::new("default.new".parse().expect("an id"), "new.example.com");
        tenants.replace(vec![new]);
        assert!(tenants.by_host("chat.example.com").is_none() && tenants.by_host("new.example.com").is_some());
        assert_eq!(tenants.all().len(), 1);
    }

    #[test]
    fn the_issuer_is_the_domain_in_lower_case() {
        let tenant = tenants().by_host("chat.example.com").expect("it is there");
        assert_eq!(tenant.issuer().as_ref(), "https://chat.example.com");
    }
}
