//! What a tenant file says and `confab up` does not do, because a flag does it or because it is one process.

use std::fmt;

use confab_crds::ChatTenant;
use confab_crds::tenant::{ChatTenantSpec, DatabaseSpec};

/// What a field of `spec` that `confab up` does not read is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// A PostgreSQL, which `--database-url` names.
    Database,
    /// A Redis, which `--redis-url` names.
    Redis,
    /// Something that no flag of the store does.
    Other,
}

/// Such a field of one tenant. Shown, it says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// `<namespace>.<name>`.
    pub tenant: String,
    /// What the field is about.
    pub field: Field,
    /// Its path below `spec`.
    pub path: &'static str,
    /// Why it is not read, and what to do instead.
    reason: &'static str,
}

const DATABASE: &str = "is not read by `confab up`; give --database-url (CONFAB_DATABASE_URL)";
const REDIS: &str = "is not read by `confab up`; give --redis-url (CONFAB_REDIS_URL)";
const FOLDER: &str = "is not read by `confab up`; the database is in the folder of --data";
const ONE_PROCESS: &str = "means nothing to `confab up`, which is one process";
const SERVED: &str = "means nothing to `confab up`, which serves every tenant of its files; leave the file out";
const PROXIES: &str = "is not read by `confab up`; put a proxy before it, and name that with --trusted-proxy";
const GUESTS: &str = "means nothing to `confab up`, where every tenant of its files is a guest of the process";
const FLAG_LESS: &str = "is for a cluster; `confab up` has nothing like it";
const LATER: &str = "is not read by this version";

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: spec.{} {}", self.tenant, self.path, self.reason)
    }
}

/// The fields of these tenants that `confab up` does not read.
pub(super) fn of(tenants: &[ChatTenant]) -> Vec<Ignored> {
    let of_one = |tenant: &ChatTenant| {
        let id = tenant.tenant_id();
        let named = fields(&tenant.spec).into_iter().filter(|(_, given, ..)| *given);
        named.map(move |(path, _, field, reason)| Ignored { tenant: id.clone(), field, path, reason })
    };
    tenants.iter().flat_map(of_one).collect()
}

/// Every field that is not read: its path, whether it is given, what it is about, and what to do instead.
fn fields(spec: &ChatTenantSpec) -> [(&'static str, bool, Field, &'static str); 19] {
    let database = |given: fn(&DatabaseSpec) -> bool| spec.database.as_ref().is_some_and(given);
    let stored =
        |database: &DatabaseSpec| database.embedded.as_ref().is_some_and(|embedded| embedded.storage.is_some());
    [
        ("database.postgres", database(|database| database.postgres.is_some()), Field::Database, DATABASE),
        ("database.cloudNativePG", database(|database| database.cloud_native_pg.is_some()), Field::Database, DATABASE),
        ("database.embedded.storage", database(stored), Field::Other, FOLDER),
        ("redis", spec.redis.is_some(), Field::Redis, REDIS),
        ("placement", spec.placement.is_some(), Field::Other, ONE_PROCESS),
        ("allowedTenants", spec.allowed_tenants.is_some(), Field::Other, GUESTS),
        ("replicas", spec.replicas.is_some(), Field::Other, ONE_PROCESS),
        ("messaging", spec.messaging.is_some(), Field::Other, ONE_PROCESS),
        ("presence", spec.presence.is_some(), Field::Other, ONE_PROCESS),
        ("gateway", spec.gateway.is_some(), Field::Other, PROXIES),
        ("updateStrategy", spec.update_strategy.is_some(), Field::Other, FLAG_LESS),
        ("hibernated", spec.hibernated == Some(true), Field::Other, SERVED),
        ("paused", spec.paused == Some(true), Field::Other, FLAG_LESS),
        ("deletionPolicy", spec.deletion_policy.is_some(), Field::Other, FLAG_LESS),
        ("files", spec.files.is_some(), Field::Other, LATER),
        ("mail", spec.mail.is_some(), Field::Other, LATER),
        ("push", spec.push.is_some(), Field::Other, LATER),
        ("callClusterRef", spec.call_cluster_ref.is_some(), Field::Other, LATER),
        ("aiModelPoolRef", spec.ai_model_pool_ref.is_some(), Field::Other, LATER),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use confab_crds::ChatTenantSpec;

    use super::fields;

    #[test]
    fn every_field_of_a_tenant_is_read_or_warned_of() {
        let read = ["domain", "auth", "encryption", "limits"];
        let file = confab_crds::generate::files().into_iter().find(|file| file.path == "docs/chattenant.md");
        let page = file.expect("a page on the kind").text;
        let section = page.split("\n## spec\n").nth(1).expect("its spec").split("\n### ").next().unwrap_or_default();
        let rows = section.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        let known: BTreeSet<&str> = rows.collect();
        let warned = fields(&ChatTenantSpec::default());
        let warned = warned.iter().map(|(path, ..)| path.split('.').next().unwrap_or_default());
        assert_eq!(warned.chain(read).collect::<BTreeSet<_>>(), known);
    }
}
