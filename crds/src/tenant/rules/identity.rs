//! What a tenant is called, and what it may never become.

use kube::core::{Reason, Rule};

/// The name becomes part of object names, host names, labels and the tenant's id. No schema describes `metadata`, so
/// that a rule on it can point at no field.
pub(in crate::tenant) fn name_leaves_room() -> Rule {
    Rule::new("self.metadata.name.matches('^[a-z]([-a-z0-9]{0,38}[a-z0-9])?$')").message(
        "metadata.name must be at most 40 lower-case letters, digits and '-', beginning with a letter and ending with a letter or \
         digit: names of Services and Pods are made from it; choose a shorter or plainer one",
    )
}

/// `api.` and `ws.` before an address would be no name.
pub(in crate::tenant) fn domain_is_no_address() -> Rule {
    Rule::new("!self.matches('(^|[.])[0-9]+$')")
        .message("the domain must be a host name, not an IP address; on a laptop use localhost or a name below it")
}

/// Tokens, file links and clients all name the domain.
pub(in crate::tenant) fn domain_stays() -> Rule {
    Rule::new("self == oldSelf")
        .message(
            "the domain cannot be changed: tokens and links of the tenant name it; create another ChatTenant instead",
        )
        .reason(Reason::FieldValueForbidden)
}

/// Stored messages would become unreadable, or readable.
pub(in crate::tenant) fn encryption_stays() -> Rule {
    Rule::new(
        "(has(self.encryption) ? self.encryption : 'ServerReadable') == \
         (has(oldSelf.encryption) ? oldSelf.encryption : 'ServerReadable')",
    )
    .message("encryption cannot be changed: the messages already stored were written under the old setting; create another ChatTenant instead")
    .reason(Reason::FieldValueForbidden)
    .field_path(".encryption")
}
