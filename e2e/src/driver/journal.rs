//! The operation log while it is written.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use confab_contract::UserId;

use crate::client::failure::Failure;
use crate::record::{Action, Operation, Outcome, Reply};

/// Collects operations from all tasks.
#[derive(Debug)]
pub struct Journal {
    start: Instant,
    next: AtomicU64,
    operations: Mutex<Vec<Operation>>,
}

/// An operation that has begun.
#[derive(Debug, Clone, Copy)]
pub struct Begun {
    number: u64,
    actor: UserId,
    replica: usize,
    began: u64,
}

impl Default for Journal {
    fn default() -> Self {
        Self { start: Instant::now(), next: AtomicU64::new(0), operations: Mutex::new(Vec::new()) }
    }
}

impl Journal {
    /// Microseconds since the beginning of the run.
    pub fn now(&self) -> u64 {
        u64::try_from(self.start.elapsed().as_micros()).unwrap_or(u64::MAX)
    }

    /// An operation begins.
    pub fn begin(&self, actor: UserId, replica: usize) -> Begun {
        Begun { number: self.next.fetch_add(1, Ordering::Relaxed), actor, replica, began: self.now() }
    }

    /// It has ended.
    pub fn end(&self, begun: Begun, action: Action, outcome: Outcome) {
        let Begun { number, actor, replica, began } = begun;
        let operation = Operation { number, actor, replica, began, ended: self.now(), action, outcome };
        self.operations.lock().unwrap_or_else(PoisonError::into_inner).push(operation);
    }

    /// All operations so far, in the order of beginning.
    pub fn operations(&self) -> Vec<Operation> {
        let mut operations = self.operations.lock().unwrap_or_else(PoisonError::into_inner).clone();
        operations.sort_unstable_by_key(|operation| operation.number);
        operations
    }
}

/// What a result means for the log.
pub fn outcome(result: &Result<Reply, Failure>) -> Outcome {
    match result {
        Ok(reply) => Outcome::Ok { reply: reply.clone() },
        Err(Failure::Refused { status, why }) => Outcome::Refused { status: *status, why: why.clone() },
        Err(Failure::NotSent(_)) => Outcome::NotSent,
        Err(Failure::Unknown(why)) => Outcome::Unknown { why: why.clone() },
    }
}
