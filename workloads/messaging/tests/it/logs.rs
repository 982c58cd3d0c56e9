//! What the binary writes about what it is asked: who was refused what, and nothing that is secret.

use reqwest::Method;
use serde_json::{Value, json};

use crate::client::{Answer, Client, base64, text};
use crate::process::Messaging;

/// Each stands for one secret, and is found wherever it should not be.
const PASSWORD: &str = "canary-password-7431";
const NEW_PASSWORD: &str = "canary-changed-5520";
const WRONG_PASSWORD: &str = "canary-mistyped-9913";
const WORDS: &str = "canary-words-of-a-message";
const EDITED: &str = "canary-words-after-an-edit";
const EMAIL: &str = "canary-address@example.com";

async fn start(folder: &tempfile::TempDir) -> Messaging {
    let plenty = json!({"requests": 100_000, "per_seconds": 60});
    let mut process = Messaging::start_with(
        folder.path(),
        "logged",
        &json!({
            "database": {"sqlite_file": folder.path().join("confab.db")},
            "log": {"filter": "trace,sqlx=debug,hyper=debug,mio=info", "format": "json"},
            "tenants": [{
                "id": "default.demo", "domain": "demo.example.com",
                "limits": {"authentication": plenty, "regular": plenty},
            }],
        }),
    );
    process.until_ready_is(200).await;
    process
}

/// The lines, each of which is one JSON object that has no second text.
fn lines(log: &str) -> Vec<Value> {
    let parse = |line: &str| {
        assert!(line.matches(r#""message":"#).count() <= 1, "{line}");
        serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
    };
    log.lines().map(parse).collect()
}

async fn register(client: &Client) {
    let body = json!({"email": EMAIL, "username": "johndoe", "password": PASSWORD});
    client.post("/v1/auth/register", body).await.data(201);
}

#[tokio::test]
async fn sign_ins_and_refusals_are_logged_with_who_and_where_and_stay_on_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let process = start(&folder).await;
    let client = &process.client;
    register(client).await;
    client.login(EMAIL, WRONG_PASSWORD, None).await.is(401);
    client.login("nobody\n{\"level\":\"ERROR\"}", WRONG_PASSWORD, None).await.is(401);
    let token = text(&client.login(EMAIL, PASSWORD, None).await.data(200)["access_token"]);
    let (john, group) = (client.with_token(&token), json!({"type": "group", "name": "x", "participant_ids": []}));
    let group = text(&john.post("/v1/conversations", group).await.data(201)["conversation_id"]);
    client.with_token("made.up.token").get("/v1/users/me?token=canary-in-query").await.is(401);
    client.get("/v1/conversations/%0a%22level%22?x=1").await.is(401);
    let body = json!({"email": "jane@example.com", "username": "janedoe", "password": NEW_PASSWORD});
    let jane = text(&client.post("/v1/auth/register", body).await.data(201)["user_id"]);
    let members = format!("/v1/conversations/{group}/members");
    john.post(&members, json!({"user_ids": [jane]})).await.is(200);
    let token = text(&client.login("jane@example.com", NEW_PASSWORD, None).await.data(200)["access_token"]);
    client.with_token(&token).put(&format!("/v1/conversations/{group}"), json!({"name": "y"})).await.is(403);

    let lines = lines(&process.logged());
    let found = |text: &str| lines.iter().filter(|line| line["message"] == text).cloned().collect::<Vec<_>>();
    for text in ["registered", "signed in", "sign-in refused: wrong password or no account"] {
        let found = found(text);
        assert_eq!(found.len(), 2, "{text}");
        for line in found {
            assert_eq!((&line["tenant"], &line["address"]), (&json!("default.demo"), &json!("127.0.0.1")), "{line}");
        }
    }
    let refused = found("refused");
    let has = |method: &str, path: &str, user: &Value| {
        let is_it = |line: &&Value| (&line["method"], &line["path"]) == (&json!(method), &json!(path));
        let line = refused.iter().find(is_it).unwrap_or_else(|| panic!("{method} {path} is not in {refused:?}"));
        assert_eq!((&line["tenant"], &line["address"]), (&json!("default.demo"), &json!("127.0.0.1")), "{line}");
        assert_eq!(&line["user"], user, "{line}");
    };
    has("POST", "/v1/auth/login", &Value::Null);
    has("GET", "/v1/users/me", &Value::Null);
    has("GET", "/v1/conversations/%0a%22level%22", &Value::Null);
    has("PUT", &format!("/v1/conversations/{group}"), &json!(jane));
}

#[tokio::test]
async fn no_secret_appears_in_a_log_a_metric_or_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let process = start(&folder).await;
    let client = &process.client;
    register(client).await;
    let data = client.login(EMAIL, PASSWORD, Some("canary-device")).await.data(200).clone();
    let (access, refresh) = (text(&data["access_token"]), text(&data["refresh_token"]));
    let john = client.with_token(&access);
    let group = json!({"type": "group", "name": "x", "participant_ids": []});
    let group = text(&john.post("/v1/conversations", group).await.data(201)["conversation_id"]);
    let messages = format!("/v1/conversations/{group}/messages");
    let sent = john.post(&messages, json!({"content_encrypted": base64(WORDS), "temp_id": "one"})).await;
    let message = format!("/v1/messages/{}", text(&sent.data(201)["message_id"]));
    john.put(&message, json!({"content_encrypted": base64(EDITED)})).await.is(200);
    let change = |old: &str, new: &str| json!({"current_password": old, "new_password": new});
    let used = client.refresh(&refresh).await.data(200)["refresh_token"].clone();

    // Everything that goes wrong, with a secret in each place where one may be.
    let login = |field: &str| json!({"email": EMAIL, "password": PASSWORD, field: WRONG_PASSWORD});
    let mut errors: Vec<Answer> = vec![
        client.login(EMAIL, WRONG_PASSWORD, None).await,
        client.post("/v1/auth/login", login("passwort")).await,
        client.post("/v1/auth/login", json!({"email": EMAIL, "password": [PASSWORD]})).await,
        client.post("/v1/auth/login", json!({"email": EMAIL, "password": {PASSWORD: 1}})).await,
        client.raw(Method::POST, "/v1/auth/login", "application/json", format!("{{\"password\": \"{PASSWORD}")).await,
        client.raw(Method::POST, "/v1/auth/login", "text/plain", PASSWORD).await,
        client
            .post("/v1/auth/register", json!({"email": EMAIL, "username": "johndoe", "password": NEW_PASSWORD}))
            .await,
        client.refresh(&format!("{refresh}x")).await,
        client.refresh(&access).await,
        client.with_token(&refresh).get("/v1/users/me").await,
        client.get(&format!("/v1/users/me?token={access}")).await,
        john.get(&format!("/v1/sync?since={refresh}")).await,
        john.put("/v1/users/me/password", change(WRONG_PASSWORD, NEW_PASSWORD)).await,
        john.put("/v1/users/me/password", change(PASSWORD, &PASSWORD[..4])).await,
        john.post(&messages, json!({"content_encrypted": WORDS})).await,
        john.post(&messages, json!({"content_encrypted": base64(WORDS), "message_type": WORDS})).await,
        john.post(&messages, json!({"content_encrypted": base64(EDITED), "temp_id": "one"})).await,
        john.post(&messages, json!({"content_encrypted": base64(WORDS), "metadata": WORDS})).await,
    ];
    john.put("/v1/users/me/password", change(PASSWORD, NEW_PASSWORD)).await.is(200);
    errors.push(client.login(EMAIL, PASSWORD, None).await);
    john.call(Method::POST, "/v1/auth/logout", None).await.is(200);
    errors.push(client.refresh(used.as_str().unwrap()).await);

    let (words, edited) = (base64(WORDS), base64(EDITED));
    let secrets = [
        PASSWORD,
        NEW_PASSWORD,
        WRONG_PASSWORD,
        WORDS,
        EDITED,
        &words,
        &edited,
        EMAIL,
        &access,
        &refresh,
        used.as_str().unwrap(),
    ];
    let metrics = process.ops.get("/metrics").await.text;
    let log = process.logged();
    assert!(lines(&log).len() > 50 && metrics.contains("confab_"));
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} is in the log");
        assert!(!metrics.contains(secret), "{secret} is in a metric");
        for error in &errors {
            assert!(error.status.is_client_error(), "{}", error.text);
            assert!(!error.text.contains(secret), "{secret} is in {}", error.text);
        }
    }
}
