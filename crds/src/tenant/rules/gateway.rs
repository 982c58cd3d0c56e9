//! The way in.

use kube::core::Rule;

use super::DEDICATED;

/// A oneOf with a message that can be read.
pub(in crate::tenant) fn one_route() -> Rule {
    Rule::new("has(self.ingress) != has(self.httpRoute)").message(
        "choose exactly one way in: `ingress: {}`, or `httpRoute` with its parentRefs; without any, remove gateway",
    )
}

/// A oneOf with a message that can be read.
pub(in crate::tenant) fn one_certificate() -> Rule {
    Rule::new("has(self.secretName) != has(self.certManager)").message(
        "choose exactly one certificate: `secretName`, or `certManager` with its issuerRef; without TLS, remove tls",
    )
}

/// The pattern lets 300.0.0.0/40 through.
pub(in crate::tenant) fn networks_are_networks() -> Rule {
    Rule::new("self.all(network, isCIDR(network))")
        .message("every entry must be a network such as 10.0.0.0/8 or 2001:db8::/32; for one address write /32, or /128 with IPv6")
}

/// Only a host has guests.
pub(in crate::tenant) fn guest_domains_are_for_hosts() -> Rule {
    Rule::new(format!(
        "!{DEDICATED} || !has(self.gateway) || !has(self.gateway.guestDomains) || self.gateway.guestDomains.size() == 0 || \
         has(self.allowedTenants)"
    ))
    .message("gateway.guestDomains are the names of guests, and this tenant admits none: add allowedTenants, or remove guestDomains")
    .field_path(".gateway.guestDomains")
}
