//! What can go wrong, in three layers: the store itself ([`StoreError`]), a request that contradicts what is stored
//! ([`Refusal`]), and either of them ([`WriteError`]).

use std::sync::Arc;

use confab_contract::UserId;

use self::fault::Fault;

mod cure;
pub(crate) mod fault;

/// The store could not do its work. It is cheap to clone, so that all callers of one failed batch can be told.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StoreError {
    /// The database is away, overloaded or starting. What was asked for may have happened or not; a retry makes sense.
    #[error("unable to reach the database: {reason}")]
    Unavailable {
        /// What was observed.
        reason: &'static str,
        /// The driver's error, if there was one.
        #[source]
        source: Option<Arc<sqlx::Error>>,
    },
    /// The database acknowledges commits that a crash could lose.
    #[error("the database setting {setting} is {value:?}, which can lose acknowledged messages; {cure}")]
    NotDurable {
        /// Name of the setting.
        setting: &'static str,
        /// What it is.
        value: String,
        /// What to do about it.
        cure: &'static str,
    },
    /// A newer version of the program has changed the schema.
    #[error("the database has schema version {found}, but this program knows only {known}: start a newer version")]
    SchemaTooNew {
        /// In the database.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// The migrations of this version have not run yet.
    #[error("the database has schema version {found}, but this program needs {known}: run the migrations")]
    SchemaTooOld {
        /// In the database.
        found: i64,
        /// What this program needs.
        known: i64,
    },
    /// A value that no version of this program writes.
    #[error("the column {column} holds a value that cannot be read")]
    Corrupt {
        /// Which column.
        column: String,
        /// Why, in the words of the driver.
        #[source]
        source: Arc<sqlx::Error>,
    },
    /// Text that not every engine can hold. The API refuses it earlier; this is the second line.
    #[error("text with a NUL character cannot be stored")]
    Unstorable,
    /// The address of the database, or the path of the file, makes no sense.
    #[error("the database address cannot be used")]
    Address(#[source] Arc<sqlx::Error>),
    /// The database is there and turns us away: a wrong password, a database that does not exist, a missing right.
    #[error("the database refuses the connection")]
    Refused(#[source] Arc<sqlx::Error>),
    /// A statement failed: our mistake.
    #[error("failed to run a statement")]
    Query(#[source] Arc<sqlx::Error>),
}

impl StoreError {
    /// Whether the cause is outside and heals by itself: the API answers 503 with `Retry-After`.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable { .. })
    }

    pub(crate) const fn unavailable(reason: &'static str) -> Self {
        Self::Unavailable { reason, source: None }
    }

    /// The server took a statement and never answered.
    pub(crate) const fn silent() -> Self {
        Self::unavailable("no answer in time")
    }

    /// An error of opening: what is wrong with the address, and who is turned away, are told apart from a server that is
    /// away.
    pub(crate) fn opening(error: sqlx::Error) -> Self {
        match error {
            sqlx::Error::Configuration(_) | sqlx::Error::InvalidArgument(_) => Self::Address(Arc::new(error)),
            error if fault::of(&error) == Fault::Statement => Self::Refused(Arc::new(error)),
            error => error.into(),
        }
    }

    /// Whether the connection broke, which says nothing about the next one.
    pub(crate) fn is_broken_connection(&self) -> bool {
        let Self::Unavailable { source: Some(error), .. } = self else { return false };
        fault::is_broken_connection(error)
    }

    /// Whether two transactions stood in each other's way: nothing was done, and a repetition succeeds.
    pub(crate) fn is_conflict(&self) -> bool {
        let Self::Unavailable { source: Some(error), .. } = self else { return false };
        fault::of(error) == Fault::Conflict
    }

    /// The named constraint that a statement broke.
    pub(crate) fn broken_constraint(&self) -> Option<fault::Constraint> {
        let Self::Query(error) = self else { return None };
        fault::broken_constraint(error)
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let source = Arc::new(error);
        let reason = match (fault::of(&source), &*source) {
            (Fault::Statement, sqlx::Error::ColumnDecode { index, .. }) => {
                return Self::Corrupt { column: index.clone(), source };
            }
            (Fault::Statement, _) => return Self::Query(source),
            (Fault::Away, _) => "the connection was refused, lost or not answered",
            (Fault::ShutOut, _) => "it refuses the sign-in",
            (Fault::Busy, _) => "the database is busy or starting",
            (Fault::Disk, _) => "the disk refuses",
            (Fault::Conflict, _) => "another transaction was in the way",
        };
        Self::Unavailable { reason, source: Some(source) }
    }
}

/// A write was refused, or the store could not do its work.
#[derive(Debug, Clone, thiserror::Error)]
pub enum WriteError {
    /// The request contradicts what is stored.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// The store could not do its work.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl WriteError {
    /// Whether the cause is outside and heals by itself.
    #[must_use]
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(error) if error.is_unavailable())
    }
}

/// What a transaction found against a request. Nothing was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not there, or the reader is not an active member.
    #[error("no such conversation")]
    ConversationNotFound,
    /// Not there, or not visible to the reader.
    #[error("no such message")]
    MessageNotFound,
    /// These people do not exist in the tenant.
    #[error("no such user")]
    UserNotFound(Vec<UserId>),
    /// These people are suspended.
    #[error("user is suspended")]
    UserSuspended(Vec<UserId>),
    /// The person that the request is about is not an active member.
    #[error("not a member")]
    NotAMember(UserId),
    /// The actor may not do this; the text says which right is missing.
    #[error("{0}")]
    NotAllowed(&'static str),
    /// Only groups have this.
    #[error("a direct conversation has no such thing")]
    DirectConversation,
    /// The `temp_id` was used for another body.
    #[error("temp_id was used for another message")]
    TempIdReused,
    /// The message that is answered is not visible in this conversation.
    #[error("the answered message is not in this conversation")]
    ReplyElsewhere,
    /// The message was deleted for everyone.
    #[error("the message was deleted")]
    MessageDeleted,
    /// The group would grow beyond the limit.
    #[error("a group has at most {most} members")]
    TooManyMembers {
        /// The limit.
        most: u32,
    },
    /// The message would get more different emoji than the limit.
    #[error("a message has at most {most} different reactions")]
    TooManyReactions {
        /// The limit.
        most: u32,
    },
    /// The message was edited as often as its history can hold.
    #[error("a message has at most {most} versions")]
    TooManyVersions {
        /// The limit.
        most: u32,
    },
    /// Another account has this e-mail address.
    #[error("the e-mail address is taken")]
    EmailTaken,
    /// Another account has this username.
    #[error("the username is taken")]
    UsernameTaken,
    /// The request names its own author where it must name somebody else.
    #[error("this needs another person than oneself")]
    Yourself,
}
