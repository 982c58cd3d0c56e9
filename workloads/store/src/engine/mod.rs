//! Two databases behind one face: pools, connections, statements and rows. No statement of the product is in here.
//!
//! An entity's function takes a [`Connection`] from the store (`store.read()` or `store.begin()`), runs [`Query`]s made
//! by the `sql!` macro, and commits. Dropping a transaction rolls it back.

mod connection;
mod pool;
mod postgres;
#[macro_use]
pub(crate) mod query;
pub(crate) mod row;
pub(crate) mod schema;
mod sqlite;

pub(crate) use connection::Connection;
use connection::limited;
pub(crate) use pool::Pools;
pub(crate) use query::{Query, Rows, Sql};
pub(crate) use row::{Millis, Seq, Text};
