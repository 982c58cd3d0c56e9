//! A statement in both dialects, with its values.

use confab_contract::{ConversationId, MessageId, SessionId, TenantId, Timestamp, UserId};
use serde::Serialize;

/// A statement that both engines understand, or one text for each of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Sql {
    pub(crate) sqlite: &'static str,
    pub(crate) postgres: &'static str,
}

/// Makes a [`Query`] from string literals and the few words that the engines spell differently:
/// - `rows`: the JSON array in `$1` as a table `j` with a column `value`;
/// - `lanes`: the JSON array in `$2`, to be indexed with `->>`;
/// - `locking "c"`: locks the rows of `c` on Postgres, in the order of ORDER BY; SQLite has one writer anyway;
/// - `greatest`: the largest of several values.
macro_rules! sql {
    (@ [$($lite:expr,)*] [$($pg:expr,)*]) => {
        $crate::engine::Query::new($crate::engine::query::Sql {
            sqlite: concat!($($lite),*),
            postgres: concat!($($pg),*),
        })
    };
    (@ [$($lite:expr,)*] [$($pg:expr,)*] rows $($rest:tt)*) => {
        sql!(@ [$($lite,)* " json_each($1) AS j ",] [$($pg,)* " jsonb_array_elements($1::jsonb) AS j ",] $($rest)*)
    };
    (@ [$($lite:expr,)*] [$($pg:expr,)*] lanes $($rest:tt)*) => {
        sql!(@ [$($lite,)* " $2 ",] [$($pg,)* " $2::jsonb ",] $($rest)*)
    };
    (@ [$($lite:expr,)*] [$($pg:expr,)*] greatest $($rest:tt)*) => {
        sql!(@ [$($lite,)* " MAX ",] [$($pg,)* " GREATEST ",] $($rest)*)
    };
    (@ [$($lite:expr,)*] [$($pg:expr,)*] locking $table:literal $($rest:tt)*) => {
        sql!(@ [$($lite,)*] [$($pg,)* " FOR UPDATE OF ", $table, " ",] $($rest)*)
    };
    (@ [$($lite:expr,)*] [$($pg:expr,)*] $text:literal $($rest:tt)*) => {
        sql!(@ [$($lite,)* $text,] [$($pg,)* $text,] $($rest)*)
    };
    ($first:literal $($rest:tt)*) => {
        sql!(@ [$first,] [$first,] $($rest)*)
    };
}

/// A statement and its values, in the order of `$1`, `$2`, …
#[derive(Debug)]
pub(crate) struct Query {
    pub(crate) sql: Sql,
    pub(crate) values: Vec<Value>,
}

impl Query {
    pub(crate) fn new(sql: Sql) -> Self {
        Self { sql, values: Vec::new() }
    }

    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    /// Text with NUL: SQLite would store it and cut it in some functions, Postgres refuses it.
    pub(crate) fn has_nul(&self) -> bool {
        self.values.iter().any(|value| matches!(value, Value::Text(Some(text)) if text.contains('\0')))
    }
}

/// What can be bound. A NULL has a type too, since Postgres wants to know it.
#[derive(Debug, Clone)]
pub(crate) enum Value {
    Integer(Option<i64>),
    Text(Option<String>),
    Boolean(bool),
    Bytes(Vec<u8>),
}

/// Many rows as one value: a JSON array of arrays. Whoever puts text of a user in here looks for NUL beforehand.
#[derive(Debug)]
pub(crate) struct Rows(String);

impl Rows {
    /// Each item becomes one row: a tuple gives its columns.
    pub(crate) fn of<T: Serialize>(rows: &[T]) -> Self {
        Self(serde_json::to_string(rows).expect("tuples of numbers and text are JSON"))
    }

    /// Rows of one column.
    pub(crate) fn single<T: Serialize>(items: impl IntoIterator<Item = T>) -> Self {
        let rows: Vec<(T,)> = items.into_iter().map(|item| (item,)).collect();
        Self::of(&rows)
    }
}

impl From<Rows> for Value {
    fn from(rows: Rows) -> Self {
        Self::Text(Some(rows.0))
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Integer(Some(number))
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Integer(Some(number.into()))
    }
}

impl From<u64> for Value {
    fn from(number: u64) -> Self {
        // Larger numbers come only from outside, as a limit or a position; they mean "as far as there is".
        Self::Integer(Some(i64::try_from(number).unwrap_or(i64::MAX)))
    }
}

impl From<bool> for Value {
    fn from(value: bool) -> Self {
        Self::Boolean(value)
    }
}

impl From<Timestamp> for Value {
    fn from(moment: Timestamp) -> Self {
        Self::Integer(Some(moment.as_millis()))
    }
}

impl From<Option<Timestamp>> for Value {
    fn from(moment: Option<Timestamp>) -> Self {
        Self::Integer(moment.map(Timestamp::as_millis))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<Option<&str>> for Value {
    fn from(text: Option<&str>) -> Self {
        Self::Text(text.map(str::to_owned))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

impl From<Vec<u8>> for Value {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Bytes(bytes)
    }
}

macro_rules! text_value {
    ($($id:ty),*) => {$(
        impl From<$id> for Value {
            fn from(id: $id) -> Self {
                Self::Text(Some(id.to_string()))
            }
        }
    )*};
}

text_value!(ConversationId, MessageId, SessionId, UserId, &TenantId);
