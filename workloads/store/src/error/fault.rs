//! What a driver's error means. The one place that knows codes and names of the engines.

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// No connection, or it broke.
    Away,
    /// The database answers, and lets us not in: it may have been set up in another order than we were started.
    ShutOut,
    /// The database answers, but cannot serve now.
    Busy,
    /// The disk is full or broken.
    Disk,
    /// Two transactions stood in each other's way, and this one was undone.
    Conflict,
    /// The statement itself is at fault.
    Statement,
}

/// A constraint that a request can break.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Constraint {
    Email,
    Username,
}

pub(crate) fn of(error: &sqlx::Error) -> Fault {
    use sqlx::Error as E;
    match error {
        // `Protocol` is what a connection says that breaks in the middle of a message.
        E::Io(_) | E::Tls(_) | E::Protocol(_) | E::PoolTimedOut | E::PoolClosed | E::WorkerCrashed | E::BeginFailed => {
            Fault::Away
        }
        E::Database(error) => error.code().map_or(Fault::Statement, |code| {
            if error.try_downcast_ref::<sqlx::sqlite::SqliteError>().is_some() {
                of_sqlite(&code)
            } else {
                of_postgres(&code)
            }
        }),
        _ => Fault::Statement,
    }
}

/// Whether a connection that stood ended under this statement.
pub(crate) fn is_broken_connection(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        // 57P01: ended by an administrator, 57P02: by a crash; 08: connection exception
        sqlx::Error::Database(error) => {
            error.code().is_some_and(|code| matches!(&*code, "57P01" | "57P02") || code.starts_with("08"))
        }
        _ => false,
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>
fn of_postgres(code: &str) -> Fault {
    match code {
        // deadlock, serialization failure
        "40P01" | "40001" => Fault::Conflict,
        // lock not available, statement cancelled by its time-out, object in use, read-only after a failover
        "55P03" | "57014" | "55006" | "25006" => Fault::Busy,
        // disk full
        "53100" => Fault::Disk,
        // no such database, no such role or a wrong password
        "3D000" | "28000" | "28P01" => Fault::ShutOut,
        // idle in transaction for too long: the connection is gone
        "25P03" => Fault::Away,
        // 53: too many connections, out of memory; 57P: shutting down, starting; 58: I/O error
        code if code.starts_with("53") || code.starts_with("57P") || code.starts_with("58") => Fault::Busy,
        // 08: connection exception
        code if code.starts_with("08") => Fault::Away,
        _ => Fault::Statement,
    }
}

/// <https://www.sqlite.org/rescode.html>; the low byte is the primary code.
fn of_sqlite(code: &str) -> Fault {
    match code.parse::<u32>().map(|code| code & 0xff) {
        // BUSY, LOCKED
        Ok(5 | 6) => Fault::Busy,
        // READONLY, IOERR, FULL, CANTOPEN
        Ok(8 | 10 | 13 | 14) => Fault::Disk,
        _ => Fault::Statement,
    }
}

/// Postgres names the broken constraint; SQLite names its columns in the text.
pub(crate) fn broken_constraint(error: &sqlx::Error) -> Option<Constraint> {
    let error = error.as_database_error()?;
    let names = [
        ("users_email_key", "users.email_key", Constraint::Email),
        ("users_username_key", "users.username_key", Constraint::Username),
    ];
    let broken = |name: &str, column: &str| match error.constraint() {
        Some(constraint) => constraint == name,
        None => error.is_unique_violation() && error.message().ends_with(column),
    };
    names.into_iter().find(|(name, column, _)| broken(name, column)).map(|(_, _, constraint)| constraint)
}
