//! Whom this process serves, found by host name or by id. Tenants may come, change and go at any time.

use std::borrow::Cow;
use std::collections::HashSet;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use confab_contract::TenantId;
use confab_contract::config::tenant::{AuthConfig, LimitsConfig, TenantConfig};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric as _};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::gauge::ConstGauge;
use tokio::sync::broadcast;

use crate::sharded::Sharded;
use crate::telemetry::Metrics;

/// Changes that a listener may lie behind before it misses some.
const BACKLOG: usize = 4096;

/// Whether a tenant's requests are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Standing {
    /// They are.
    Serving,
    /// 503, as was asked for.
    Hibernated,
    /// 403: the host's policy does not admit the tenant any more.
    NotAllowed,
}

impl Standing {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Serving, Self::Hibernated, Self::NotAllowed];

    /// The name in metrics.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Serving => "serving",
            Self::Hibernated => "hibernated",
            Self::NotAllowed => "not_allowed",
        }
    }
}

/// A tenant with what is derived from its settings.
#[derive(Debug)]
pub struct Tenant {
    /// Its settings.
    pub config: TenantConfig,
    /// Whether its requests are answered.
    pub standing: Standing,
    issuer: Arc<str>,
    hosts: Box<[Arc<str>]>,
}

impl Tenant {
    /// A tenant that is served.
    #[must_use]
    pub fn new(config: TenantConfig) -> Self {
        Self::standing(config, Standing::Serving)
    }

    /// Derives the rest from the settings.
    #[must_use]
    pub fn standing(config: TenantConfig, standing: Standing) -> Self {
        let issuer = format!("https://{}", config.domain.to_ascii_lowercase()).into();
        let hosts = config.hosts().into_iter().map(Arc::from).collect();
        Self { config, standing, issuer, hosts }
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
    pub fn hosts(&self) -> &[Arc<str>] {
        &self.hosts
    }

    /// Whether it has this host name, which is in lower case.
    pub fn has_host(&self, name: &str) -> bool {
        self.hosts.iter().any(|host| **host == *name)
    }

    /// Whether its requests are answered.
    pub fn is_served(&self) -> bool {
        self.standing == Standing::Serving
    }

    /// The `iss` of its tokens: `https://<domain>`.
    pub fn issuer(&self) -> &Arc<str> {
        &self.issuer
    }
}

/// Brings the table up to date when a host name is asked for that nobody has, because the tenant may be so new that this
/// process has not heard of it.
pub trait LookUp: Send + Sync {
    /// Returns when everything that was stored when it was called is in the table.
    fn look_up(&self) -> Pin<Box<dyn Future<Output = Result<(), CannotTell>> + Send + '_>>;
}

/// Nobody could be asked whether there is such a tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("it cannot be told at this moment whether there is such a tenant")]
pub struct CannotTell;

/// All tenants of this process. Cheap to clone. What a change costs does not depend on how many there are.
#[derive(Clone)]
pub struct Tenants(Arc<Inner>);

struct Inner {
    by_id: Sharded<TenantId, Arc<Tenant>>,
    by_host: Sharded<Arc<str>, Arc<Tenant>>,
    /// Held by whoever changes something, with the number of tenants in each standing.
    counts: Mutex<[usize; Standing::ALL.len()]>,
    changes: broadcast::Sender<TenantId>,
    look_up: OnceLock<Weak<dyn LookUp>>,
}

impl fmt::Debug for Tenants {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tenants").field(&self.counts()).finish()
    }
}

impl Tenants {
    /// The tenants of a Config, which has been checked: ids and host names are unique.
    #[must_use]
    pub fn new(configs: Vec<TenantConfig>) -> Self {
        let tenants = Self(Arc::new(Inner {
            by_id: Sharded::default(),
            by_host: Sharded::default(),
            counts: Mutex::default(),
            changes: broadcast::Sender::new(BACKLOG),
            look_up: OnceLock::new(),
        }));
        tenants.replace(configs);
        tenants
    }

    /// The tenant that a `Host` header means: with or without a port, in any case, `[v6]` as it is.
    pub fn by_host(&self, host: &str) -> Option<Arc<Tenant>> {
        self.0.by_host.get(host_name(host).as_ref())
    }

    /// The same; where nobody has the name, after a look at where tenants come from.
    pub async fn find_by_host(&self, host: &str) -> Result<Option<Arc<Tenant>>, CannotTell> {
        if let Some(tenant) = self.by_host(host) {
            return Ok(Some(tenant));
        }
        let Some(look_up) = self.0.look_up.get().and_then(Weak::upgrade) else { return Ok(None) };
        look_up.look_up().await?;
        Ok(self.by_host(host))
    }

    /// From now on unknown host names are looked up there.
    pub fn look_up_with(&self, look_up: Weak<dyn LookUp>) {
        // There is one source of tenants in a process.
        let _ = self.0.look_up.set(look_up);
    }

    /// The tenant of that id.
    pub fn by_id(&self, id: &TenantId) -> Option<Arc<Tenant>> {
        self.0.by_id.get(id)
    }

    /// All of them, by id. It is not cheap.
    pub fn all(&self) -> Vec<Arc<Tenant>> {
        let mut all = self.0.by_id.values();
        all.sort_by(|one, other| one.id().cmp(other.id()));
        all
    }

    /// How many there are in each standing.
    pub fn counts(&self) -> [(Standing, usize); Standing::ALL.len()] {
        let counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
        Standing::ALL.map(|standing| (standing, counts[standing as usize]))
    }

    /// Shows [`Self::counts`] as `confab_tenants`.
    pub fn counted_by(&self, metrics: &Metrics) {
        metrics.register_collector(Count(Arc::downgrade(&self.0)));
    }

    /// Tells of each tenant that comes, changes or goes from now on. Who gets `Lagged` looks at every tenant that it cares for.
    pub fn changes(&self) -> broadcast::Receiver<TenantId> {
        self.0.changes.subscribe()
    }

    /// A tenant comes, or has changed. Requests that have found it go on with what they found.
    pub fn put(&self, tenant: &Arc<Tenant>) {
        {
            let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
            counts[tenant.standing as usize] += 1;
            let before = self.0.by_id.insert(tenant.id().clone(), Arc::clone(tenant));
            for host in tenant.hosts() {
                self.0.by_host.insert(key_of(host), Arc::clone(tenant));
            }
            if let Some(before) = before {
                counts[before.standing as usize] -= 1;
                self.forget_hosts(before.hosts().iter().filter(|host| !tenant.has_host(host)), tenant.id());
            }
        }
        self.tell(tenant.id());
    }

    /// A tenant goes.
    pub fn remove(&self, id: &TenantId) {
        {
            let mut counts = self.0.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(before) = self.0.by_id.remove_if(id, |_| true) else { return };
            counts[before.standing as usize] -= 1;
            self.forget_hosts(before.hosts().iter(), id);
        }
        self.tell(id);
    }

    /// Serves these from now on, and nobody else.
    pub fn replace(&self, configs: Vec<TenantConfig>) {
        let kept: HashSet<TenantId> = configs.iter().map(|config| config.id.clone()).collect();
        for gone in self.all().iter().filter(|tenant| !kept.contains(tenant.id())) {
            self.remove(gone.id());
        }
        for config in configs {
            self.put(&Arc::new(Tenant::new(config)));
        }
    }

    /// Names that belong to somebody else by now stay.
    fn forget_hosts<'a>(&self, hosts: impl Iterator<Item = &'a Arc<str>>, of: &TenantId) {
        for host in hosts {
            self.0.by_host.remove_if(host_name(host).as_ref(), |owner| owner.id() == of);
        }
    }

    fn tell(&self, id: &TenantId) {
        // Nobody may be listening.
        let _ = self.0.changes.send(id.clone());
    }
}

/// Tenants by standing, counted when somebody asks.
struct Count(Weak<Inner>);

impl fmt::Debug for Count {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Count")
    }
}

impl Collector for Count {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let Some(inner) = self.0.upgrade() else { return Ok(()) };
        let help = "Tenants of this process by what becomes of their requests";
        let mut family = encoder.encode_descriptor("tenants", help, None, MetricType::Gauge)?;
        for (standing, count) in Tenants(inner).counts() {
            let labels = [("state", standing.as_str())];
            let gauge = ConstGauge::new(i64::try_from(count).unwrap_or(i64::MAX));
            gauge.encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

/// How a host name of a tenant is found; mostly the name itself, which is then kept once.
fn key_of(host: &Arc<str>) -> Arc<str> {
    match host_name(host) {
        Cow::Borrowed(name) if name.len() == host.len() => Arc::clone(host),
        other => other.as_ref().into(),
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
    fn one_tenant_comes_changes_and_goes_and_the_others_are_not_touched() {
        let tenants = tenants();
        let mut changes = tenants.changes();
        let mut config = TenantConfig::new("default.new".parse().expect("an id"), "new.example.com");
        tenants.put(&Arc::new(Tenant::new(config.clone())));
        config.domain = "renamed.example.com".to_owned();
        tenants.put(&Arc::new(Tenant::standing(config.clone(), Standing::Hibernated)));
        assert!(tenants.by_host("new.example.com").is_none() && tenants.by_host("api.new.example.com").is_none());
        assert!(!tenants.by_host("renamed.example.com").expect("it is there").is_served());
        assert_eq!(tenants.counts(), [(Standing::Serving, 2), (Standing::Hibernated, 1), (Standing::NotAllowed, 0)]);
        tenants.remove(&config.id);
        tenants.remove(&config.id);
        assert!(tenants.by_host("renamed.example.com").is_none() && tenants.by_id(&config.id).is_none());
        assert!(tenants.by_host("chat.example.com").is_some());
        assert_eq!(tenants.counts()[1].1, 0);
        for _ in 0..3 {
            assert_eq!(changes.try_recv(), Ok(config.id.clone()));
        }
        assert!(changes.try_recv().is_err(), "what is not there does not go");
    }

    #[test]
    fn a_host_name_that_another_has_by_now_stays_with_it() {
        let tenants = tenants();
        let heir = TenantConfig::new("default.heir".parse().expect("an id"), "other.example.com");
        tenants.put(&Arc::new(Tenant::new(heir)));
        tenants.remove(&"default.other".parse().expect("an id"));
        let owner = tenants.by_host("api.other.example.com").expect("it has an owner");
        assert_eq!(owner.id().as_str(), "default.heir");
    }

    struct Late(Tenants);

    impl LookUp for Late {
        fn look_up(&self) -> Pin<Box<dyn Future<Output = Result<(), CannotTell>> + Send + '_>> {
            let late = TenantConfig::new("default.late".parse().expect("an id"), "late.example.com");
            self.0.put(&Arc::new(Tenant::new(late)));
            Box::pin(std::future::ready(Ok(())))
        }
    }

    #[tokio::test]
    async fn a_name_that_nobody_has_is_looked_up_once_there_is_somewhere_to_look() {
        let tenants = tenants();
        assert!(tenants.find_by_host("late.example.com").await.expect("nobody is asked").is_none());
        let source: Arc<dyn LookUp> = Arc::new(Late(tenants.clone()));
        tenants.look_up_with(Arc::downgrade(&source));
        let found = tenants.find_by_host("LATE.example.com:8080").await.expect("it can be told");
        assert_eq!(found.expect("it has come").id().as_str(), "default.late");
        assert!(tenants.find_by_host("never.example.com").await.expect("it can be told").is_none());
    }

    #[test]
    fn tenants_are_counted_in_the_metrics() {
        let (tenants, metrics) = (tenants(), Metrics::new());
        tenants.counted_by(&metrics);
        let asleep = TenantConfig::new("default.asleep".parse().expect("an id"), "asleep.example.com");
        tenants.put(&Arc::new(Tenant::standing(asleep, Standing::Hibernated)));
        let text = metrics.encode();
        assert!(text.contains("confab_tenants{state=\"serving\"} 2\n"), "{text}");
        assert!(text.contains("confab_tenants{state=\"hibernated\"} 1\n"), "{text}");
    }

    #[test]
    fn the_issuer_is_the_domain_in_lower_case() {
        let tenant = tenants().by_host("chat.example.com").expect("it is there");
        assert_eq!(tenant.issuer().as_ref(), "https://chat.example.com");
    }
}
