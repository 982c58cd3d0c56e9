//! The way in.

use super::{Pair, dedicated};

pub fn pairs() -> Vec<Pair> {
    let guests = |more: &str| format!("gateway: {{ingress: {{}}, guestDomains: ['*.chat.example.com']}}{more}");
    let proxies = |networks: &str| format!("gateway: {{ingress: {{}}, trustedProxies: [{networks}]}}");
    let certificate = |tls: &str| format!("gateway: {{ingress: {{tls: {tls}}}}}");
    vec![
        dedicated("exactly one way in", "gateway: {ingress: {}}", "gateway: {trustedProxies: []}"),
        dedicated(
            "exactly one way in",
            "gateway: {httpRoute: {parentRefs: [{name: web}]}}",
            "gateway: {ingress: {}, httpRoute: {parentRefs: [{name: web}]}}",
        ),
        dedicated("exactly one certificate", &certificate("{secretName: c}"), &certificate("{}")),
        dedicated(
            "exactly one certificate",
            &certificate("{certManager: {issuerRef: {name: i}}}"),
            &certificate("{secretName: c, certManager: {issuerRef: {name: i}}}"),
        ),
        dedicated("must be a network", &proxies("10.0.0.0/8, '2001:db8::/32'"), &proxies("10.0.0.0/8, 300.0.0.0/8")),
        dedicated("must be a network", &proxies("192.168.1.7/32"), &proxies("10.0.0.0/33")),
        dedicated("must be a network", &proxies("'fd00::/8'"), &proxies("'2001:db8::/129'")),
        dedicated(
            "the name of a label or annotation",
            "gateway: {ingress: {annotations: {nginx.org/proxy-read-timeout: 1h}}}",
            "gateway: {ingress: {annotations: {'proxy read timeout': 1h}}}",
        ),
        dedicated("the names of guests", &guests(", allowedTenants: {}"), &guests("")),
    ]
}
