//! The rules between fields, as CEL: the API server and `offline` evaluate the same text.
//!
//! Keep them to what both understand: `has`, comparisons, `in`, `size`, `matches`. A rule that uses `oldSelf` concerns
//! updates only.

use kube::core::{Reason, Rule};

use super::defaults::{ACCESS_TOKEN_SECONDS, REFRESH_TOKEN_DAYS};

/// The name becomes part of host names, labels and the tenant's id. No schema describes `metadata`, so that a rule on
/// it can point at no field.
pub(super) fn name_is_a_label() -> Rule {
    Rule::new("self.metadata.name.matches('^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$')").message(
        "metadata.name must be a DNS label: at most 63 lower-case letters, digits and '-', beginning and ending with a letter or digit",
    )
}

/// `api.` and `ws.` before an address would be no name.
pub(super) fn domain_is_no_address() -> Rule {
    Rule::new("!self.matches('(^|[.])[0-9]+$')")
        .message("the domain must be a host name, not an IP address; on a laptop use localhost or a name below it")
}

/// Tokens, file links and clients all name the domain.
pub(super) fn domain_stays() -> Rule {
    Rule::new("self == oldSelf")
        .message(
            "the domain cannot be changed: tokens and links of the tenant name it; create another ChatTenant instead",
        )
        .reason(Reason::FieldValueForbidden)
}

/// Stored messages would become unreadable, or readable.
pub(super) fn encryption_stays() -> Rule {
    Rule::new(
        "(has(self.encryption) ? self.encryption : 'ServerReadable') == \
         (has(oldSelf.encryption) ? oldSelf.encryption : 'ServerReadable')",
    )
    .message("encryption cannot be changed: the messages already stored were written under the old setting; create another ChatTenant instead")
    .reason(Reason::FieldValueForbidden)
    .field_path(".encryption")
}

/// A guest lives in its host's database.
pub(super) fn postgres_needs_dedicated() -> Rule {
    Rule::new(
        "!(has(self.database) && has(self.database.postgres)) || \
         (has(self.placement) && has(self.placement.mode) && self.placement.mode == 'Dedicated')",
    )
    .message("database.postgres needs placement.mode: Dedicated, since a Shared tenant is stored in the database of its host")
    .field_path(".database")
}

/// An embedded database has one process, and one process needs no bus.
pub(super) fn redis_needs_postgres() -> Rule {
    Rule::new("!has(self.redis) || (has(self.database) && has(self.database.postgres))")
        .message("redis needs database.postgres: it joins several replicas, and an embedded database has only one; remove redis or name a PostgreSQL")
        .field_path(".redis")
}

/// A oneOf with a message that can be read.
pub(super) fn one_database() -> Rule {
    Rule::new("has(self.embedded) != has(self.postgres)")
        .message("choose exactly one database: `embedded: {}`, or `postgres` with its secretRef")
}

/// Otherwise a session could end while its token still works.
pub(super) fn refresh_outlives_access() -> Rule {
    Rule::new(format!(
        "(has(self.refreshTokenDays) ? self.refreshTokenDays : {REFRESH_TOKEN_DAYS}) * 86400 > \
         (has(self.accessTokenSeconds) ? self.accessTokenSeconds : {ACCESS_TOKEN_SECONDS})"
    ))
    .message("refreshTokenDays must be longer than accessTokenSeconds, so that a session outlives its access tokens")
    .field_path(".refreshTokenDays")
}

/// `*` beside others would hide that the others mean nothing.
pub(super) fn any_origin_stands_alone() -> Rule {
    Rule::new("self.size() <= 1 || !('*' in self)")
        .message("'*' allows every origin already: keep it alone, or list the origins without it")
}
