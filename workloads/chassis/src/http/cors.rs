//! Which web pages may call: those of the tenant's allow-list, and the tenant's own.
//!
//! Tokens travel in a header that no browser adds by itself, so credentials are never allowed for.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, Response, StatusCode, header};
use confab_contract::ApiError;

use crate::tenant::Tenant;

const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, POST, PUT, PATCH, DELETE");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("Authorization, Content-Type, API-Version, X-Request-Id");
const REPLY_HEADERS: HeaderValue = HeaderValue::from_static(
    "X-Request-Id, API-Version, X-RateLimit-Limit, X-RateLimit-Remaining, X-RateLimit-Reset, Retry-After",
);
/// Browsers forget a preflight after ten minutes, so that a changed allow-list is felt.
const MAX_AGE: HeaderValue = HeaderValue::from_static("600");

/// Whether a page of this origin may call the tenant, also by WebSocket. `host` is the host that the request names.
///
/// The tenant's own pages are those at any of its host names, on the port of the scheme or on that of the request: who has
/// another port of the same machine need not be the tenant.
#[must_use]
pub fn origin_allowed(tenant: &Tenant, origin: &str, host: Option<&str>) -> bool {
    let listed = |allowed: &String| allowed == "*" || allowed.trim_end_matches('/').eq_ignore_ascii_case(origin);
    if tenant.auth().allowed_origins.iter().any(listed) {
        return true;
    }
    let Some((name, port)) = web_authority(origin) else { return false };
    let same_port = port.is_none() || port == host.and_then(|host| split_port(host).1);
    same_port && tenant.has_host(&name.to_ascii_lowercase())
}

/// Host and port of an origin `scheme://host[:port]`. `null` and everything else that is no web origin has none.
fn web_authority(origin: &str) -> Option<(&str, Option<&str>)> {
    let authority = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"))?;
    if authority.contains(['/', '@', '?', '#']) {
        return None;
    }
    Some(split_port(authority))
}

/// An IPv6 address loses its brackets, as `extra_hosts` spells it.
fn split_port(authority: &str) -> (&str, Option<&str>) {
    let (name, rest) = match authority.strip_prefix('[') {
        Some(literal) => literal.split_once(']').unwrap_or((literal, "")),
        None => authority.find(':').map_or((authority, ""), |colon| authority.split_at(colon)),
    };
    (name, rest.strip_prefix(':'))
}

/// Whether a request only asks what a page may do.
pub(super) fn is_preflight(method: &Method, headers: &HeaderMap) -> bool {
    method == Method::OPTIONS
        && headers.contains_key(header::ORIGIN)
        && headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The answer to a preflight.
pub(super) fn preflight(tenant: &Tenant, headers: &HeaderMap, host: Option<&str>) -> Result<Response<Body>, ApiError> {
    let origin = headers.get(header::ORIGIN).and_then(|origin| origin.to_str().ok()).unwrap_or_default();
    if !origin_allowed(tenant, origin, host) {
        return Err(ApiError::forbidden(
            "Pages of this origin may not call; the tenant's auth.allowed_origins lists those that may",
        ));
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let reply = response.headers_mut();
    reply.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    reply.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    reply.insert(header::ACCESS_CONTROL_MAX_AGE, MAX_AGE);
    Ok(response)
}

/// Adds what a browser wants to see before it shows a reply to a page.
pub(super) fn write_to(reply: &mut HeaderMap, tenant: &Tenant, origin: Option<&HeaderValue>, host: Option<&str>) {
    // Caches must not show one origin the reply made for another.
    reply.append(header::VARY, HeaderValue::from_name(header::ORIGIN));
    let Some(origin) = origin else { return };
    if origin.to_str().is_ok_and(|text| origin_allowed(tenant, text, host)) {
        reply.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin.clone());
        reply.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, REPLY_HEADERS);
    }
}

#[cfg(test)]
mod tests {
    use confab_contract::config::tenant::TenantConfig;

    use super::*;

    fn tenant(origins: &[&str]) -> Tenant {
        let mut config = TenantConfig::new("a.b".parse().expect("an id"), "chat.example.com");
        config.auth.allowed_origins = origins.iter().map(ToString::to_string).collect();
        Tenant::new(config)
    }

    #[test]
    fn without_a_list_only_the_tenants_own_pages_may_call() {
        let tenant = tenant(&[]);
        let allowed = |origin| origin_allowed(&tenant, origin, Some("chat.example.com:8443"));
        assert!(allowed("https://chat.example.com") && allowed("https://chat.example.com:8443"));
        assert!(allowed("https://api.chat.example.com") && allowed("https://WS.chat.example.com:8443"));
        for origin in [
            "https://evil.example",
            "null",
            "",
            "https://chat.example.com.evil.example",
            "https://chat.example.com:1",
            "https://chat.example.com@evil.example",
            "https://evil.example/chat.example.com",
            "file://chat.example.com",
        ] {
            assert!(!allowed(origin), "{origin}");
        }
    }

    #[test]
    fn on_a_laptop_the_page_of_this_server_may_call_and_that_of_another_may_not() {
        let mut config = TenantConfig::new("a.b".parse().expect("an id"), "chat.example.com");
        config.extra_hosts = vec!["127.0.0.1".to_owned(), "::1".to_owned()];
        let tenant = Tenant::new(config);
        assert!(origin_allowed(&tenant, "http://127.0.0.1:8080", Some("127.0.0.1:8080")));
        assert!(origin_allowed(&tenant, "http://[::1]:8080", Some("[::1]:8080")));
        assert!(!origin_allowed(&tenant, "http://127.0.0.1:3000", Some("127.0.0.1:8080")));
    }

    #[test]
    fn a_list_allows_what_it_names_exactly() {
        let tenant = tenant(&["https://app.example.org"]);
        assert!(origin_allowed(&tenant, "https://app.example.org", None));
        for origin in [
            "http://app.example.org",
            "https://app.example.org:444",
            "https://app.example.org.evil.example",
            "https://xapp.example.org",
        ] {
            assert!(!origin_allowed(&tenant, origin, None), "{origin}");
        }
    }

    #[test]
    fn a_star_allows_any() {
        assert!(origin_allowed(&tenant(&["*"]), "https://anything.example", None));
    }
}
