//! What `confab up` says when it is ready.

use std::fmt::Write as _;
use std::net::SocketAddr;

use confab_contract::config::tenant::TenantConfig;

/// A first account, for the banner's example.
const REGISTER: &str = r#"{"email":"you@example.com","username":"you","password":"a long passphrase 7"}"#;

/// Everything that the banner tells.
pub struct Banner<'a> {
    /// Address of the API.
    pub api: SocketAddr,
    /// Address of health and metrics.
    pub ops: SocketAddr,
    /// Who is served.
    pub tenants: &'a [TenantConfig],
    /// Where data lies, in words; no secret.
    pub store: &'a str,
}

impl Banner<'_> {
    /// The text, several lines.
    pub fn text(&self) -> String {
        let mut text = String::from("Confab is ready.\n");
        let mut line = |label: &str, value: String| {
            let _ = writeln!(text, "  {label:<8}{value}");
        };
        for tenant in self.tenants {
            let base = base_url(tenant, self.api);
            line("tenant", tenant.id.to_string());
            line("API", format!("{base}/v1"));
            line("docs", format!("{base}/docs"));
            line("socket", format!("{}/v1/ws", base.replacen("http", "ws", 1)));
        }
        line("health", format!("http://{}/readyz   metrics  http://{}/metrics", self.ops, self.ops));
        line("data", self.store.to_owned());
        if let Some(first) = self.tenants.first() {
            let base = base_url(first, self.api);
            text.push_str("Try:\n");
            let _ = writeln!(text, "  confab tour --url {base}");
            let _ = writeln!(
                text,
                "  curl {base}/v1/auth/register -H 'Content-Type: application/json' \\\n    -d '{REGISTER}'"
            );
        }
        text.push_str("Stop with Ctrl-C.");
        text
    }
}

/// Where a client reaches a tenant of this process.
pub fn base_url(tenant: &TenantConfig, api: SocketAddr) -> String {
    let on_loopback = tenant.hosts().contains("localhost");
    let host = if on_loopback { "localhost" } else { &tenant.domain };
    format!("http://{host}:{}", api.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_only_tenant_is_reached_on_localhost_and_several_by_their_domains() {
        let api = SocketAddr::from(([127, 0, 0, 1], 8080));
        let mut tenant = TenantConfig::new("default.demo".parse().expect("an id"), "chat.example.com");
        assert_eq!(base_url(&tenant, api), "http://chat.example.com:8080");
        tenant.extra_hosts = vec!["localhost".to_owned()];
        let banner = Banner { api, ops: api, tenants: &[tenant], store: "./confab-data" }.text();
        assert!(banner.contains("http://localhost:8080/v1") && banner.contains("./confab-data"), "{banner}");
    }
}
