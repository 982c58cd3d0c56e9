//! Bad input through a real router: the right status, the spec's error format, the field named, no value repeated.

use axum::Router;
use axum::body::Body;
use axum::routing::{get, post};
use confab_chassis::http::{HttpResult, Json, JsonOrDefault, PageQuery, Path, Query};
use confab_contract::rest::conversations::{CreateConversationRequest, MuteRequest};
use confab_contract::rest::messages::SendMessageRequest;
use confab_contract::{ConversationId, MessageId};
use garde::Validate;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::fixture::{Answer, Service, ask, get as fetch, request};

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Nested {
    #[garde(range(min = 1, max = 9))]
    count: u32,
    #[garde(skip)]
    #[serde(default)]
    flag: Option<bool>,
}

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Sample {
    #[garde(length(chars, min = 1, max = 5), ascii)]
    name: String,
    #[garde(dive)]
    #[serde(default)]
    items: Vec<Nested>,
}

#[derive(Debug, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
struct Search {
    #[garde(length(chars, min = 1, max = 10))]
    q: String,
    #[garde(skip)]
    kind: Option<confab_contract::rest::conversations::ConversationType>,
    #[garde(skip)]
    #[serde(default)]
    strict: bool,
}

fn app() -> Router {
    let routes = Router::new()
        .route("/v1/sample", post(async |Json(sample): Json<Sample>| Json(json!({ "name": sample.name, "flags": sample.items.iter().filter(|item| item.flag == Some(true)).count() }))))
        .route("/v1/send", post(async |Json(_): Json<SendMessageRequest>| "sent"))
        .route("/v1/create", post(async |Json(_): Json<CreateConversationRequest>| "created"))
        .route("/v1/mute", post(async |JsonOrDefault(mute): JsonOrDefault<MuteRequest>| format!("{:?}", mute.until)))
        .route("/v1/page", get(async |Query(page): Query<PageQuery>| Json(json!({"limit": page.limit, "offset": page.offset}))))
        .route(
            "/v1/search",
            get(async |Query(search): Query<Search>| format!("{}|{:?}|{}", search.q, search.kind, search.strict)),
        )
        .route("/v1/c/{conversation_id}", get(async |Path(id): Path<ConversationId>| id.to_string()))
        .route(
            "/v1/m/{message_id}/reactions/{emoji}",
            get(async |Path((id, emoji)): Path<(MessageId, String)>| -> HttpResult<String> {
                Ok(format!("{id} {emoji}"))
            }),
        );
    Service::new().protect(routes)
}

async fn send_to(path: &str, content_type: Option<&str>, body: impl Into<Body>) -> Answer {
    let mut asking = request("POST", path);
    if let Some(content_type) = content_type {
        asking = asking.header("content-type", content_type);
    }
    ask(&app(), asking.body(body.into()).unwrap()).await
}

async fn post_json(path: &str, body: impl Into<Body>) -> Answer {
    send_to(path, Some("application/json"), body).await
}

/// Posts a bad body and gives the details of its 400.
async fn details(path: &str, body: impl Into<Body>) -> Value {
    let answer = post_json(path, body).await;
    let details = answer.error(400, "VALIDATION_ERROR");
    assert!(!answer.text.contains("canary"), "{}", answer.text);
    details
}

#[tokio::test]
async fn a_good_body_passes() {
    let answer =
        post_json("/v1/sample", r#" {"name":"Jane","items":[{"count":1,"flag":true},{"count":9,"flag":null}]} "#).await;
    assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "name": "Jane", "flags": 1 })));
}

#[tokio::test]
async fn malformed_json_is_refused() {
    for body in [
        &b"{"[..],
        b"{\"name\":",
        b"{\"name\" \"x\"}",
        b"{'name':1}",
        b"{\"name\":\"x\"} {}",
        b"\xef\xbb\xbf{}",
        b"nul",
        b"{\"name\":01}",
    ] {
        let details = details("/v1/sample", body.to_vec()).await;
        let problem = details.as_object().unwrap().values().next().unwrap().as_str().unwrap();
        assert!(problem.starts_with("Malformed JSON"), "{details}");
    }
}

#[tokio::test]
async fn an_empty_body_is_refused() {
    assert_eq!(details("/v1/sample", "").await, json!({ "body": "Must not be empty" }));
    let blank = details("/v1/sample", "  \n").await;
    assert!(blank["body"].is_string());
}

#[tokio::test]
async fn a_body_that_is_no_object_is_refused() {
    for body in ["[]", "null", "7", "\"text\"", "true", r#"["Jane", []]"#] {
        assert_eq!(details("/v1/sample", body).await, json!({ "body": "Must be an object" }), "{body}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_utf8_are_refused() {
    assert_eq!(details("/v1/sample", b"{\"name\":\"\xff\"}".to_vec()).await, json!({ "body": "Must be UTF-8" }));
}

#[tokio::test]
async fn wrong_types_name_the_field_and_what_to_write_but_not_the_value() {
    let cases = [
        (r#"{"name":5}"#, "name", "Must be a string"),
        (r#"{"name":null}"#, "name", "Must be a string"),
        (r#"{"name":["canary"]}"#, "name", "Must be a string"),
        (r#"{"name":"a","items":{}}"#, "items", "Must be a list"),
        (r#"{"name":"a","items":"canary"}"#, "items", "Must be a list"),
        (r#"{"name":"a","items":[{"count":1},"canary"]}"#, "items[1]", "Must be an object"),
        (r#"{"name":"a","items":[{"count":"canary, expected u32"}]}"#, "items[0].count", "Must be a whole number"),
        (r#"{"name":"a","items":[{"count":-1}]}"#, "items[0].count", "Must be a whole number"),
        (r#"{"name":"a","items":[{"count":1.5}]}"#, "items[0].count", "Must be a whole number"),
        (r#"{"name":"a","items":[{"count":99999999999}]}"#, "items[0].count", "Must be a whole number"),
        (r#"{"name":"a","items":[{"count":1,"flag":"canary"}]}"#, "items[0].flag", "Must be true or false"),
    ];
    for (body, field, problem) in cases {
        assert_eq!(details("/v1/sample", body).await, json!({ field: problem }), "{body}");
    }
}

#[tokio::test]
async fn enums_and_ids_say_what_they_take() {
    let kind = details("/v1/create", r#"{"type":"canary, expected one of `x`"}"#).await;
    assert_eq!(kind, json!({ "type": "Must be one of: direct, group" }));
    assert_eq!(details("/v1/create", r#"{"type":5}"#).await, json!({ "type": "Must be a string" }));
    let id = details("/v1/create", r#"{"type":"direct","participant_id":"canary"}"#).await;
    assert_eq!(id, json!({ "participant_id": "Expected an id of the form usr_<32 hex digits>" }));
    let ids = details("/v1/create", r#"{"type":"group","participant_ids":["conv_1"]}"#).await;
    assert_eq!(ids, json!({ "participant_ids[0]": "Expected an id of the form usr_<32 hex digits>" }));
}

#[tokio::test]
async fn unknown_missing_and_repeated_fields_are_named() {
    assert_eq!(details("/v1/sample", r#"{"name":"a","admin":true}"#).await, json!({ "admin": "Unknown field" }));
    assert_eq!(
        details("/v1/sample", r#"{"name":"a","items":[{"count":1,"x`y":1}]}"#).await,
        json!({ "items[0].x`y": "Unknown field" })
    );
    assert_eq!(details("/v1/sample", "{}").await, json!({ "name": "Required" }));
    assert_eq!(details("/v1/sample", r#"{"name":"a","items":[{}]}"#).await, json!({ "items[0].count": "Required" }));
    assert_eq!(details("/v1/sample", r#"{"name":"a","name":"b"}"#).await, json!({ "name": "Given twice" }));
}

#[tokio::test]
async fn rules_name_every_field_that_breaks_one() {
    let details = details("/v1/sample", r#"{"name":"äöüäöü","items":[{"count":0}]}"#).await;
    assert_eq!(details["items[0].count"], "Lower than 1");
    assert_eq!(details["name"].as_str().unwrap().split("; ").count(), 2, "{details}");
}

#[tokio::test]
async fn nul_is_refused_wherever_it_hides() {
    let problem = "Must not contain the character NUL";
    let cases = [
        (r#"{"name":"a\u0000b"}"#, "name"),
        (r#"{"name":"a","items":[{"x":["\u0000"]}]}"#, "items[0].x[0]"),
        (r#"{"a\u0000":1}"#, "a\\u0000"),
    ];
    for (body, field) in cases {
        assert_eq!(details("/v1/sample", body).await, json!({ field: problem }), "{body}");
    }
    let metadata = r#"{"content_encrypted":"SGVsbG8=","metadata":{"deep":{"er":["x","\u0000"]}}}"#;
    assert_eq!(details("/v1/send", metadata).await, json!({ "metadata.deep.er[1]": problem }));
    let raw = details("/v1/sample", "{\"name\":\"a\0b\"}").await;
    assert!(raw["name"].as_str().unwrap().starts_with("Malformed JSON: control character"), "{raw}");
}

#[tokio::test]
async fn an_escaped_backslash_before_u0000_is_no_nul() {
    let answer = post_json("/v1/send", r#"{"content_encrypted":"SGVsbG8=","metadata":{"a":"\\u0000"}}"#).await;
    assert_eq!(answer.text, "sent");
}

#[tokio::test]
async fn lone_surrogates_are_refused_with_their_field() {
    for body in [r#"{"name":"\ud800"}"#, r#"{"name":"\udc00x"}"#, r#"{"name":"\ud800\u0041"}"#] {
        let details = details("/v1/sample", body).await;
        assert!(details["name"].as_str().is_some_and(|problem| problem.starts_with("Malformed JSON")), "{details}");
    }
    let deep = details("/v1/send", r#"{"content_encrypted":"SGVsbG8=","metadata":{"a":["\ud800"]}}"#).await;
    assert!(deep["metadata.a[0]"].is_string() || deep["metadata"].is_string(), "{deep}");
}

#[tokio::test]
async fn deep_nesting_is_refused() {
    let deep =
        format!(r#"{{"content_encrypted":"SGVsbG8=","metadata":{}{}}}"#, r#"{"a":"#.repeat(5000), "}".repeat(5000));
    let details = details("/v1/send", deep).await;
    let (field, problem) = details.as_object().unwrap().iter().next().unwrap();
    assert!(field.starts_with("metadata") && field.len() <= 200, "{field}");
    assert!(problem.as_str().unwrap().contains("recursion limit"), "{problem}");
    let lists = format!(r#"{{"name":"a","items":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    post_json("/v1/sample", lists).await.error(400, "VALIDATION_ERROR");
    let top = "[".repeat(100_000);
    post_json("/v1/sample", top).await.error(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn a_long_name_of_a_field_is_cut() {
    let details = details("/v1/sample", format!(r#"{{"{}":1}}"#, "é".repeat(100_000))).await;
    assert_eq!(details.as_object().unwrap().keys().next().unwrap().chars().count(), 200);
}

#[tokio::test]
async fn oversized_bodies_are_refused_announced_or_not() {
    let large = format!(r#"{{"name":"{}"}}"#, "a".repeat(256 * 1024));
    let announced = send_to("/v1/sample", Some("application/json"), large.clone()).await;
    assert_eq!(announced.error(413, "PAYLOAD_TOO_LARGE")["max_bytes"], 262_144);
    let chunks =
        large.into_bytes().chunks(1000).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>();
    let streamed = Body::from_stream(futures_util::stream::iter(chunks));
    send_to("/v1/sample", Some("application/json"), streamed).await.error(413, "PAYLOAD_TOO_LARGE");
    let endless = Body::from_stream(futures_util::stream::repeat_with(|| Ok::<_, std::io::Error>(vec![b' '; 65_536])));
    send_to("/v1/sample", Some("application/json"), endless).await.error(413, "PAYLOAD_TOO_LARGE");
}

#[tokio::test]
async fn the_largest_body_in_pieces_is_read_whole() {
    let body = format!(r#"{{"name":"a"{}}}"#, " ".repeat(256 * 1024 - 12));
    assert_eq!(body.len(), 256 * 1024);
    let chunks =
        body.into_bytes().chunks(7777).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec())).collect::<Vec<_>>();
    let answer =
        send_to("/v1/sample", Some("application/json"), Body::from_stream(futures_util::stream::iter(chunks))).await;
    assert_eq!(answer.json(), json!({ "name": "a", "flags": 0 }));
}

#[tokio::test]
async fn other_content_types_are_refused() {
    for content_type in [
        None,
        Some("text/plain"),
        Some("application/x-www-form-urlencoded"),
        Some("application/jsonp"),
        Some("application/json; charset=latin1"),
    ] {
        send_to("/v1/sample", content_type, r#"{"name":"a"}"#).await.error(415, "UNSUPPORTED_MEDIA_TYPE");
    }
    for content_type in
        ["application/json; charset=utf-8", "Application/JSON;charset=\"UTF-8\"", "application/json;x=y"]
    {
        assert_eq!(send_to("/v1/sample", Some(content_type), r#"{"name":"a"}"#).await.status, 200, "{content_type}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_body_that_does_not_come_is_given_up() {
    let never = Body::from_stream(futures_util::stream::pending::<Result<Vec<u8>, std::io::Error>>());
    let answer = send_to("/v1/sample", Some("application/json"), never).await;
    assert_eq!(answer.error(400, "VALIDATION_ERROR"), json!({ "body": "Must arrive within 15 seconds" }));
}

#[tokio::test]
async fn an_absent_body_is_the_default_where_that_is_allowed() {
    assert_eq!(send_to("/v1/mute", None, Body::empty()).await.text, "None");
    assert_eq!(post_json("/v1/mute", r#"{"until":"2025-01-15T10:30:00Z"}"#).await.text, "Some(2025-01-15T10:30:00Z)");
    let details = details("/v1/mute", r#"{"until":"canary"}"#).await;
    assert_eq!(details, json!({ "until": "Expected an RFC 3339 time such as 2025-01-15T10:30:00Z" }));
}

#[tokio::test]
async fn pages_have_limits() {
    assert_eq!(fetch(&app(), "/v1/page").await.json()["limit"], 50);
    assert_eq!(fetch(&app(), "/v1/page?limit=1&offset=100000").await.json()["offset"], 100_000);
    let bad = [
        ("limit=0", "limit", "Must be a whole number from 1 to 100"),
        ("limit=101", "limit", "Must be a whole number from 1 to 100"),
        ("limit=-1", "limit", "Must be a whole number from 1 to 100"),
        ("limit=%2B5", "limit", "Must be a whole number from 1 to 100"),
        ("limit=", "limit", "Must be a whole number from 1 to 100"),
        ("limit=99999999999999999999", "limit", "Must be a whole number from 1 to 100"),
        ("offset=100001", "offset", "Must be a whole number from 0 to 100000"),
        ("offset=x", "offset", "Must be a whole number from 0 to 100000"),
        ("page=2", "page", "Unknown field"),
        ("limit=1&limit=2", "limit", "Given twice"),
        ("limit=%zz", "limit", "Must be percent-encoded UTF-8"),
        ("limit=%ff", "limit", "Must be percent-encoded UTF-8"),
        ("limit=%00", "limit", "Must not contain the character NUL"),
        ("%00=1", "query", "Must not contain the character NUL"),
    ];
    for (query, field, problem) in bad {
        let details = fetch(&app(), &format!("/v1/page?{query}")).await.error(400, "VALIDATION_ERROR");
        assert_eq!(details, json!({ field: problem }), "{query}");
    }
}

#[tokio::test]
async fn queries_are_decoded_and_checked() {
    let good = [
        ("q=jane+d%C3%B6e", "jane döe|None|false"),
        ("q=a%26b&kind=group&strict=true", "a&b|Some(Group)|true"),
        ("&&q=x&", "x|None|false"),
    ];
    for (query, answer) in good {
        assert_eq!(fetch(&app(), &format!("/v1/search?{query}")).await.text, answer);
    }
    let bad = [
        ("", json!({ "q": "Required" })),
        ("q=", json!({ "q": "Length is lower than 1" })),
        ("q=x&kind=canary", json!({ "kind": "Must be one of: direct, group" })),
        ("q=x&strict=canary", json!({ "strict": "Must be true or false" })),
    ];
    for (query, expected) in bad {
        let answer = fetch(&app(), &format!("/v1/search?{query}")).await;
        assert_eq!(answer.error(400, "VALIDATION_ERROR"), expected, "{query}");
        assert!(!answer.text.contains("canary"));
    }
}

#[tokio::test]
async fn an_id_that_is_spelled_wrong_names_nothing() {
    let id = ConversationId::generate();
    assert_eq!(fetch(&app(), &format!("/v1/c/{id}")).await.text, id.to_string());
    for wrong in
        ["x", "conv_1", "usr_01946a2b3c4d7e8f9a0b1c2d3e4f5a6b", "%00", "conv_%20", &id.to_string().to_uppercase()]
    {
        let answer = fetch(&app(), &format!("/v1/c/{wrong}")).await;
        answer.error(404, "NOT_FOUND");
        assert_eq!(answer.json()["error"]["message"], "No such conversation");
    }
    fetch(&app(), "/v1/c/%ff").await.error(400, "VALIDATION_ERROR");
}

#[tokio::test]
async fn two_parts_of_a_path_come_in_their_order() {
    let id = MessageId::generate();
    assert_eq!(fetch(&app(), &format!("/v1/m/{id}/reactions/%E2%9D%A4")).await.text, format!("{id} ❤"));
    let nul = fetch(&app(), &format!("/v1/m/{id}/reactions/%00")).await;
    assert_eq!(nul.error(400, "VALIDATION_ERROR"), json!({ "emoji": "Must not contain the character NUL" }));
}
