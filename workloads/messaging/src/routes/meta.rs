//! Keys and documents: `/.well-known/jwks.json`, `/v1/openapi.json`, and the page at `/docs`.
//!
//! The page is Swagger UI from our own binary, so it works without the internet. Its files lie in the binary as they are
//! and are neither copied nor unpacked before somebody asks for them.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock};

use axum::Json as Body;
use axum::extract::State;
use axum::http::{HeaderName, HeaderValue, header};
use axum::response::{IntoResponse as _, Response};
use bytes::Bytes;
use confab_chassis::http::{CurrentTenant, Path};
use confab_contract::ApiError;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::document::errors::NotFound;
use crate::refusal::Answer;
use crate::state::MessagingState;

/// Documents for everybody.
pub(crate) fn router() -> OpenApiRouter<MessagingState> {
    OpenApiRouter::default()
        .routes(routes!(jwks))
        .routes(routes!(jwks_below_v1))
        .routes(routes!(openapi_json))
        .routes(routes!(docs))
        .routes(routes!(docs_file))
}

/// The public signing keys of a tenant (RFC 7517).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct JwkSet {
    /// Those that sign now, will sign next, or still verify.
    keys: Vec<Jwk>,
}

/// An Ed25519 public key (RFC 8037).
#[derive(Debug, Serialize, Deserialize, ToSchema)]
struct Jwk {
    /// Always `OKP`.
    #[schema(example = "OKP")]
    kty: String,
    /// Always `Ed25519`.
    #[schema(example = "Ed25519")]
    crv: String,
    /// Always `EdDSA`.
    #[schema(example = "EdDSA")]
    alg: String,
    /// Always `sig`.
    #[serde(rename = "use")]
    #[schema(example = "sig")]
    purpose: String,
    /// The `kid` in the header of the tokens that it signed.
    #[schema(example = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k")]
    kid: String,
    /// The key as base64url.
    #[schema(example = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")]
    x: String,
}

/// Public signing keys
///
/// The keys that verify access tokens of this tenant.
#[utoipa::path(get, path = "/.well-known/jwks.json", tag = "meta", responses(
    (status = 200, description = "The key set", body = JwkSet),
))]
async fn jwks(State(state): State<MessagingState>, CurrentTenant(tenant): CurrentTenant) -> Response {
    let keys = Body(state.keyring().jwks(tenant.id()));
    ([(header::CACHE_CONTROL, "public, max-age=60")], keys).into_response()
}

/// Public signing keys, below the base path
///
/// The same as at `/.well-known/jwks.json`.
#[utoipa::path(get, path = "/v1/.well-known/jwks.json", tag = "meta", responses(
    (status = 200, description = "The key set", body = JwkSet),
))]
async fn jwks_below_v1(state: State<MessagingState>, tenant: CurrentTenant) -> Response {
    jwks(state, tenant).await
}

/// This document
///
/// OpenAPI 3.1.
#[utoipa::path(get, path = "/v1/openapi.json", tag = "meta", responses(
    (status = 200, description = "The document", body = Object, content_type = "application/json"),
))]
async fn openapi_json() -> Response {
    static DOCUMENT: LazyLock<Bytes> = LazyLock::new(|| {
        // A document that cannot be written is found by the tests, not by a reader.
        crate::openapi().to_json().map(Bytes::from).unwrap_or_default()
    });
    file("application/json", DOCUMENT.clone())
}

/// The page of this document
///
/// Shows every route and lets one try it.
#[utoipa::path(get, path = "/docs", tag = "meta", responses(
    (status = 200, description = "The page", body = String, content_type = "text/html"),
))]
async fn docs() -> Response {
    const PAGE: &str = include_str!("docs.html");
    // Styles are set on elements by Swagger UI's own scripts; scripts come from our files alone.
    const POLICY: HeaderValue = HeaderValue::from_static(
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
         connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    );
    let mut page = file("text/html; charset=utf-8", Bytes::from_static(PAGE.as_bytes()));
    page.headers_mut().insert(header::CONTENT_SECURITY_POLICY, POLICY);
    page
}

/// A file of the page
#[utoipa::path(get, path = "/docs/{file}", tag = "meta",
    params(("file" = String, Path, description = "Name of the file", example = "swagger-ui.css")),
    responses(
        (status = 200, description = "The file", content((String = "text/css"), (String = "text/javascript"))),
        NotFound,
    ),
)]
async fn docs_file(Path(name): Path<String>) -> Answer<Response> {
    let no_such = || ApiError::not_found("file");
    match name.as_str() {
        "start.js" => Ok(file("text/javascript", Bytes::from_static(include_bytes!("docs.js")))),
        "swagger-ui.css" => Ok(file("text/css", swagger_file(&name).ok_or_else(no_such)?)),
        "swagger-ui-bundle.js" => Ok(file("text/javascript", swagger_file(&name).ok_or_else(no_such)?)),
        _ => Err(no_such().into()),
    }
}

fn swagger_file(name: &str) -> Option<Bytes> {
    let config = Arc::new(utoipa_swagger_ui::Config::new([""]));
    match utoipa_swagger_ui::serve(name, config).ok()??.bytes {
        Cow::Owned(bytes) => Some(Bytes::from(bytes)),
        Cow::Borrowed(bytes) => Some(Bytes::copy_from_slice(bytes)),
    }
}

fn file(content_type: &'static str, bytes: Bytes) -> Response {
    const HEADERS: [(HeaderName, HeaderValue); 1] =
        [(header::CACHE_CONTROL, HeaderValue::from_static("public, max-age=300"))];
    ([(header::CONTENT_TYPE, HeaderValue::from_static(content_type))], HEADERS, bytes).into_response()
}
