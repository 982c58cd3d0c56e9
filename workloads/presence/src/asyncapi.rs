//! The AsyncAPI 3.0 document of the WebSocket, built from the very types that are sent and read.

mod examples;
mod schemas;
#[cfg(test)]
mod tests;

use std::fmt::Write as _;

use confab_contract::socket::close::{Advice, CloseReason};
use confab_contract::{limit, socket};
use serde_json::{Map, Value, json};

use self::examples::{client_frames, server_frames, timeline_frames};
use self::schemas::Schemas;

/// The document.
#[must_use]
pub fn asyncapi() -> Value {
    let mut schemas = Schemas::default();
    let client = schemas.frames_of::<socket::client::ClientFrame>();
    let mut server = schemas.frames_of::<socket::server::ServerFrame>();
    server.extend(schemas.timeline_frames());

    let mut messages = Map::new();
    // Some types are sent both ways, so the keys say which way.
    let from_client = describe(&mut messages, "client", &client, &client_frames());
    let examples = server_frames().into_iter().chain(timeline_frames()).collect::<Vec<_>>();
    let to_client = describe(&mut messages, "server", &server, &examples);
    let names: Map<String, Value> =
        messages.keys().map(|name| (name.clone(), reference("components/messages", name))).collect();

    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Confab WebSocket",
            "version": env!("CARGO_PKG_VERSION"),
            "description": life(),
            "license": { "name": "Apache-2.0" },
        },
        "defaultContentType": "application/json",
        "servers": {
            "api": {
                "host": "{domain}",
                "protocol": "wss",
                "description": "The tenant's domain, or api. or ws. before it. At ws.{domain} the path may be left out.",
                "variables": { "domain": { "description": "The tenant's domain", "default": "chat.example.com" } },
            },
        },
        "channels": {
            "socket": {
                "address": "/v1/ws",
                "title": "The socket",
                "description": "Text frames, one JSON object each.",
                "messages": names,
                "bindings": { "ws": { "method": "GET", "query": query(), "bindingVersion": "0.1.0" } },
            },
        },
        "operations": {
            "fromClient": operation("receive", "What a client may send", &from_client),
            "toClient": operation("send", "What the server sends", &to_client),
        },
        "components": { "messages": messages, "schemas": schemas.into_components() },
        "x-close-codes": close_codes(),
    })
}

/// Adds a message for each frame, and says which.
fn describe(
    messages: &mut Map<String, Value>,
    sender: &str,
    frames: &Map<String, Value>,
    examples: &[Value],
) -> Vec<String> {
    let key = |name: &String| format!("{sender}.{name}");
    for (name, payload) in frames {
        let mut payload = payload.clone();
        let summary = payload.as_object_mut().and_then(|payload| payload.remove("description"));
        let shown: Vec<Value> = examples
            .iter()
            .filter(|example| example["type"] == name.as_str())
            .map(|example| json!({ "payload": example }))
            .collect();
        let message = json!({
            "name": name,
            "title": name,
            "summary": summary.unwrap_or_default(),
            "payload": payload,
            "examples": shown,
        });
        messages.insert(key(name), message);
    }
    frames.keys().map(key).collect()
}

fn operation(action: &str, title: &str, messages: &[String]) -> Value {
    let messages: Vec<Value> = messages.iter().map(|name| reference("channels/socket/messages", name)).collect();
    json!({ "action": action, "channel": { "$ref": "#/channels/socket" }, "title": title, "messages": messages })
}

fn reference(place: &str, name: &str) -> Value {
    json!({ "$ref": format!("#/{place}/{name}") })
}

fn query() -> Value {
    json!({
        "type": "object",
        "properties": {
            "token": {
                "type": "string",
                "description": "An access token, for clients that cannot send `auth` first. It is never logged by the \
                                server; proxies may log it, so prefer `auth`.",
            },
            "resume": {
                "type": "string",
                "enum": ["0", "1", "false", "true"],
                "description": "1: deliver nothing before the first frame after signing in, which must be `resume`.",
            },
        },
        "additionalProperties": false,
    })
}

fn close_codes() -> Vec<Value> {
    let code = |reason: &CloseReason| {
        json!({
            "code": reason.code(),
            "name": format!("{reason:?}"),
            "reason": reason.text(),
            "advice": advice(reason.advice()),
        })
    };
    CloseReason::ALL.iter().map(code).collect()
}

const fn advice(advice: Advice) -> &'static str {
    match advice {
        Advice::Reconnect => "reconnect with jitter, and resume",
        Advice::NewToken => "get a new access token, then reconnect and resume",
        Advice::SignInAgain => "the person has to sign in again",
        Advice::Stop => "do not reconnect by yourself",
    }
}

/// Life of a connection, for people.
fn life() -> String {
    let mut text = LIFE.replace("{FRAME_KIB}", &(limit::FRAME_BYTES / 1024).to_string());
    text.push_str("\n\n## Close codes\n\n| code | meaning | what to do |\n|---|---|---|\n");
    for reason in CloseReason::ALL {
        let row = writeln!(text, "| {} | {} | {} |", reason.code(), reason.text(), advice(reason.advice()));
        row.expect("writing to a String does not fail");
    }
    text
}

const LIFE: &str = "\
Events, availability, typing and receipts of one tenant, live.

## Life of a connection

1. Open `/v1/ws` (or `/` at `ws.<domain>`), with `?token=` or without. A browser's `Origin` must be one of the tenant's \
hosts or in `auth.allowed_origins`; else the answer is 403. A server that is full or leaving answers 503 with \
`Retry-After`; 429 when too many sockets of one address wait for somebody to sign in.
2. Without a token in the query, the first frame must be `auth`, within 10 seconds. Any other frame is answered with \
`error` and close code 4400. A token that does not hold, in the query too, is answered with `error` and 4401 after \
the upgrade, because browsers cannot see the status of a refused one.
3. The server answers `auth_success`, with a `cursor` unless a resume follows: from there on this connection sees \
everything.
4. To lose nothing over a reconnect, name what you have: `resume` inside `auth`; or, with the token in the query, open \
with `?token=…&resume=1` and send `resume` as the next frame: nothing is delivered before it. Name the last `seq` of \
each conversation of which you saw an event, and the newest `cursor` for all others. Missed events come first, then \
`resumed` with the next cursor. No frame carries a cursor before you have what it covers: keep the newest.
5. Where the server cannot continue (`resync_required`), read the conversation anew over REST; delivery goes on from now.
6. Events of one conversation come in the order of `seq`, without gap or duplicate. A member who is added sees the \
conversation from that event on; for one who leaves or is removed that event is the last.
7. `ack` what is stored on the device: others then see it as delivered. `message_delivered` and `message_read` are \
watermarks: the larger number counts. They are conflated under load, and sent again after a resume for the \
conversations that were named and those with events since the cursor.
8. Before the token ends (`expires_at`), send `auth` with a fresh token of the same session.
9. The server sends WebSocket pings; any frame counts as a sign of life. A client that cannot see pings sends `ping`; \
its `pong` carries a fresh cursor unless a replay is under way.
10. Before the server goes away it sends `reconnect` with a delay, and closes soon after.

## Limits

A frame has {FRAME_KIB} KiB at most; binary frames are refused (1003). A malformed frame is answered with `error` naming \
the field; the fifth in a row closes the connection (4400). The tenant's limit on frames (100 a minute and person by \
default, over all connections) counts `presence_update`, `typing`, `subscribe_presence`, `unsubscribe_presence` and \
malformed frames; a frame beyond it is answered with `error`, code `RATE_LIMIT_EXCEEDED` and `retry_after`, and nothing is done. `ack`, \
`ping`, `auth` and `resume` do not count. More than 50 frames a second for long, besides one `ack` for each event that \
was sent, close the connection (4429). A person may watch 1,000 people per connection. A client that reads too slowly is \
closed (4000) once 256 events wait for it, or when it takes nothing for 12 seconds; typing is dropped before that. \
Availability and receipts are conflated and never close a connection.";
