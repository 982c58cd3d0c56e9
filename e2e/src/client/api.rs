//! REST against one server.

use std::time::Duration;

use confab_contract::envelope::Reply;
use confab_contract::error::ErrorBody;
use confab_contract::rest::auth::{LoggedIn, Registered};
use confab_contract::rest::conversations::Conversation;
use confab_contract::rest::members::{Member, MemberList};
use confab_contract::rest::messages::{EditedMessage, EventPage, Message, MessagePage, SentMessage};
use confab_contract::rest::sync::SyncPage;
use confab_contract::timeline::TimelineFrame;
use confab_contract::{ConversationId, MessageId, UserId};
use reqwest::Method;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::Account;
use super::failure::Failure;

/// Entries of a page: the most that the API gives.
const PAGE: u32 = 100;

/// One server's REST API.
#[derive(Debug, Clone)]
pub struct Api {
    http: reqwest::Client,
    base: String,
}

/// What to send.
#[derive(Debug, Clone)]
pub struct Outgoing<'a> {
    /// Base64.
    pub content: &'a str,
    /// Names it over retries.
    pub temp_id: Option<&'a str>,
    /// The message that it answers.
    pub reply_to: Option<MessageId>,
}

impl Api {
    /// A client of the server at `base`, such as `http://127.0.0.1:8080`, which waits this long for a reply.
    pub fn new(base: impl Into<String>, patience: Duration) -> reqwest::Result<Self> {
        let http = reqwest::Client::builder().timeout(patience).connect_timeout(patience / 2).no_proxy().build()?;
        Ok(Self { http, base: base.into() })
    }

    /// Where the server is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Makes an account and signs it in. `name` must be new.
    pub async fn sign_up(&self, name: &str) -> Result<Account, Failure> {
        let email = format!("{name}@example.com");
        let password = format!("correct horse of {name} 7Q!");
        let body = json!({ "email": email, "username": name, "password": password, "full_name": name });
        let registered: Registered = self.data(Method::POST, "auth/register", None, Some(&body)).await?;
        let token = self.sign_in(name).await?;
        Ok(Account { user: registered.user_id, token: token.into() })
    }

    /// An access token for an account that [`Self::sign_up`] made.
    pub async fn sign_in(&self, name: &str) -> Result<String, Failure> {
        let password = format!("correct horse of {name} 7Q!");
        let body = json!({ "email": format!("{name}@example.com"), "password": password });
        let logged_in: LoggedIn = self.data(Method::POST, "auth/login", None, Some(&body)).await?;
        Ok(logged_in.access_token)
    }

    /// Makes a group.
    pub async fn create_group(&self, by: &Account, name: &str, members: &[UserId]) -> Result<ConversationId, Failure> {
        let body = json!({ "type": "group", "name": name, "participant_ids": members });
        let made: Value = self.data(Method::POST, "conversations", Some(by), Some(&body)).await?;
        let id = made["conversation_id"].as_str().and_then(|id| id.parse().ok());
        id.ok_or_else(|| Failure::Unknown(format!("the reply names no conversation: {made}")))
    }

    /// Opens the direct conversation with somebody.
    pub async fn create_direct(&self, by: &Account, with: UserId) -> Result<ConversationId, Failure> {
        let body = json!({ "type": "direct", "participant_id": with });
        let made: Value = self.data(Method::POST, "conversations", Some(by), Some(&body)).await?;
        let id = made["conversation_id"].as_str().and_then(|id| id.parse().ok());
        id.ok_or_else(|| Failure::Unknown(format!("the reply names no conversation: {made}")))
    }

    /// Sends a message.
    pub async fn send(
        &self,
        by: &Account,
        conversation: ConversationId,
        message: &Outgoing<'_>,
    ) -> Result<SentMessage, Failure> {
        let body = json!({
            "content_encrypted": message.content,
            "temp_id": message.temp_id,
            "reply_to_message_id": message.reply_to,
        });
        self.data(Method::POST, &format!("conversations/{conversation}/messages"), Some(by), Some(&body)).await
    }

    /// Changes an own message.
    pub async fn edit(&self, by: &Account, message: MessageId, content: &str) -> Result<EditedMessage, Failure> {
        let body = json!({ "content_encrypted": content });
        self.data(Method::PUT, &format!("messages/{message}"), Some(by), Some(&body)).await
    }

    /// Deletes a message for everyone.
    pub async fn delete(&self, by: &Account, message: MessageId) -> Result<(), Failure> {
        self.call(Method::DELETE, &format!("messages/{message}?delete_for=everyone"), Some(by), None).await.map(drop)
    }

    /// Reacts to a message.
    pub async fn react(&self, by: &Account, message: MessageId, emoji: &str) -> Result<(), Failure> {
        let body = json!({ "emoji": emoji });
        self.call(Method::POST, &format!("messages/{message}/reactions"), Some(by), Some(&body)).await.map(drop)
    }

    /// Takes a reaction back.
    pub async fn unreact(&self, by: &Account, message: MessageId, emoji: &str) -> Result<(), Failure> {
        self.call(Method::DELETE, &format!("messages/{message}/reactions/{emoji}"), Some(by), None).await.map(drop)
    }

    /// Marks all up to a message as read.
    pub async fn read(&self, by: &Account, conversation: ConversationId, upto: MessageId) -> Result<(), Failure> {
        let body = json!({ "message_id": upto });
        self.call(Method::POST, &format!("conversations/{conversation}/read"), Some(by), Some(&body)).await.map(drop)
    }

    /// Adds a member to a group.
    pub async fn add_member(&self, by: &Account, conversation: ConversationId, user: UserId) -> Result<(), Failure> {
        let body = json!({ "user_ids": [user] });
        self.call(Method::POST, &format!("conversations/{conversation}/members"), Some(by), Some(&body)).await.map(drop)
    }

    /// Removes a member from a group.
    pub async fn remove_member(&self, by: &Account, conversation: ConversationId, user: UserId) -> Result<(), Failure> {
        let path = format!("conversations/{conversation}/members/{user}");
        self.call(Method::DELETE, &path, Some(by), None).await.map(drop)
    }

    /// A conversation as the caller sees it; `None` when the caller is not a member.
    pub async fn conversation(&self, by: &Account, id: ConversationId) -> Result<Option<Conversation>, Failure> {
        match self.data(Method::GET, &format!("conversations/{id}"), Some(by), None).await {
            Ok(conversation) => Ok(Some(conversation)),
            Err(Failure::Refused { status: 404, .. }) => Ok(None),
            Err(failure) => Err(failure),
        }
    }

    /// All members of a conversation.
    pub async fn members(&self, by: &Account, id: ConversationId) -> Result<Vec<Member>, Failure> {
        let mut members = Vec::new();
        loop {
            let path = format!("conversations/{id}/members?limit={PAGE}&offset={}", members.len());
            let page: MemberList = self.data(Method::GET, &path, Some(by), None).await?;
            let (got, total) = (page.members.len(), page.total);
            members.extend(page.members);
            if got == 0 || members.len() as u64 >= total {
                return Ok(members);
            }
        }
    }

    /// All events of a conversation after a `seq`.
    pub async fn events(&self, by: &Account, id: ConversationId, after: u64) -> Result<Vec<TimelineFrame>, Failure> {
        let (mut events, mut after) = (Vec::new(), after);
        loop {
            let path = format!("conversations/{id}/events?limit={PAGE}&after={after}");
            let page: EventPage = self.data(Method::GET, &path, Some(by), None).await?;
            events.extend(page.events);
            if !page.has_more {
                return Ok(events);
            }
            if page.next_after <= after {
                return Err(Failure::Unknown(format!("next_after does not move on from {after}")));
            }
            after = page.next_after;
        }
    }

    /// All messages of a conversation, newest first.
    pub async fn messages(&self, by: &Account, id: ConversationId) -> Result<Vec<Message>, Failure> {
        self.pages(by, id, "before", None).await
    }

    /// All messages of a conversation after one of them, oldest first.
    pub async fn messages_after(
        &self,
        by: &Account,
        id: ConversationId,
        after: MessageId,
    ) -> Result<Vec<Message>, Failure> {
        self.pages(by, id, "after", Some(after)).await
    }

    async fn pages(
        &self,
        by: &Account,
        id: ConversationId,
        direction: &str,
        from: Option<MessageId>,
    ) -> Result<Vec<Message>, Failure> {
        let (mut messages, mut cursor) = (Vec::new(), from);
        loop {
            let from = cursor.map(|cursor| format!("&{direction}={cursor}")).unwrap_or_default();
            let path = format!("conversations/{id}/messages?limit={PAGE}{from}");
            let page: MessagePage = self.data(Method::GET, &path, Some(by), None).await?;
            messages.extend(page.messages);
            if !page.has_more {
                return Ok(messages);
            }
            if page.next_cursor.is_none() || page.next_cursor == cursor {
                return Err(Failure::Unknown(format!("next_cursor does not move on from {cursor:?}")));
            }
            cursor = page.next_cursor;
        }
    }

    /// What changed since a cursor; without one, everything there is.
    pub async fn sync(&self, by: &Account, since: Option<&str>, limit: u32) -> Result<SyncPage, Failure> {
        let since = since.map(|cursor| format!("&since={cursor}")).unwrap_or_default();
        self.data(Method::GET, &format!("sync?limit={limit}{since}"), Some(by), None).await
    }

    /// One request whose reply carries data.
    async fn data<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        by: Option<&Account>,
        body: Option<&Value>,
    ) -> Result<T, Failure> {
        let bytes = self.call(method, path, by, body).await?;
        let reply: Result<Reply<T>, _> = serde_json::from_slice(&bytes);
        reply.map(|reply| reply.data).map_err(|error| Failure::Unknown(format!("{path}: malformed reply: {error}")))
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        by: Option<&Account>,
        body: Option<&Value>,
    ) -> Result<Vec<u8>, Failure> {
        let mut request = self.http.request(method, format!("{}/v1/{path}", self.base));
        if let Some(account) = by {
            request = request.bearer_auth(&account.token);
        }
        if let Some(body) = body {
            request = request.json(body);
        }
        let reply = request.send().await.map_err(|error| Failure::of_transport(&error))?;
        let status = reply.status().as_u16();
        // The status alone is no reply: what follows it may be cut off.
        let bytes = reply.bytes().await.map_err(|error| Failure::Unknown(error.to_string()))?;
        if (200..300).contains(&status) {
            return Ok(bytes.into());
        }
        let why = match serde_json::from_slice::<ErrorBody>(&bytes) {
            Ok(body) => format!("{:?}: {} {:?}", body.error.code, body.error.message, body.error.details),
            Err(_) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        Err(Failure::of_reply(status, why))
    }
}
