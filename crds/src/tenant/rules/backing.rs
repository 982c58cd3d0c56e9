//! Database, Redis, files, mail: what a tenant stands on.

use kube::core::{Reason, Rule};

use super::DEDICATED;

/// A oneOf with a message that can be read.
pub(in crate::tenant) fn one_database() -> Rule {
    Rule::new("[has(self.embedded), has(self.postgres), has(self.cloudNativePG)].filter(given, given).size() == 1")
        .message("choose exactly one database: `embedded: {}`, `postgres` with its secretRef, or `cloudNativePG: {}`")
}

/// Nothing carries data from one database into another.
pub(in crate::tenant) fn database_stays() -> Rule {
    Rule::new(format!("{} == {}", variant("self"), variant("oldSelf")))
        .message(
            "the kind of database cannot be changed: accounts and messages would stay behind in the old one; create another ChatTenant \
             with the new database and move people to it",
        )
        .reason(Reason::FieldValueForbidden)
        .field_path(".database")
}

/// Which database it is, by name.
pub(super) fn variant(root: &str) -> String {
    format!(
        "(!has({root}.database) ? 'embedded' : has({root}.database.postgres) ? 'postgres' : \
         has({root}.database.cloudNativePG) ? 'cloudNativePG' : 'embedded')"
    )
}

/// A oneOf with a message that can be read.
pub(in crate::tenant) fn one_redis() -> Rule {
    Rule::new("has(self.secretRef) != has(self.managed)")
        .message("choose exactly one Redis: `managed: {}`, or `secretRef` with the Secret that holds its URL")
}

/// An embedded database has one process, and one process needs no bus.
pub(in crate::tenant) fn redis_needs_replicas() -> Rule {
    Rule::new(format!(
        "!{DEDICATED} || !has(self.redis) || (has(self.database) && (has(self.database.postgres) || has(self.database.cloudNativePG)))"
    ))
    .message(
        "redis needs database.postgres or database.cloudNativePG: it joins several replicas, and an embedded database has only one; \
         remove redis or choose a PostgreSQL",
    )
    .field_path(".redis")
}

/// A oneOf with a message that can be read.
pub(in crate::tenant) fn one_file_store() -> Rule {
    Rule::new("has(self.volume) != has(self.s3)")
        .message("choose exactly one place for files: `volume: {}`, or `s3` with its bucket and credentials")
}

/// Links in old messages would lead nowhere.
pub(in crate::tenant) fn file_store_stays() -> Rule {
    Rule::new("has(self.volume) == has(oldSelf.volume)")
        .message(
            "files cannot move between a volume and S3: those already sent would stay behind; create another ChatTenant instead",
        )
        .reason(Reason::FieldValueForbidden)
}

/// A guest has no pod that a volume could be mounted in.
pub(in crate::tenant) fn volume_needs_dedicated() -> Rule {
    Rule::new(format!("!has(self.files) || !has(self.files.volume) || {DEDICATED}"))
        .message(
            "files.volume needs placement.mode: Dedicated, since a Shared tenant has no pods of its own; use files.s3, or write \
             `placement: {mode: Dedicated}`",
        )
        .field_path(".files.volume")
}

/// Whoever listens on the way would have it.
pub(in crate::tenant) fn no_password_in_clear() -> Rule {
    Rule::new("!has(self.tls) || self.tls != 'None' || !has(self.credentialsSecretRef)")
        .message("with `tls: None` the password would cross the network in clear: choose StartTls or Implicit, or remove credentialsSecretRef")
        .field_path(".credentialsSecretRef")
}
