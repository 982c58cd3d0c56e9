//! Headers that keep browsers from doing something clever with a reply.

use axum::http::{HeaderMap, HeaderValue, header};

const NO_SNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
/// A year, as browsers ask for.
const ONLY_TLS: HeaderValue = HeaderValue::from_static("max-age=31536000");
/// Replies of the API are data: nothing in them runs, and nobody frames them.
const NOTHING_RUNS: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");

/// Adds them. What a handler has set itself stays, for example on the page of the documentation.
pub(super) fn write_to(reply: &mut HeaderMap, is_api: bool, secure: bool) {
    reply.insert(header::X_CONTENT_TYPE_OPTIONS, NO_SNIFF);
    reply.insert(header::REFERRER_POLICY, NO_REFERRER);
    if secure {
        reply.insert(header::STRICT_TRANSPORT_SECURITY, ONLY_TLS);
    }
    if is_api {
        reply.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
        reply.entry(header::CONTENT_SECURITY_POLICY).or_insert(NOTHING_RUNS);
    }
}
