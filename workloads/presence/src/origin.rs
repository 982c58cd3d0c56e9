//! Which web pages may open sockets here. Pure.
//!
//! Cookies play no part in signing in, so a foreign page cannot act for a person; the check keeps pages that hold a
//! stolen token, or that were tricked into using one, from speaking through the victim's browser.

use confab_contract::config::tenant::TenantConfig;

/// Whether a page of this origin may open a socket. Native clients send no `Origin`.
pub fn is_allowed(origin: Option<&str>, tenant: &TenantConfig) -> bool {
    let Some(origin) = origin else { return true };
    if tenant.auth.allowed_origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin)) {
        return true;
    }
    host_of(origin).is_some_and(|host| tenant.hosts().contains(&host))
}

/// The host of an origin `scheme://host[:port]`, in lower case. `null` and everything else that is no web origin has none.
fn host_of(origin: &str) -> Option<String> {
    let rest = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    if rest.contains(['/', '@', '?', '#']) {
        return None;
    }
    let host = match rest.strip_prefix('[') {
        Some(literal) => literal.split_once(']')?.0,
        None => rest.split_once(':').map_or(rest, |(host, _port)| host),
    };
    Some(host.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tenant(allowed: &[&str]) -> TenantConfig {
        let id = "default.demo".parse().expect("a tenant id");
        let mut tenant = TenantConfig::new(id, "chat.example.com");
        tenant.extra_hosts = vec!["127.0.0.1".to_owned()];
        tenant.auth.allowed_origins = allowed.iter().map(|&origin| origin.to_owned()).collect();
        tenant
    }

    #[test]
    fn native_clients_and_own_pages_are_welcome() {
        let own = ["https://chat.example.com", "https://API.chat.example.com:8443", "http://127.0.0.1:8080"];
        assert!(is_allowed(None, &tenant(&[])));
        assert!(own.iter().all(|origin| is_allowed(Some(origin), &tenant(&[]))));
    }

    #[test]
    fn foreign_pages_are_not() {
        let foreign = [
            "https://evil.example",
            "null",
            "",
            "https://chat.example.com.evil.example",
            "https://chat.example.com@evil.example",
            "https://evil.example/chat.example.com",
            "file://chat.example.com",
        ];
        for origin in foreign {
            assert!(!is_allowed(Some(origin), &tenant(&[])), "{origin}");
        }
    }

    #[test]
    fn the_tenant_may_name_others() {
        assert!(is_allowed(Some("https://app.example.org"), &tenant(&["https://app.example.org"])));
        assert!(!is_allowed(Some("https://app.example.org:444"), &tenant(&["https://app.example.org"])));
        assert!(is_allowed(Some("https://anything.example"), &tenant(&["*"])));
    }
}
