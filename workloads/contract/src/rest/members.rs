//! `/v1/conversations/{conversation_id}/members`: who belongs to a group, and as what.

use garde::Validate;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::conversations::Participant;
use crate::{Timestamp, UserId};

/// What a member of a group may do. In a direct conversation both are plain members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Talks, adds nobody, leaves.
    Member,
    /// Also renames, adds and removes members, and deletes others' messages for everyone.
    Admin,
    /// Also makes and unmakes admins, and hands ownership on. There is exactly one.
    Owner,
}

impl Role {
    /// The text of the wire and of columns.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }
}

/// `POST /v1/conversations/{conversation_id}/members`
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddMembersRequest {
    /// Whom to add; those who are members already are passed over.
    #[garde(length(min = 1, max = 100))]
    #[schema(min_items = 1, max_items = 100)]
    pub user_ids: Vec<UserId>,
}

/// `PUT /v1/conversations/{conversation_id}/members/{user_id}`
#[derive(Debug, Deserialize, Validate, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeRoleRequest {
    /// The new role. `owner` hands ownership on; the caller becomes an admin.
    #[garde(skip)]
    #[schema(example = "admin")]
    pub role: Role,
}

/// One member with the watermarks that others may see.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Member {
    /// Who.
    #[serde(flatten)]
    pub participant: Participant,
    /// When they joined, last.
    pub joined_at: Timestamp,
    /// Up to which `seq` a device of theirs has acknowledged.
    #[schema(example = 17)]
    pub delivered_seq: u64,
    /// Up to which `seq` they have read.
    #[schema(example = 14)]
    pub read_seq: u64,
}

/// The data of `GET /v1/conversations/{conversation_id}/members`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct MemberList {
    /// In the order in which they joined.
    pub members: Vec<Member>,
    /// How many there are in all.
    #[schema(example = 3)]
    pub total: u64,
}
