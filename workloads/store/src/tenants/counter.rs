//! The one row by which changes of tenants are put into an order.

use crate::StoreError;
use crate::engine::{Connection, Seq};

/// The counter, as its holder finds and leaves it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counter {
    /// Of the last change.
    pub(super) revision: u64,
    /// Whoever has not read up to here reads everything again.
    pub(super) forgotten: u64,
    /// Tenants that are admitted, the host apart.
    pub(super) guests: u64,
}

impl Counter {
    /// Takes the counter until the transaction ends. Whoever else wants to change tenants waits.
    pub(super) async fn take(transaction: &mut Connection) -> Result<Self, StoreError> {
        let query =
            sql!("UPDATE tenant_revision SET revision = revision WHERE one = 1 RETURNING revision, forgotten, guests");
        Ok(Self::of(transaction.one(query).await?))
    }

    /// Looks at it.
    pub(super) async fn read(connection: &mut Connection) -> Result<Self, StoreError> {
        let query = sql!("SELECT revision, forgotten, guests FROM tenant_revision WHERE one = 1");
        Ok(Self::of(connection.one(query).await?))
    }

    /// Leaves it as it is now.
    pub(super) async fn put(self, transaction: &mut Connection) -> Result<(), StoreError> {
        let query = sql!("UPDATE tenant_revision SET revision = $1, forgotten = $2, guests = $3 WHERE one = 1");
        transaction.run(query.bind(self.revision).bind(self.forgotten).bind(self.guests)).await?;
        Ok(())
    }

    /// The revision of one more change.
    pub(super) fn next(&mut self) -> u64 {
        self.revision += 1;
        self.revision
    }

    /// A tenant that is not the host was admitted before, or not, and is now, or not.
    pub(super) fn count_guest(&mut self, before: bool, now: bool) {
        match (before, now) {
            (false, true) => self.guests += 1,
            (true, false) => self.guests = self.guests.saturating_sub(1),
            _ => {}
        }
    }

    fn of((revision, forgotten, guests): (Seq, Seq, Seq)) -> Self {
        Self { revision: revision.0, forgotten: forgotten.0, guests: guests.0 }
    }
}
