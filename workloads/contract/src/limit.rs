//! Sizes that the API refuses to exceed. What a tenant may change is in [`crate::config::tenant`]; these are fixed.

/// Bytes of a request body; a message of the largest size, with metadata, fits.
pub const BODY_BYTES: usize = 256 * 1024;
/// Bytes of a WebSocket frame from a client.
pub const FRAME_BYTES: usize = 64 * 1024;
/// Entries of a page when the request names no limit.
pub const PAGE_DEFAULT: u32 = 50;
/// Entries of a page at most.
pub const PAGE_MAX: u32 = 100;
/// The farthest offset; beyond it a list is read by cursor.
pub const OFFSET_MAX: u32 = 100_000;
/// Characters of an e-mail address (RFC 5321, section 4.5.3.1.3, less the angle brackets).
pub const EMAIL_CHARS: usize = 254;
/// Characters of a full name.
pub const FULL_NAME_CHARS: usize = 100;
/// Characters of a conversation's name.
pub const CONVERSATION_NAME_CHARS: usize = 100;
/// Characters of a biography.
pub const BIO_CHARS: usize = 500;
/// Characters of a status message.
pub const STATUS_MESSAGE_CHARS: usize = 200;
/// Characters of a URL that a client names.
pub const URL_CHARS: usize = 2048;
/// Characters of a device id.
pub const DEVICE_ID_CHARS: usize = 128;
/// Characters of a client-generated message id.
pub const TEMP_ID_CHARS: usize = 128;
/// Characters of a search term.
pub const QUERY_CHARS: usize = 100;
/// Shortest password, in characters.
pub const PASSWORD_MIN_CHARS: usize = 8;
/// Longest password, in characters.
pub const PASSWORD_MAX_CHARS: usize = 128;
/// Different emoji on one message.
pub const REACTIONS_PER_MESSAGE: u32 = 50;
/// Versions that are kept of one message, the present one included. Then it can no longer be edited.
pub const MESSAGE_VERSIONS: u32 = 1000;
/// Unread messages of a conversation are counted up to this many.
pub const UNREAD_COUNT_MAX: u32 = 1000;
/// Members of a group at most, whatever a tenant allows.
pub const GROUP_MEMBERS_MAX: u32 = 1000;
/// Bytes of events in one answer of a sync. One event is below 200 KiB.
pub const SYNC_EVENT_BYTES: u64 = 4 * 1024 * 1024;
/// Hidden messages named in one answer of a sync.
pub const SYNC_HIDDEN: u32 = 1000;
/// Users named in one presence subscription frame.
pub const PRESENCE_SUBSCRIPTIONS_PER_FRAME: usize = 500;
/// Users that one connection may watch.
pub const PRESENCE_SUBSCRIPTIONS: usize = 1000;
/// Conversations named in one resume.
pub const RESUME_CONVERSATIONS: usize = 1000;
/// Events replayed for one conversation on resume; farther back the client reads pages over REST.
pub const RESUME_EVENTS: u64 = 10_000;
