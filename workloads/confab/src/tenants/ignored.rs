//! What a tenant file says and `confab up` does not do, because a flag does it or because it is one process.

use std::fmt;

use confab_crds::ChatTenant;

/// A field of `spec` that `confab up` does not read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Field {
    /// `spec.database.postgres`
    Postgres,
    /// `spec.redis`
    Redis,
    /// `spec.placement`
    Placement,
}

/// Such a field of one tenant. Shown, it says what to do instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// `<namespace>.<name>`.
    pub tenant: String,
    /// Which field.
    pub field: Field,
}

impl fmt::Display for Ignored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = match self.field {
            Field::Postgres => {
                "spec.database.postgres is not read by `confab up`; give --database-url (CONFAB_DATABASE_URL)"
            }
            Field::Redis => "spec.redis is not read by `confab up`; give --redis-url (CONFAB_REDIS_URL)",
            Field::Placement => "spec.placement means nothing to `confab up`, which is one process",
        };
        write!(f, "{}: {text}", self.tenant)
    }
}

/// The fields of these tenants that `confab up` does not read.
pub(super) fn of(tenants: &[ChatTenant]) -> Vec<Ignored> {
    let of_one = |tenant: &ChatTenant| {
        let spec = &tenant.spec;
        let given = [
            (Field::Postgres, spec.database.as_ref().is_some_and(|database| database.postgres.is_some())),
            (Field::Redis, spec.redis.is_some()),
            (Field::Placement, spec.placement.is_some()),
        ];
        let id = tenant.tenant_id();
        let named = given.into_iter().filter(|(_, given)| *given);
        named.map(move |(field, _)| Ignored { tenant: id.clone(), field })
    };
    tenants.iter().flat_map(of_one).collect()
}
