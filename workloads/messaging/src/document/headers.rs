//! Headers that many routes share, each described once.

use std::collections::BTreeMap;

use serde_json::json;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{Operation, ParameterBuilder, ParameterIn};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Components, Ref, RefOr, Required};

/// Headers of a reply in the document.
type Headers = BTreeMap<String, RefOr<Header>>;

const LIMIT: &str = "X-RateLimit-Limit";
const REMAINING: &str = "X-RateLimit-Remaining";
const RESET: &str = "X-RateLimit-Reset";
const RETRY_AFTER: &str = "Retry-After";
const REQUEST_ID: &str = "X-Request-Id";
const CHALLENGE: &str = "WWW-Authenticate";
const VERSION: &str = "API-Version";

/// Describes each header and the parameters that every route takes.
pub(super) fn add_components(components: &mut Components) {
    let all = [
        (LIMIT, Type::Integer, "Requests that the present window allows.", json!(1000)),
        (REMAINING, Type::Integer, "Requests that are left in it.", json!(999)),
        (RESET, Type::Integer, "When the window ends, in seconds since the Unix epoch.", json!(1_736_940_600)),
        (RETRY_AFTER, Type::Integer, "Seconds after which a retry makes sense.", json!(30)),
        (
            REQUEST_ID,
            Type::String,
            "Names the request in our logs: the caller's own, or one that the server made.",
            json!("req_01946a2b3c4d7e8f9a0b1c2d3e4f5a70"),
        ),
        (CHALLENGE, Type::String, "How to authenticate.", json!("Bearer")),
    ];
    for (name, kind, text, example) in all {
        let schema = ObjectBuilder::new().schema_type(kind).examples([example]);
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(text)).build();
        components.headers.insert(name.to_owned(), header.into());
    }
    let version =
        ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["2025-01-15"])).examples(["2025-01-15"]);
    let version = ParameterBuilder::new()
        .name(VERSION)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some("The version of the API that the client was written for."))
        .schema(Some(version));
    components.parameters.insert(VERSION.to_owned(), version.build().into());
    let request_id = ObjectBuilder::new().schema_type(Type::String).examples(["trace-7f3a"]);
    let request_id = ParameterBuilder::new()
        .name(REQUEST_ID)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(
            "The caller's own name for the request, returned in the reply and written to our logs: 1 to 128 letters, digits, \
             `.`, `_` and `-`. Without one, or with one of another form, the server makes one.",
        ))
        .schema(Some(request_id));
    components.parameters.insert(REQUEST_ID.to_owned(), request_id.build().into());
}

/// The three headers of limited routes.
pub(super) fn add_rate_limit(headers: &mut Headers) {
    for name in [LIMIT, REMAINING, RESET] {
        refer(headers, name);
    }
}

/// When to come back.
pub(super) fn add_retry_after(headers: &mut Headers) {
    refer(headers, RETRY_AFTER);
}

/// The request's name.
pub(super) fn add_request_id(headers: &mut Headers) {
    refer(headers, REQUEST_ID);
}

/// How to authenticate.
pub(super) fn add_challenge(headers: &mut Headers) {
    refer(headers, CHALLENGE);
}

/// Every route takes the version and a name for the request.
pub(super) fn add_parameters(operation: &mut Operation) {
    for name in [VERSION, REQUEST_ID] {
        let reference = RefOr::Ref(Ref::new(format!("#/components/parameters/{name}")));
        operation.parameters.get_or_insert_default().push(reference);
    }
}

fn refer(headers: &mut Headers, name: &str) {
    headers.insert(name.to_owned(), RefOr::Ref(Ref::new(format!("#/components/headers/{name}"))));
}
