//! What `confab up` says when it is ready.

use std::fmt::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;

use confab_contract::config::tenant::TenantConfig;

/// A first account, for the banner's example.
const REGISTER: &str = r#"{"email":"you@example.com","username":"you","password":"a long passphrase 7"}"#;

/// Everything that the banner tells.
pub struct Banner<'a> {
    /// Address of the API.
    pub api: SocketAddr,
    /// Address of health and metrics.
    pub ops: SocketAddr,
    /// How this very program is called, for the examples.
    pub program: &'a str,
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
        let ops = reachable(self.ops);
        line("health", format!("http://{ops}/readyz   metrics  http://{ops}/metrics"));
        line("data", self.store.to_owned());
        if let Some(first) = self.tenants.first() {
            let base = base_url(first, self.api);
            text.push_str("Try:\n");
            let _ = writeln!(text, "  {} tour --url {base}", self.program);
            let _ = writeln!(
                text,
                "  curl {base}/v1/auth/register -H 'Content-Type: application/json' \\\n    -d '{REGISTER}'"
            );
        }
        text.push_str("Stop with Ctrl-C.");
        text
    }
}

/// Where a client reaches a tenant of this process: at its domain, or, if it answers there, on this machine or at the
/// address that was listened on.
pub fn base_url(tenant: &TenantConfig, api: SocketAddr) -> String {
    let hosts = tenant.hosts();
    let (ip, port) = (api.ip(), api.port());
    let on_localhost = ip.is_unspecified() || ip == Ipv4Addr::LOCALHOST || ip == Ipv6Addr::LOCALHOST;
    if on_localhost && hosts.contains("localhost") {
        format!("http://localhost:{port}")
    } else if !on_localhost && hosts.contains(&ip.to_string()) {
        format!("http://{api}")
    } else {
        format!("http://{}:{port}", tenant.domain)
    }
}

/// An address that can be asked: one that means "all of this machine's" cannot.
fn reachable(address: SocketAddr) -> SocketAddr {
    let ip = match address.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, address.port())
}

/// How this program is called again from this folder: by its name alone if the shell found it so, else by its path.
pub fn called(name: &Path, path: Option<&Path>, folder: Option<&Path>) -> String {
    if name.components().count() == 1 {
        return name.display().to_string();
    }
    let path = path.unwrap_or(name);
    let below = folder.and_then(|folder| path.strip_prefix(folder).ok()).filter(|below| below.components().count() > 1);
    below.unwrap_or(path).display().to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn demo() -> TenantConfig {
        TenantConfig::new("default.demo".parse().expect("an id"), "chat.example.com")
    }

    #[test]
    fn the_only_tenant_is_reached_where_the_server_listens_and_several_by_their_domains() {
        let mut tenant = demo();
        let base = |tenant: &TenantConfig, api: &str| base_url(tenant, api.parse().expect("an address"));
        assert_eq!(base(&tenant, "127.0.0.1:8080"), "http://chat.example.com:8080");
        assert_eq!(base(&tenant, "192.168.1.5:8080"), "http://chat.example.com:8080");
        tenant.extra_hosts = vec!["localhost".to_owned(), "192.168.1.5".to_owned(), "127.0.0.2".to_owned()];
        assert_eq!(base(&tenant, "127.0.0.1:8080"), "http://localhost:8080");
        assert_eq!(base(&tenant, "0.0.0.0:8080"), "http://localhost:8080");
        assert_eq!(base(&tenant, "[::1]:8080"), "http://localhost:8080");
        assert_eq!(base(&tenant, "127.0.0.2:8080"), "http://127.0.0.2:8080");
        assert_eq!(base(&tenant, "192.168.1.5:8080"), "http://192.168.1.5:8080");
    }

    #[test]
    fn the_banner_names_what_can_be_asked_and_typed() {
        let (api, ops) = (SocketAddr::from(([127, 0, 0, 1], 8080)), SocketAddr::from(([0, 0, 0, 0], 9090)));
        let tenants = [demo()];
        let banner = Banner { api, ops, program: "target/debug/confab", tenants: &tenants, store: "./confab-data" };
        let text = banner.text();
        for part in ["./confab-data", "http://127.0.0.1:9090/readyz", "  target/debug/confab tour --url http://chat."] {
            assert!(text.contains(part), "{text}");
        }
    }

    #[test]
    fn the_readme_shows_what_is_seen() {
        let readme = include_str!("../../../../README.md");
        let mut tenant = TenantConfig::new("default.demo".parse().expect("an id"), "localhost");
        tenant.extra_hosts = vec!["127.0.0.1".to_owned()];
        let [api, ops] = [8080, 9090].map(|port| SocketAddr::from((Ipv4Addr::LOCALHOST, port)));
        let program = "target/debug/confab";
        let banner = Banner { api, ops, program, tenants: &[tenant], store: "./confab-data" }.text();
        assert!(readme.contains(&format!("```text\n{banner}\n```")), "README.md does not show:\n{banner}");
    }

    #[test]
    fn the_program_is_called_by_its_name_when_it_is_on_the_path_and_else_by_where_it_is() {
        let called = |name: &str, path: &str| called(Path::new(name), Some(Path::new(path)), Some(Path::new("/src")));
        assert_eq!(called("confab", "/usr/bin/confab"), "confab");
        assert_eq!(called("/src/target/debug/confab", "/src/target/debug/confab"), "target/debug/confab");
        assert_eq!(called("../x/confab", "/x/confab"), "/x/confab");
        assert_eq!(called("./confab", "/src/confab"), "/src/confab");
    }
}
