//! What must not be taken: each is refused with the field named, and leaves nothing behind.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{PASSWORD, Person, base64};
use crate::engines::on_both_engines;

const NOBODY: &str = "usr_01946a2b3c4d7e8f9a0b1c2d3e4f5a6b";
const NO_CONVERSATION: &str = "conv_01946a2b3c4d7e8f9a0b1c2d3e4f5a6c";
const NO_MESSAGE: &str = "msg_01946a2b3c4d7e8f9a0b1c2d3e4f5a6d";

/// How many events the conversation has: what is refused leaves it as it was.
async fn events(person: &Person, conversation: &str) -> usize {
    person.events(conversation).await.len()
}

on_both_engines! {
    async fn bodies_that_are_no_json_objects_are_refused(world: &World) {
        let john = world.person("johndoe").await;
        let group = john.group(&[]).await;
        let path = format!("/v1/conversations/{group}/messages");
        let bodies = ["", "{", "[]", "null", "\"text\"", "{'a':1}", "\u{feff}{}"];
        for body in bodies {
            john.raw(Method::POST, &path, "application/json", body).await.blames("body");
        }
        john.raw(Method::POST, &path, "application/json", vec![0xff, 0xfe]).await.blames("body");
        let trailing = "{\"content_encrypted\":\"QQ==\"} {}";
        john.raw(Method::POST, &path, "application/json", trailing).await.blames("body");
        let deep = format!("{{\"content_encrypted\":\"QQ==\",\"metadata\":{}1{}}}", "{\"a\":".repeat(5000), "}".repeat(5000));
        john.raw(Method::POST, &path, "application/json", deep).await.refuses(400, "VALIDATION_ERROR");
        john.raw(Method::POST, &path, "text/plain", "{}").await.refuses(415, "UNSUPPORTED_MEDIA_TYPE");
        let large = format!("{{\"content_encrypted\":\"{}\"}}", "A".repeat(300_000));
        john.raw(Method::POST, &path, "application/json", large).await.refuses(413, "PAYLOAD_TOO_LARGE");
        let surrogate = "{\"content_encrypted\":\"QQ==\",\"temp_id\":\"\\ud800\"}";
        john.raw(Method::POST, &path, "application/json", surrogate).await.refuses(400, "VALIDATION_ERROR");
        assert_eq!(events(&john, &group).await, 1);
    }

    async fn fields_of_a_message_are_checked(world: &World) {
        let john = world.person("johndoe").await;
        let (group, elsewhere) = (john.group(&[]).await, john.group(&[]).await);
        let foreign = john.say(&elsewhere, "elsewhere").await;
        let path = format!("/v1/conversations/{group}/messages");
        let cases: [(Value, &str); 17] = [
            (json!({}), "content_encrypted"),
            (json!({"content_encrypted": null}), "content_encrypted"),
            (json!({"content_encrypted": 7}), "content_encrypted"),
            (json!({"content_encrypted": ""}), "content_encrypted"),
            (json!({"content_encrypted": "not base64!"}), "content_encrypted"),
            (json!({"content_encrypted": "QQ"}), "content_encrypted"),
            (json!({"content_encrypted": "A".repeat(100_000)}), "content_encrypted"),
            (json!({"content_encrypted": "QQ==", "message_type": "poem"}), "message_type"),
            (json!({"content_encrypted": "QQ==", "metadata": []}), "metadata"),
            (json!({"content_encrypted": "QQ==", "metadata": {"a": "x".repeat(10_000)}}), "metadata"),
            (json!({"content_encrypted": "QQ==", "metadata": {"a": {"b": "\u{0}"}}}), "metadata.a.b"),
            (json!({"content_encrypted": "QQ==", "metadata": {"a": [[[[[[[[[1]]]]]]]]]}}), "metadata"),
            (json!({"content_encrypted": "QQ==", "temp_id": ""}), "temp_id"),
            (json!({"content_encrypted": "QQ==", "temp_id": "x".repeat(129)}), "temp_id"),
            (json!({"content_encrypted": "QQ==", "reply_to_message_id": "msg_1"}), "reply_to_message_id"),
            (json!({"content_encrypted": "QQ==", "reply_to_message_id": foreign}), "reply_to_message_id"),
            (json!({"content_encrypted": "QQ==", "surprise": 1}), "surprise"),
        ];
        for (body, field) in cases {
            john.post(&path, body).await.blames(field);
        }
        let unknown = json!({"content_encrypted": "QQ==", "reply_to_message_id": NO_MESSAGE});
        john.post(&path, unknown).await.blames("reply_to_message_id");
        let read = format!("/v1/conversations/{group}/read");
        john.post(&read, json!({"message_id": foreign})).await.blames("message_id");
        john.post(&read, json!({"message_id": NO_MESSAGE})).await.blames("message_id");
        assert_eq!(events(&john, &group).await, 1);
    }

    async fn fields_of_an_account_are_checked(world: &World) {
        let good = json!({"email": "user@example.com", "username": "johndoe", "password": PASSWORD});
        let cases: [(&str, Value); 16] = [
            ("email", json!("user")),
            ("email", json!(null)),
            ("email", json!(format!("{}@example.com", "x".repeat(300)))),
            ("email", json!("user\u{0}@example.com")),
            ("username", json!("jo")),
            ("username", json!("-john")),
            ("username", json!("jöhn")),
            ("username", json!("x".repeat(100_000))),
            ("password", json!("short")),
            ("password", json!("x".repeat(129))),
            ("password", json!(12_345_678)),
            ("full_name", json!("  ")),
            ("full_name", json!("x".repeat(101))),
            ("phone", json!("0123")),
            ("phone", json!("+84 123 456")),
            ("role", json!("admin")),
        ];
        for (field, value) in cases {
            let mut body = good.clone();
            body[field] = value;
            world.client().post("/v1/auth/register", body).await.blames(field);
        }
        world.client().post("/v1/auth/register", json!({"email": "user@example.com"})).await.refuses(400, "VALIDATION_ERROR");
        world.client().post("/v1/auth/login", json!({"email": "", "password": ""})).await.blames("email").names("password");
        world.client().post("/v1/auth/refresh", json!({"refresh_token": ""})).await.blames("refresh_token");
        world.client().post("/v1/auth/register", good).await.data(201);
    }

    async fn fields_of_a_profile_and_a_group_are_checked(world: &World) {
        let john = world.person("johndoe").await;
        for (field, value) in [
            ("full_name", json!("")), ("bio", json!("x".repeat(501))), ("avatar_url", json!("javascript:alert(1)")),
            ("avatar_url", json!("ftp://example.com/x")), ("status_message", json!("x".repeat(201))), ("phone", json!("1")),
            ("email", json!("other@example.com")), ("bio", json!("\u{0}")),
        ] {
            john.put("/v1/users/me", json!({field: value})).await.blames(field);
        }
        let group = john.group(&[]).await;
        let path = format!("/v1/conversations/{group}");
        for (field, value) in [
            ("name", json!("")), ("name", json!(" ")), ("name", json!("x".repeat(101))), ("avatar_url", json!("x")),
            ("owner", json!(john.id)),
        ] {
            john.put(&path, json!({field: value})).await.blames(field);
        }
        john.put(&path, json!({})).await.blames("name");
        john.put(&format!("{path}/mute"), json!({"until": "tomorrow"})).await.blames("until");
        john.post(&format!("{path}/members"), json!({"user_ids": []})).await.blames("user_ids");
        let crowd = vec![NOBODY; 1001];
        let body = json!({"type": "group", "name": "Crowd", "participant_ids": crowd});
        john.post("/v1/conversations", body).await.blames("participant_ids");
        john.post(&format!("{path}/members"), json!({"user_ids": ["usr_1"]})).await.refuses(400, "VALIDATION_ERROR");
        john.put(&format!("{path}/members/{}", john.id), json!({"role": "king"})).await.blames("role");
        assert_eq!(events(&john, &group).await, 1);
    }

    async fn conversations_with_oneself_or_nobody_are_refused(world: &World) {
        let john = world.person("johndoe").await;
        john.post("/v1/conversations", json!({"type": "direct", "participant_id": john.id})).await.blames("participant_id");
        john.post("/v1/conversations", json!({"type": "direct"})).await.blames("participant_id");
        john.post("/v1/conversations", json!({"type": "secret"})).await.blames("type");
        let named = json!({"type": "group", "name": "x", "participant_ids": [john.id]});
        john.post("/v1/conversations", named).await.blames("participant_ids");
        let unknown = json!({"type": "group", "name": "x", "participant_ids": [NOBODY]});
        john.post("/v1/conversations", unknown).await.refuses(404, "NOT_FOUND").names("participant_ids");
        assert_eq!(john.get("/v1/conversations").await.data(200)["total"], 0);
    }

    async fn queries_are_checked(world: &World) {
        let john = world.person("johndoe").await;
        let group = john.group(&[]).await;
        let messages = format!("/v1/conversations/{group}/messages");
        let message = john.say(&group, "x").await;
        let elsewhere = john.group(&[]).await;
        let foreign = john.say(&elsewhere, "x").await;
        for (path, field) in [
            ("/v1/conversations?limit=0".to_owned(), "limit"),
            ("/v1/conversations?limit=101".to_owned(), "limit"),
            ("/v1/conversations?limit=-1".to_owned(), "limit"),
            ("/v1/conversations?limit=99999999999999999999".to_owned(), "limit"),
            ("/v1/conversations?limit=x".to_owned(), "limit"),
            ("/v1/conversations?offset=-1".to_owned(), "offset"),
            ("/v1/conversations?offset=100001".to_owned(), "offset"),
            ("/v1/conversations?page=1".to_owned(), "page"),
            (format!("{messages}?before=x"), "before"),
            (format!("{messages}?before={NO_MESSAGE}"), "before"),
            (format!("{messages}?after={foreign}"), "after"),
            (format!("{messages}?after={message}&before={message}"), "after"),
            (format!("/v1/conversations/{group}/events?after=-1"), "after"),
            (format!("/v1/conversations/{group}/events?after=18446744073709551615"), "after"),
            ("/v1/users/search?q=".to_owned(), "q"),
            ("/v1/users/search".to_owned(), "q"),
            (format!("/v1/users/search?q={}", "x".repeat(101)), "q"),
            ("/v1/users/search?q=%00".to_owned(), "q"),
            ("/v1/sync?limit=0".to_owned(), "limit"),
        ] {
            let answer = john.get(&path).await;
            assert_eq!(answer.status, 400, "{path}: {}", answer.text);
            answer.blames(field);
        }
        john.delete(&format!("/v1/messages/{message}?delete_for=all")).await.blames("delete_for");
        john.get(&format!("/v1/messages/{message}")).await.is(200);
        let far = john.get(&format!("/v1/conversations/{group}/events?after=9007199254740991")).await;
        assert_eq!(far.data(200)["events"], json!([]));
    }

    async fn ids_that_mean_nothing_are_not_found(world: &World) {
        let john = world.person("johndoe").await;
        for path in [
            format!("/v1/users/{NOBODY}"), "/v1/users/x".to_owned(), format!("/v1/conversations/{NO_CONVERSATION}"),
            "/v1/conversations/%00".to_owned(), format!("/v1/conversations/{NO_CONVERSATION}/messages"),
            format!("/v1/conversations/{NO_CONVERSATION}/events"), format!("/v1/conversations/{NO_CONVERSATION}/members"),
            format!("/v1/messages/{NO_MESSAGE}"), format!("/v1/messages/{NO_MESSAGE}/edits"),
            format!("/v1/messages/{NO_CONVERSATION}"), "/v1/nothing".to_owned(), "/".to_owned(), "/docs/passwd".to_owned(),
        ] {
            john.get(&path).await.refuses(404, "NOT_FOUND");
        }
        let body = json!({"content_encrypted": base64("x")});
        john.post(&format!("/v1/conversations/{NO_CONVERSATION}/messages"), body).await.refuses(404, "NOT_FOUND");
        john.call(Method::PATCH, "/v1/users/me", None).await.refuses(405, "METHOD_NOT_ALLOWED");
    }

    async fn versions_that_do_not_exist_are_refused(world: &World) {
        let john = world.person("johndoe").await;
        let ask = |version: &str| crate::client::answer(john.request(Method::GET, "/v1/users/me").header("API-Version", version));
        ask("2025-01-15").await.is(200);
        ask("2031-01-01").await.refuses(400, "VALIDATION_ERROR");
        john.get("/v2/users/me").await.refuses(404, "NOT_FOUND");
    }
}
