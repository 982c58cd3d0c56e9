//! From rows to what a reader sees. Pure.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use confab_contract::config::tenant::Encryption;
use confab_contract::rest::auth::LoggedInUser;
use confab_contract::rest::conversations::{Conversation, LastMessage};
use confab_contract::rest::messages::MessageType;
use confab_contract::rest::sessions::Session;
use confab_contract::rest::users::{FoundUser, PresenceStatus, Profile, UpdatedProfile};
use confab_contract::{SessionId, UserId};
use confab_store::conversations::{ConversationRow, LastMessageRow};
use confab_store::presence::PresenceRow;
use confab_store::{sessions, users};

/// A conversation, its newest message readable where the tenant lets the server look inside.
pub(crate) fn conversation(row: ConversationRow, reader: UserId, encryption: Encryption) -> Conversation {
    let read_seq = row.read_seq;
    Conversation {
        conversation_id: row.conversation_id,
        kind: row.kind,
        name: row.name,
        avatar_url: row.avatar_url,
        participants: row.participants,
        participant_count: row.participant_count,
        role: row.role,
        last_message: row.last_message.as_ref().map(|message| last_message(message, reader, read_seq, encryption)),
        unread_count: row.unread_count,
        is_pinned: row.is_pinned,
        is_muted: row.is_muted,
        muted_until: row.muted_until,
        last_seq: row.last_seq,
        read_seq,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }
}

fn last_message(row: &LastMessageRow, reader: UserId, read_seq: u64, encryption: Encryption) -> LastMessage {
    LastMessage {
        message_id: row.message_id,
        sender_id: row.sender_id,
        content: readable(row.content_encrypted.as_deref(), row.message_type, encryption),
        message_type: row.message_type,
        timestamp: row.created_at,
        is_read: row.sender_id == reader || row.seq <= read_seq,
    }
}

/// The text of a message, if the server may read it and it is text.
fn readable(content: Option<&str>, kind: MessageType, encryption: Encryption) -> Option<String> {
    if encryption != Encryption::ServerReadable || kind != MessageType::Text {
        return None;
    }
    let bytes = STANDARD.decode(content?).ok()?;
    // NUL is in no text that we give or take.
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

/// A profile; what only acquaintances may see is left out for others.
pub(crate) fn profile(user: users::User, is_acquainted: bool, presence: Option<PresenceRow>) -> Profile {
    let presence = presence.filter(|_| is_acquainted);
    Profile {
        user_id: user.id,
        username: user.username,
        full_name: user.full_name,
        email: is_acquainted.then_some(user.email),
        phone: user.phone.filter(|_| is_acquainted),
        avatar_url: user.avatar_url,
        bio: user.bio,
        status: presence.as_ref().map_or(PresenceStatus::Offline, |presence| presence.status),
        status_message: user.status_message,
        last_seen: presence.and_then(|presence| presence.last_seen),
        created_at: user.created_at,
    }
}

/// A profile after its change.
pub(crate) fn updated_profile(user: users::User) -> UpdatedProfile {
    UpdatedProfile {
        user_id: user.id,
        full_name: user.full_name,
        bio: user.bio,
        avatar_url: user.avatar_url,
        status_message: user.status_message,
        phone: user.phone,
        updated_at: user.updated_at,
    }
}

/// A hit of a search.
pub(crate) fn found_user(user: users::User, status: PresenceStatus) -> FoundUser {
    FoundUser {
        user_id: user.id,
        username: user.username,
        full_name: user.full_name,
        avatar_url: user.avatar_url,
        status,
    }
}

/// Who signed in.
pub(crate) fn logged_in_user(user: users::User) -> LoggedInUser {
    LoggedInUser { user_id: user.id, email: user.email, username: user.username, avatar_url: user.avatar_url }
}

/// A signed-in device.
pub(crate) fn session(row: sessions::Session, current: SessionId) -> Session {
    Session {
        session_id: row.id,
        device_id: row.device_id,
        user_agent: row.user_agent,
        address: row.address,
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        is_current: row.id == current,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_readable_text_is_shown() {
        let shown = |content, kind, encryption| readable(Some(content), kind, encryption);
        let readable_tenant = Encryption::ServerReadable;
        assert_eq!(shown("SGVsbG8=", MessageType::Text, readable_tenant).as_deref(), Some("Hello"));
        assert_eq!(shown("SGVsbG8=", MessageType::Text, Encryption::EndToEnd), None);
        assert_eq!(shown("SGVsbG8=", MessageType::Image, readable_tenant), None);
        assert_eq!(shown("/////w==", MessageType::Text, readable_tenant), None, "not UTF-8");
        assert_eq!(readable(None, MessageType::Text, readable_tenant), None, "deleted");
    }
}
