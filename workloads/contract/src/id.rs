//! Identifiers: a prefix that tells the kind, then a UUIDv7 (RFC 9562, section 5.7) as 32 lower-case hex digits.
//!
//! They are time-ordered, 16 bytes in memory and [`Copy`]; only the tenant's id is a name that somebody chose.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// The text is not an identifier of the kind that was expected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id of the form {prefix}<32 hex digits>")]
pub struct InvalidId {
    prefix: &'static str,
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(Uuid);

        impl $name {
            /// What every identifier of this kind begins with.
            pub const PREFIX: &'static str = $prefix;

            /// A new identifier, ordered after those made before it. Call it at the edge, not inside decisions.
            #[must_use]
            pub fn generate() -> Self {
                Self(Uuid::now_v7())
            }

            /// Wraps a UUID that was chosen elsewhere, for example in a test.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                parse_uuid(text, $prefix).map(Self)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::schema::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "[0-9a-f]{32}$")))
                    .examples([concat!($prefix, $example)])
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}
    };
}

/// Parses `prefix` followed by 32 lower-case hex digits. Upper case is refused, so that each id has one spelling.
fn parse_uuid(text: &str, prefix: &'static str) -> Result<Uuid, InvalidId> {
    let invalid = InvalidId { prefix };
    let digits = text.strip_prefix(prefix).ok_or_else(|| invalid.clone())?;
    let spelled_right = digits.len() == 32 && digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    if !spelled_right {
        return Err(invalid);
    }
    Uuid::try_parse(digits).map_err(|_| invalid)
}

id!(
    /// A person's account within one tenant.
    UserId, "usr_", "01946a2b3c4d7e8f9a0b1c2d3e4f5a6b"
);
id!(
    /// A direct or group conversation.
    ConversationId, "conv_", "01946a2b3c4d7e8f9a0b1c2d3e4f5a6c"
);
id!(
    /// A message; also the cursor of message pages.
    MessageId, "msg_", "01946a2b3c4d7e8f9a0b1c2d3e4f5a6d"
);
id!(
    /// A signed-in device: the family of one chain of refresh tokens.
    SessionId, "sess_", "01946a2b3c4d7e8f9a0b1c2d3e4f5a6e"
);
id!(
    /// One WebSocket connection.
    ConnectionId, "conn_", "01946a2b3c4d7e8f9a0b1c2d3e4f5a6f"
);
id!(
    /// One request, named in its reply, its logs and its error.
    RequestId, "req_", "01946a2b3c4d7e8f9a0b1c2d3e4f5a70"
);

/// A tenant's name: `<namespace>.<name>` of its `ChatTenant`. A namespace has no dot, so the form is unambiguous.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct TenantId(Arc<str>);

/// The text is not a tenant id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected a tenant id of lower-case letters, digits, '-' and '.', 1 to 253 characters")]
pub struct InvalidTenantId;

impl TenantId {
    /// The id as text, for keys and columns.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The namespace of its `ChatTenant`: what is before the first dot.
    pub fn namespace(&self) -> &str {
        self.0.split_once('.').map_or(&*self.0, |(namespace, _)| namespace)
    }
}

impl FromStr for TenantId {
    type Err = InvalidTenantId;

    fn from_str(text: &str) -> Result<Self, InvalidTenantId> {
        let allowed = |b: u8| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.');
        if text.is_empty() || text.len() > 253 || !text.bytes().all(allowed) {
            return Err(InvalidTenantId);
        }
        Ok(Self(text.into()))
    }
}

impl fmt::Display for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for TenantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for TenantId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_survives_its_text_form() {
        let id = MessageId::generate();
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn ids_made_later_sort_later() {
        let ids: Vec<_> = (0..1000).map(|_| UserId::generate()).collect();
        assert!(ids.is_sorted());
    }

    #[test]
    fn another_prefix_another_case_and_another_length_are_refused() {
        let id = UserId::generate().to_string();
        assert!(id.parse::<MessageId>().is_err());
        assert!(id.to_uppercase().parse::<UserId>().is_err());
        assert!(id[..id.len() - 1].parse::<UserId>().is_err());
        assert!("usr_".parse::<UserId>().is_err());
    }

    #[test]
    fn a_tenant_id_is_a_lower_case_name() {
        assert!("default.demo".parse::<TenantId>().is_ok());
        for bad in ["", "Default.demo", "a b", "a/b", &"a".repeat(254)] {
            assert!(bad.parse::<TenantId>().is_err(), "{bad}");
        }
    }
}
