//! Who may do what: every route of the document against everybody who should not.
//!
//! A route that is added without a line in [`table`] fails the test.

use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Person, base64};
use crate::engines::on_both_engines;
use crate::world::World;

/// How a route must answer those who are not entitled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// It is for strangers.
    Open,
    /// It concerns the caller alone: whoever is signed in may, nobody else.
    Own,
    /// It answers 404 to everybody who is not entitled to see what the path names.
    Visible,
    /// The same, and 403 to members who lack a right.
    Rights,
}

/// Every route, and the body that a rightful caller would send.
fn table() -> Vec<(&'static str, &'static str, Guard, Value)> {
    use Guard::{Open, Own, Rights, Visible};
    let content = || json!({"content_encrypted": base64("x")});
    vec![
        ("post", "/v1/auth/register", Open, Value::Null),
        ("post", "/v1/auth/login", Open, Value::Null),
        ("post", "/v1/auth/refresh", Open, Value::Null),
        ("post", "/v1/auth/logout", Own, Value::Null),
        ("get", "/v1/users/me", Own, Value::Null),
        ("put", "/v1/users/me", Own, json!({})),
        ("get", "/v1/users/search", Own, Value::Null),
        // Profiles are for everybody of the tenant.
        ("get", "/v1/users/{user_id}", Own, Value::Null),
        ("get", "/v1/users/me/sessions", Own, Value::Null),
        ("delete", "/v1/users/me/sessions", Own, Value::Null),
        ("delete", "/v1/users/me/sessions/{session_id}", Visible, Value::Null),
        (
            "put",
            "/v1/users/me/password",
            Own,
            json!({"current_password": "x", "new_password": "correct-horse-7-staple"}),
        ),
        ("get", "/v1/conversations", Own, Value::Null),
        ("post", "/v1/conversations", Own, json!({"type": "group", "name": "x", "participant_ids": []})),
        ("get", "/v1/conversations/{conversation_id}", Visible, Value::Null),
        ("put", "/v1/conversations/{conversation_id}", Rights, json!({"name": "x"})),
        ("put", "/v1/conversations/{conversation_id}/pin", Visible, Value::Null),
        ("delete", "/v1/conversations/{conversation_id}/pin", Visible, Value::Null),
        ("put", "/v1/conversations/{conversation_id}/mute", Visible, json!({})),
        ("delete", "/v1/conversations/{conversation_id}/mute", Visible, Value::Null),
        ("get", "/v1/conversations/{conversation_id}/members", Visible, Value::Null),
        ("post", "/v1/conversations/{conversation_id}/members", Rights, json!({"user_ids": ["{stranger}"]})),
        ("put", "/v1/conversations/{conversation_id}/members/{user_id}", Rights, json!({"role": "admin"})),
        ("delete", "/v1/conversations/{conversation_id}/members/{user_id}", Rights, Value::Null),
        ("post", "/v1/conversations/{conversation_id}/leave", Visible, Value::Null),
        ("get", "/v1/conversations/{conversation_id}/messages", Visible, Value::Null),
        ("post", "/v1/conversations/{conversation_id}/messages", Visible, content()),
        ("post", "/v1/conversations/{conversation_id}/read", Visible, json!({"message_id": "{message}"})),
        ("get", "/v1/conversations/{conversation_id}/events", Visible, Value::Null),
        ("get", "/v1/messages/{message_id}", Visible, Value::Null),
        ("put", "/v1/messages/{message_id}", Rights, content()),
        ("delete", "/v1/messages/{message_id}", Rights, Value::Null),
        ("get", "/v1/messages/{message_id}/edits", Visible, Value::Null),
        ("post", "/v1/messages/{message_id}/reactions", Visible, json!({"emoji": "👍"})),
        ("delete", "/v1/messages/{message_id}/reactions/{emoji}", Visible, Value::Null),
        ("get", "/v1/sync", Own, Value::Null),
        ("get", "/.well-known/jwks.json", Open, Value::Null),
        ("get", "/v1/.well-known/jwks.json", Open, Value::Null),
        ("get", "/v1/openapi.json", Open, Value::Null),
        ("get", "/docs", Open, Value::Null),
        ("get", "/docs/{file}", Open, Value::Null),
    ]
}

#[test]
fn every_route_is_in_the_table() {
    let document = serde_json::to_value(confab_messaging::openapi()).unwrap();
    let mut described = BTreeSet::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if operation["responses"].is_object() {
                described.insert((method.clone(), path.clone()));
            }
        }
    }
    let listed: BTreeSet<_> =
        table().iter().map(|(method, path, ..)| ((*method).to_owned(), (*path).to_owned())).collect();
    assert_eq!(listed, described);
}

/// The group that everybody wants into, and its ids.
struct Scene {
    owner: Person,
    member: Person,
    removed: Person,
    stranger: Person,
    elsewhere: Person,
    ids: BTreeMap<&'static str, String>,
}

impl Scene {
    async fn new(world: &World) -> Self {
        let owner = world.person("owner").await;
        let member = world.person("member").await;
        let removed = world.person("removed").await;
        let stranger = world.person("stranger").await;
        let elsewhere = world.person_elsewhere("elsewhere").await;
        let group = owner.group(&[&member, &removed]).await;
        let message = owner.say(&group, "for members").await;
        owner.delete(&format!("/v1/conversations/{group}/members/{}", removed.id)).await.is(200);
        let sessions = owner.get("/v1/users/me/sessions").await;
        let session = sessions.data(200)["sessions"][0]["session_id"].as_str().unwrap().to_owned();
        let ids = BTreeMap::from([
            ("{conversation_id}", group),
            ("{message_id}", message.clone()),
            ("{message}", message),
            ("{user_id}", owner.id.clone()),
            ("{session_id}", session),
            ("{stranger}", stranger.id.clone()),
            ("{emoji}", "%F0%9F%91%8D".to_owned()),
            ("{file}", "start.js".to_owned()),
        ]);
        Self { owner, member, removed, stranger, elsewhere, ids }
    }

    fn filled(&self, text: &str) -> String {
        self.ids.iter().fold(text.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    async fn ask(&self, who: &crate::client::Client, method: &str, path: &str, body: &Value) -> Answer {
        let mut path = self.filled(path);
        if method == "delete" && path.starts_with("/v1/messages/") && !path.contains("reactions") {
            path += "?delete_for=everyone";
        }
        if path.ends_with("/search") {
            path += "?q=owner";
        }
        let body: Value = serde_json::from_str(&self.filled(&body.to_string())).unwrap();
        let method: Method = method.to_uppercase().parse().unwrap();
        who.call(method, &path, Some(&body).filter(|body| !body.is_null())).await
    }
}

on_both_engines! {
    async fn nobody_without_a_token_gets_in(world: &World) {
        let scene = Scene::new(world).await;
        let (anonymous, forged) = (world.client(), world.client().with_token("eyJhbGciOiJub25lIn0.e30."));
        for (method, path, guard, body) in table() {
            for who in [&anonymous, &forged] {
                let answer = scene.ask(who, method, path, &body).await;
                match guard {
                    Guard::Open => assert_ne!(answer.status, 401, "{method} {path}"),
                    _ => assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text),
                }
            }
        }
    }

    async fn whoever_cannot_see_it_does_not_find_it(world: &World) {
        let scene = Scene::new(world).await;
        for (method, path, guard, body) in table() {
            if !matches!(guard, Guard::Visible | Guard::Rights) {
                continue;
            }
            for who in [&scene.stranger, &scene.removed, &scene.elsewhere] {
                let answer = scene.ask(who, method, path, &body).await;
                assert_eq!(answer.status, 404, "{method} {path} as {}: {}", who.name, answer.text);
                answer.refuses(404, "NOT_FOUND");
            }
        }
        assert_eq!(scene.owner.conversation(&scene.ids["{conversation_id}"]).await["last_seq"], 3, "nothing happened");
    }

    async fn whoever_lacks_the_right_is_told_so(world: &World) {
        let scene = Scene::new(world).await;
        for (method, path, guard, body) in table() {
            if guard == Guard::Rights {
                let answer = scene.ask(&scene.member, method, path, &body).await;
                assert_eq!(answer.status, 403, "{method} {path}: {}", answer.text);
                answer.refuses(403, "AUTHORIZATION_FAILED");
            }
        }
        assert_eq!(scene.owner.conversation(&scene.ids["{conversation_id}"]).await["last_seq"], 3, "nothing happened");
    }

    async fn a_suspended_person_gets_in_nowhere(world: &World) {
        let scene = Scene::new(world).await;
        world.suspend(&scene.member).await;
        let deadline = std::time::Instant::now() + std::time::Duration::from_secs(10);
        while scene.member.get("/v1/users/me").await.status == 200 {
            assert!(std::time::Instant::now() < deadline, "the session goes on");
        }
        for (method, path, guard, body) in table() {
            if guard != Guard::Open {
                let answer = scene.ask(&scene.member, method, path, &body).await;
                assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
            }
        }
        assert_eq!(scene.owner.conversation(&scene.ids["{conversation_id}"]).await["last_seq"], 3, "nothing happened");
    }

    async fn another_tenant_does_not_even_have_the_person(world: &World) {
        let scene = Scene::new(world).await;
        scene.ask(&scene.elsewhere, "get", "/v1/users/{user_id}", &Value::Null).await.refuses(404, "NOT_FOUND");
        let token = scene.owner.token.as_deref().unwrap();
        for (method, path, guard, body) in table() {
            if guard != Guard::Open {
                let answer = scene.ask(&world.other_client().with_token(token), method, path, &body).await;
                assert_eq!(answer.status, 401, "{method} {path}: {}", answer.text);
            }
        }
    }
}
