//! How a request can fail, as far as a client can know.

use std::fmt;

/// Why there is no good reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// A definite 4xx: nothing happened, and nothing will.
    Refused {
        /// The status.
        status: u16,
        /// Code and sentence.
        why: String,
    },
    /// No connection could be made: the request never left.
    NotSent(String),
    /// It may have happened, and may still happen.
    Unknown(String),
}

impl Failure {
    /// What a reply with this status means for the client.
    pub fn of_reply(status: u16, why: String) -> Self {
        match status {
            400..=499 => Self::Refused { status, why },
            _ => Self::Unknown(format!("{status} {why}")),
        }
    }

    /// What a request without a reply means.
    pub fn of_transport(error: &reqwest::Error) -> Self {
        let mut text = error.to_string();
        let mut cause = std::error::Error::source(error);
        while let Some(inner) = cause {
            text = format!("{text}: {inner}");
            cause = inner.source();
        }
        if error.is_connect() { Self::NotSent(text) } else { Self::Unknown(text) }
    }

    /// Whether asking again, perhaps elsewhere, can help.
    pub fn is_worth_a_retry(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused { status, why } => write!(f, "refused with {status}: {why}"),
            Self::NotSent(why) => write!(f, "not sent: {why}"),
            Self::Unknown(why) => write!(f, "outcome unknown: {why}"),
        }
    }
}

impl std::error::Error for Failure {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_4xx_is_definite() {
        assert!(matches!(Failure::of_reply(409, String::new()), Failure::Refused { status: 409, .. }));
        for status in [500, 502, 503, 504] {
            assert!(Failure::of_reply(status, String::new()).is_worth_a_retry());
        }
    }
}
