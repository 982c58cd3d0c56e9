//! The OpenAPI document: what the routes say of themselves, completed with what is the same for many of them.
//!
//! Routes declare what is their own: parameters, bodies, good replies, and the errors that their rules give. Here is
//! added what follows from the kind of route: security, errors of the transport, headers, examples.

pub(crate) mod errors;
mod examples;
mod headers;

use confab_contract::error::ErrorBody;
use utoipa::openapi::path::Operation;
use utoipa::openapi::request_body::RequestBody;
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::tag::TagBuilder;
use utoipa::openapi::{
    Components, InfoBuilder, LicenseBuilder, OpenApi, OpenApiBuilder, PathItem, RefOr, Required, Schema, ServerBuilder,
};
use utoipa::{PartialSchema as _, ToSchema as _};

/// Name of the security scheme.
const BEARER: &str = "bearer";

/// What all routes of a group have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// For anybody, without limit.
    Open,
    /// For anybody, limited.
    Limited,
    /// With a bearer token, limited.
    Bearer,
}

/// One document out of those of all groups.
pub(crate) fn complete(groups: impl IntoIterator<Item = (Access, OpenApi)>) -> OpenApi {
    let mut document = foundation();
    for (access, mut group) in groups {
        for operation in group.paths.paths.values_mut().flat_map(operations_mut) {
            complete_operation(operation, access);
        }
        document.merge(group);
    }
    let components = document.components.get_or_insert_with(Components::new);
    let mut schemas = vec![(ErrorBody::name().into_owned(), ErrorBody::schema())];
    ErrorBody::schemas(&mut schemas);
    components.schemas.extend(schemas);
    errors::add_components(components);
    headers::add_components(components);
    components.add_security_scheme(BEARER, bearer());
    examples::fill(&mut components.schemas);
    document
}

fn complete_operation(operation: &mut Operation, access: Access) {
    if let Some(RefOr::T(body)) = &mut operation.request_body {
        let_body_be_absent(body);
    }
    let has_body = operation.request_body.is_some();
    for shared in errors::of_transport(access, has_body) {
        operation.responses.responses.entry(shared.status_text()).or_insert_with(|| shared.reference());
    }
    if access != Access::Open {
        for response in operation.responses.responses.values_mut() {
            if let RefOr::T(response) = response {
                headers::add_rate_limit(&mut response.headers);
            }
        }
    }
    for response in operation.responses.responses.values_mut() {
        if let RefOr::T(response) = response {
            headers::add_request_id(&mut response.headers);
        }
    }
    headers::add_parameters(operation);
    operation.security = Some(match access {
        Access::Bearer => vec![SecurityRequirement::new(BEARER, Vec::<String>::new())],
        Access::Open | Access::Limited => Vec::new(),
    });
}

/// A body that is optional in the code may be absent. It may not be `null`, which is what the code generator makes of it.
fn let_body_be_absent(body: &mut RequestBody) {
    for content in body.content.values_mut() {
        let RefOr::T(content) = content else { continue };
        let Some(RefOr::T(Schema::OneOf(alternatives))) = &content.schema else { continue };
        if let Some(reference) = alternatives.items.iter().find(|item| matches!(item, RefOr::Ref(_))) {
            content.schema = Some(reference.clone());
            body.required = Some(Required::False);
        }
    }
}

/// Every operation of a path.
pub(crate) fn operations_mut(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, put, post, delete, patch, .. } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn foundation() -> OpenApi {
    let license = LicenseBuilder::new().name("Apache-2.0").identifier(Some("Apache-2.0")).build();
    let info = InfoBuilder::new()
        .title("Confab")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(DESCRIPTION))
        .license(Some(license));
    let tags = TAGS.map(|(name, text)| TagBuilder::new().name(name).description(Some(text)).build());
    let server = ServerBuilder::new().url("/").description(Some("The host that serves this document")).build();
    OpenApiBuilder::new().info(info.build()).servers(Some([server])).tags(Some(tags)).build()
}

const DESCRIPTION: &str = "\
Chat over REST: accounts and sessions, conversations, messages, reactions, receipts and catching up. What is pushed over \
the WebSocket at `/v1/ws` is described by the AsyncAPI document.

- The tenant is known by the host name.
- Good replies are `{\"success\": true, \"data\": …}`, errors are `{\"success\": false, \"error\": …}`; each error code has \
exactly one status. `error.details` names the fields.
- Every reply carries `X-Request-Id`. The reply to a request that was counted carries `X-RateLimit-Limit`, \
`X-RateLimit-Remaining` and `X-RateLimit-Reset`, whatever its status; where several limits apply, they tell of the \
strictest. Not counted are requests that were refused before anybody knew whose they are: without a token, for a host \
without a tenant, for an unknown `API-Version`. Documents and keys have no limit.
- Lists by `limit` and `offset` carry `pagination`. Lists that grow while one reads them (messages, events, sync) are read \
by cursor instead: they carry `has_more` and the next cursor.
- No text may hold the character NUL.
- A conversation that one is no member of does not exist: 404.
- Unknown fields of bodies and unknown query parameters are refused.";

const TAGS: [(&str, &str); 8] = [
    ("auth", "Register, sign in, stay signed in, sign out."),
    ("users", "Profiles and search."),
    ("sessions", "Signed-in devices, and the password."),
    ("conversations", "Direct and group conversations."),
    ("members", "Who belongs to a group, and as what."),
    ("messages", "Messages, edits, reactions, receipts."),
    ("timeline", "The sequenced events, and catching up."),
    ("meta", "Keys and documents."),
];

fn bearer() -> SecurityScheme {
    let http = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .description(Some("The `access_token` of login or refresh."));
    SecurityScheme::Http(http.build())
}
