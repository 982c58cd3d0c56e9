//! The story itself: two people sign up, talk, lose a connection, and miss nothing.

use std::io::Write;

use anyhow::{Result, ensure};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_contract::socket::close::CloseReason;
use serde_json::{Value, json};

use super::person::{Person, SignIn, Socket, text_at};
use super::transcript::Transcript;

/// Everything that the acts of the story share.
pub struct Stage<W> {
    /// What is printed.
    pub transcript: Transcript<W>,
    /// Makes the group, and sends most messages.
    pub ada: Person,
    /// Receives, reacts, loses her connection.
    pub grace: Person,
}

/// Plays all acts in order.
pub async fn play<W: Write>(stage: &mut Stage<W>) -> Result<()> {
    sign_up(stage).await?;
    let conversation = make_group(stage).await?;
    let (mut ada, mut grace, cursor) = open_sockets(stage).await?;
    let message = talk(stage, &conversation, &mut ada, &mut grace).await?;
    let last_seq = enrich(stage, &conversation, &message, &mut ada, &mut grace).await?;
    lose_nothing(stage, &conversation, grace, cursor, last_seq).await?;
    read_back(stage, &conversation).await?;
    say_goodbye(stage, ada).await
}

async fn sign_up<W: Write>(stage: &mut Stage<W>) -> Result<()> {
    let Stage { transcript, ada, grace } = stage;
    transcript.step("Ada and Grace register")?;
    ada.register(transcript).await?;
    grace.register(transcript).await?;
    transcript.step("Both sign in; the access token goes into every request from here on")?;
    ada.log_in(transcript).await?;
    grace.log_in(transcript).await?;
    transcript.step("Ada says a little about herself, and finds Grace")?;
    let profile = json!({"bio": "Writes programs for engines that do not exist yet", "status_message": "On tour"});
    ada.call(transcript, ("PUT", "/v1/users/me", Some(profile)), 200).await?;
    let search = format!("/v1/users/search?q={}&limit=5", grace.username);
    let found = ada.call(transcript, ("GET", &search, None), 200).await?;
    ensure!(found["data"]["total"] == 1, "the search must find exactly Grace");
    Ok(())
}

async fn make_group<W: Write>(stage: &mut Stage<W>) -> Result<String> {
    let Stage { transcript, ada, grace } = stage;
    transcript.step("Ada makes a group with Grace")?;
    let body = json!({"type": "group", "name": "Analytical Engine", "participant_ids": [grace.user_id]});
    let reply = ada.call(transcript, ("POST", "/v1/conversations", Some(body)), 201).await?;
    text_at(&reply, "/data/conversation_id")
}

async fn open_sockets<W: Write>(stage: &mut Stage<W>) -> Result<(Socket, Socket, String)> {
    let Stage { transcript, ada, grace } = stage;
    transcript.step("Both open a socket: Ada with the token in the address, Grace with a first frame")?;
    let (mut ada_socket, _) = ada.open_socket(transcript, SignIn::InQuery).await?;
    let (grace_socket, greeting) = grace.open_socket(transcript, SignIn::InFrame { resume: None }).await?;
    let cursor = text_at(&greeting, "/cursor")?;
    transcript.step("Ada watches whether Grace is there")?;
    ada_socket.send(transcript, &json!({"type": "subscribe_presence", "user_ids": [grace.user_id]})).await?;
    ada_socket.expect(transcript, "presence_changed").await?;
    Ok((ada_socket, grace_socket, cursor))
}

async fn talk<W: Write>(
    stage: &mut Stage<W>,
    conversation: &str,
    ada_socket: &mut Socket,
    grace_socket: &mut Socket,
) -> Result<String> {
    let Stage { transcript, ada, grace } = stage;
    transcript.step("Ada types; Grace sees it")?;
    let typing = json!({"type": "typing", "conversation_id": conversation, "is_typing": true});
    ada_socket.send(transcript, &typing).await?;
    grace_socket.expect(transcript, "typing").await?;

    transcript.step("Ada sends a message; it is acknowledged when it is stored, and pushed to both")?;
    let path = format!("/v1/conversations/{conversation}/messages");
    let body = text_message("Shall we compute Bernoulli numbers?", "temp_1");
    let sent = ada.call(transcript, ("POST", &path, Some(body.clone())), 201).await?;
    let message = text_at(&sent, "/data/message_id")?;
    let received = grace_socket.expect(transcript, "message_received").await?;
    ensure!(received["message"]["message_id"] == message.as_str(), "Grace must get Ada's message");

    transcript.step("The reply might have been lost: the same temp_id gives the same message, not a second one")?;
    let again = ada.call(transcript, ("POST", &path, Some(body)), 200).await?;
    ensure!(again["data"]["message_id"] == message.as_str(), "a retry must give the same message");

    transcript.step("Grace's device acknowledges; Ada sees it delivered")?;
    let ack = json!({"type": "ack", "conversation_id": conversation, "seq": received["seq"]});
    grace_socket.send(transcript, &ack).await?;
    loop {
        let delivered = ada_socket.expect(transcript, "message_delivered").await?;
        if delivered["delivered_to"] == grace.user_id.as_str() {
            return Ok(message);
        }
    }
}

async fn enrich<W: Write>(
    stage: &mut Stage<W>,
    conversation: &str,
    message: &str,
    ada_socket: &mut Socket,
    grace_socket: &mut Socket,
) -> Result<u64> {
    let Stage { transcript, ada, grace } = stage;
    transcript.step("Grace reacts")?;
    let path = format!("/v1/messages/{message}/reactions");
    grace.call(transcript, ("POST", &path, Some(json!({"emoji": "❤️"}))), 200).await?;
    ada_socket.expect(transcript, "reaction_added").await?;

    transcript.step("Ada mends her message")?;
    let body = json!({"content_encrypted": STANDARD.encode("Shall we compute the Bernoulli numbers?")});
    ada.call(transcript, ("PUT", &format!("/v1/messages/{message}"), Some(body)), 200).await?;
    let edited = grace_socket.expect(transcript, "message_edited").await?;

    transcript.step("Grace reads; Ada sees the receipt")?;
    let path = format!("/v1/conversations/{conversation}/read");
    grace.call(transcript, ("POST", &path, Some(json!({"message_id": message}))), 200).await?;
    ada_socket.expect(transcript, "message_read").await?;
    Ok(edited["seq"].as_u64().unwrap_or_default())
}

async fn lose_nothing<W: Write>(
    stage: &mut Stage<W>,
    conversation: &str,
    grace_socket: Socket,
    cursor: String,
    last_seq: u64,
) -> Result<()> {
    let Stage { transcript, ada, grace } = stage;
    transcript.step("Grace's train enters a tunnel: her connection is cut")?;
    grace_socket.cut();
    transcript.step("Ada sends two messages meanwhile")?;
    let path = format!("/v1/conversations/{conversation}/messages");
    for (text, temp_id) in [("Note G, then.", "temp_2"), ("Are you still there?", "temp_3")] {
        ada.call(transcript, ("POST", &path, Some(text_message(text, temp_id))), 201).await?;
    }
    transcript.step("Grace comes back, says what she has, and gets exactly what she missed, in order")?;
    let resume = json!({"cursor": cursor, "conversations": {conversation: last_seq}});
    let (mut socket, _) = grace.open_socket(transcript, SignIn::InFrame { resume: Some(resume) }).await?;
    for expected in [last_seq + 1, last_seq + 2] {
        let frame = socket.expect(transcript, "message_received").await?;
        ensure!(frame["seq"] == expected, "expected seq {expected}: {frame}");
    }
    socket.expect(transcript, "resumed").await?;
    Ok(())
}

async fn read_back<W: Write>(stage: &mut Stage<W>, conversation: &str) -> Result<()> {
    let Stage { transcript, ada, grace } = stage;
    transcript.step("The history, with how far each message got")?;
    let path = format!("/v1/conversations/{conversation}/messages?limit=10");
    let page = ada.call(transcript, ("GET", &path, None), 200).await?;
    let count = page["data"]["messages"].as_array().map(Vec::len);
    ensure!(count == Some(3), "three messages were sent, the history has {count:?}");
    transcript.step("Grace's list of conversations, with what she has not read")?;
    let list = grace.call(transcript, ("GET", "/v1/conversations?limit=5", None), 200).await?;
    ensure!(list["data"]["conversations"][0]["unread_count"] == 2, "two messages are unread");
    transcript.step("A device that was away for long asks what changed")?;
    grace.call(transcript, ("GET", "/v1/sync", None), 200).await?;
    Ok(())
}

async fn say_goodbye<W: Write>(stage: &mut Stage<W>, mut ada_socket: Socket) -> Result<()> {
    let Stage { transcript, ada, .. } = stage;
    transcript.step("Ada signs out: her token and her socket end at once")?;
    ada.call(transcript, ("POST", "/v1/auth/logout", None), 200).await?;
    ada.see_session_end(transcript).await?;
    ada_socket.expect_close(transcript, CloseReason::SessionRevoked).await
}

fn text_message(text: &str, temp_id: &str) -> Value {
    json!({"content_encrypted": STANDARD.encode(text), "message_type": "text", "temp_id": temp_id})
}
