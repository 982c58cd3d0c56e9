//! Close codes (RFC 6455, section 7.4). A client needs to tell three things: connect again, sign in again, or stop.

/// What a client should do after a close.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advice {
    /// Connect again with a little jitter, and resume.
    Reconnect,
    /// Get a new access token first, then connect again and resume.
    NewToken,
    /// The refresh token holds no more either: the person has to sign in.
    SignInAgain,
    /// It would only happen again: mend the client.
    Stop,
}

/// Why the server closes a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CloseReason {
    /// 1001: the server drains.
    GoingAway,
    /// 1003: a binary frame.
    UnsupportedData,
    /// 1009: a frame above 64 KiB.
    TooBig,
    /// 1011: our mistake.
    InternalError,
    /// 4000: the client reads too slowly; the rest waits in the store.
    SlowConsumer,
    /// 4001: nothing was heard for too long.
    HeartbeatTimeout,
    /// 4002: the person has more connections than allowed; the oldest goes.
    Replaced,
    /// 4003: the server could not read what it owes this connection for too long.
    Unavailable,
    /// 4004: the tenant hibernates, was removed, or is not admitted by its host any more.
    NotServed,
    /// 4400: not a frame of the protocol, again and again.
    ProtocolError,
    /// 4401: the token is invalid or has expired.
    AuthenticationFailed,
    /// 4403: the session was revoked or the account suspended.
    SessionRevoked,
    /// 4408: no `auth` within 10 seconds.
    AuthTimeout,
    /// 4429: far more frames than the rate limit, although warned.
    Flooding,
}

impl CloseReason {
    /// All of them, for documentation.
    pub const ALL: [Self; 14] = [
        Self::GoingAway,
        Self::UnsupportedData,
        Self::TooBig,
        Self::InternalError,
        Self::SlowConsumer,
        Self::HeartbeatTimeout,
        Self::Replaced,
        Self::Unavailable,
        Self::NotServed,
        Self::ProtocolError,
        Self::AuthenticationFailed,
        Self::SessionRevoked,
        Self::AuthTimeout,
        Self::Flooding,
    ];

    /// The code on the wire.
    #[must_use]
    pub const fn code(self) -> u16 {
        match self {
            Self::GoingAway => 1001,
            Self::UnsupportedData => 1003,
            Self::TooBig => 1009,
            Self::InternalError => 1011,
            Self::SlowConsumer => 4000,
            Self::HeartbeatTimeout => 4001,
            Self::Replaced => 4002,
            Self::Unavailable => 4003,
            Self::NotServed => 4004,
            Self::ProtocolError => 4400,
            Self::AuthenticationFailed => 4401,
            Self::SessionRevoked => 4403,
            Self::AuthTimeout => 4408,
            Self::Flooding => 4429,
        }
    }

    /// The text beside the code, at most 123 bytes.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::GoingAway => "the server is going away; reconnect and resume",
            Self::UnsupportedData => "only text frames are understood",
            Self::TooBig => "a frame may have 64 KiB at most",
            Self::InternalError => "something went wrong on our side; reconnect and resume",
            Self::SlowConsumer => "reading too slowly; reconnect and resume",
            Self::HeartbeatTimeout => "nothing heard for too long; reconnect and resume",
            Self::Replaced => "too many connections of this account; the oldest was closed",
            Self::Unavailable => "the store is away; reconnect and resume",
            Self::NotServed => "this tenant is not served at this moment; reconnect later and resume",
            Self::ProtocolError => "not the protocol of this server",
            Self::AuthenticationFailed => "the token does not hold; get a new one",
            Self::SessionRevoked => "the session was ended; sign in again",
            Self::AuthTimeout => "no auth frame within 10 seconds",
            Self::Flooding => "too many frames",
        }
    }

    /// What the client should do.
    #[must_use]
    pub const fn advice(self) -> Advice {
        match self {
            Self::GoingAway
            | Self::InternalError
            | Self::SlowConsumer
            | Self::HeartbeatTimeout
            | Self::Unavailable
            | Self::NotServed
            | Self::AuthTimeout => Advice::Reconnect,
            Self::AuthenticationFailed => Advice::NewToken,
            Self::SessionRevoked => Advice::SignInAgain,
            Self::UnsupportedData | Self::TooBig | Self::ProtocolError | Self::Flooding | Self::Replaced => {
                Advice::Stop
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_reason_has_a_code_of_its_own_and_a_text_that_fits_a_close_frame() {
        let codes: BTreeSet<u16> = CloseReason::ALL.iter().map(|reason| reason.code()).collect();
        assert_eq!(codes.len(), CloseReason::ALL.len());
        assert!(CloseReason::ALL.iter().all(|reason| reason.text().len() <= 123));
    }
}
