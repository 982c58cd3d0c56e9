//! Error replies, each described once and referred to by the routes that can give it.

use std::collections::BTreeMap;

use confab_contract::error::ErrorBody;
use confab_contract::{ApiError, ErrorCode, Timestamp};
use utoipa::openapi::{Components, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, ToSchema as _};

use super::{Access, headers};

/// An error reply that many routes share.
#[derive(Debug)]
pub(crate) struct Shared {
    name: &'static str,
    code: ErrorCode,
    description: &'static str,
    message: &'static str,
    detail: Option<(&'static str, &'static str)>,
}

impl Shared {
    /// The status as the document's key.
    pub(crate) fn status_text(&self) -> String {
        self.code.status().to_string()
    }

    /// The reference that a route gives.
    pub(crate) fn reference(&self) -> RefOr<Response> {
        RefOr::Ref(Ref::from_response_name(self.name))
    }

    fn response(&self) -> Response {
        let mut error = ApiError::new(self.code, self.message);
        if let Some((field, problem)) = self.detail {
            error = error.detail(field, problem);
        }
        let request_id = "req_01946a2b3c4d7e8f9a0b1c2d3e4f5a70".to_owned();
        let body = error.into_body(request_id, Timestamp::from_millis(1_736_937_000_000));
        let content = ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(ErrorBody::name())))
            .example(serde_json::to_value(body).ok());
        let mut response =
            ResponseBuilder::new().description(self.description).content("application/json", content.build()).build();
        headers::add_request_id(&mut response.headers);
        match self.code {
            ErrorCode::RateLimitExceeded => {
                headers::add_rate_limit(&mut response.headers);
                headers::add_retry_after(&mut response.headers);
            }
            ErrorCode::ServiceUnavailable => headers::add_retry_after(&mut response.headers),
            ErrorCode::AuthenticationFailed => headers::add_challenge(&mut response.headers),
            _ => {}
        }
        response
    }
}

/// Errors that a group of routes gives whatever its handlers do.
pub(crate) fn of_transport(access: Access, has_body: bool) -> impl Iterator<Item = &'static Shared> {
    let always = [&INVALID, &FORBIDDEN, &NOT_FOUND, &INTERNAL, &UNAVAILABLE].into_iter();
    let body = [&TOO_LARGE, &MEDIA_TYPE].into_iter().filter(move |_| has_body);
    let limited = [&RATE_LIMITED].into_iter().filter(move |_| access != Access::Open);
    let bearer = [&UNAUTHENTICATED].into_iter().filter(move |_| access == Access::Bearer);
    always.chain(body).chain(limited).chain(bearer)
}

/// Describes each of them.
pub(crate) fn add_components(components: &mut Components) {
    let all = [
        &INVALID,
        &UNAUTHENTICATED,
        &FORBIDDEN,
        &NOT_FOUND,
        &CONFLICT,
        &TOO_LARGE,
        &MEDIA_TYPE,
        &RATE_LIMITED,
        &INTERNAL,
        &UNAVAILABLE,
    ];
    components.responses.extend(all.map(|shared| (shared.name.to_owned(), shared.response().into())));
}

macro_rules! declared {
    ($(#[$doc:meta])* $name:ident, $shared:ident) => {
        $(#[$doc])*
        pub(crate) struct $name;

        impl IntoResponses for $name {
            fn responses() -> BTreeMap<String, RefOr<Response>> {
                BTreeMap::from([($shared.status_text(), $shared.reference())])
            }
        }
    };
}

declared!(
    /// 401, for routes without a bearer token that check credentials themselves.
    Unauthenticated, UNAUTHENTICATED
);
declared!(
    /// 403.
    Forbidden, FORBIDDEN
);
declared!(
    /// 404.
    NotFound, NOT_FOUND
);
declared!(
    /// 409.
    Conflict, CONFLICT
);

static INVALID: Shared = Shared {
    name: "Invalid",
    code: ErrorCode::ValidationError,
    description: "The request is malformed or breaks a rule; `details` names the fields. Also: the `API-Version` is unknown.",
    message: "Invalid input parameters",
    detail: Some(("email", "Invalid email format")),
};
static UNAUTHENTICATED: Shared = Shared {
    name: "Unauthenticated",
    code: ErrorCode::AuthenticationFailed,
    description: "No credentials, or credentials that do not hold (any more).",
    message: "The access token has expired",
    detail: None,
};
static FORBIDDEN: Shared = Shared {
    name: "Forbidden",
    code: ErrorCode::AuthorizationFailed,
    description: "The caller is known, but lacks a right. Also, for every request: the host that serves the tenant does not \
                  admit it any more (`details.reason` is `tenant_not_allowed`); its data are kept.",
    message: "Only an admin or the owner may do this",
    detail: None,
};
static NOT_FOUND: Shared = Shared {
    name: "NotFound",
    code: ErrorCode::NotFound,
    description: "Not there, or not visible to the caller. Also: the host name means no tenant.",
    message: "No such conversation",
    detail: None,
};
static CONFLICT: Shared = Shared {
    name: "Conflict",
    code: ErrorCode::Conflict,
    description: "The request contradicts what is stored.",
    message: "User already exists",
    detail: Some(("username", "This username is taken")),
};
static TOO_LARGE: Shared = Shared {
    name: "TooLarge",
    code: ErrorCode::PayloadTooLarge,
    description: "The body has more than 262,144 bytes.",
    message: "The body has more than 262144 bytes",
    detail: None,
};
static MEDIA_TYPE: Shared = Shared {
    name: "MediaType",
    code: ErrorCode::UnsupportedMediaType,
    description: "The body is not said to be `application/json`.",
    message: "The body must be application/json",
    detail: None,
};
static RATE_LIMITED: Shared = Shared {
    name: "RateLimited",
    code: ErrorCode::RateLimitExceeded,
    description: "Too many requests; `Retry-After` says when to come back.",
    message: "Too many requests",
    detail: None,
};
static INTERNAL: Shared = Shared {
    name: "Internal",
    code: ErrorCode::InternalServerError,
    description: "Our mistake. The request id finds it in the log.",
    message: "Something went wrong on our side; the request id helps us find it",
    detail: None,
};
static UNAVAILABLE: Shared = Shared {
    name: "Unavailable",
    code: ErrorCode::ServiceUnavailable,
    description: "A dependency is away, or the server is leaving; `Retry-After` says when to come back. A write may or may \
                  not have been done: repeat a send with the same `temp_id`. Also: the tenant hibernates (`details.reason` \
                  is `tenant_hibernated`); nothing is done until it is woken.",
    message: "The database is not reachable at this moment",
    detail: None,
};
