//! What a person can do about an error, where the driver's code tells.

use super::StoreError;

impl StoreError {
    /// What a person can do about it, where that is known and the error itself does not say it.
    #[must_use]
    pub fn cure(&self) -> Option<&'static str> {
        match self {
            Self::Refused(error) | Self::Query(error) => of_code(error.as_database_error()?.code()?.as_ref()),
            Self::Unavailable { source: Some(error), .. } => match error.as_database_error() {
                Some(error) => of_code(error.code()?.as_ref()),
                None => Some("check host and port in the database address, and that the server runs"),
            },
            Self::Address(_) => Some("write it as postgres://user:password@host:port/database"),
            _ => None,
        }
    }
}

/// <https://www.postgresql.org/docs/current/errcodes-appendix.html>, <https://www.sqlite.org/rescode.html> (one or two digits).
fn of_code(code: &str) -> Option<&'static str> {
    Some(match code {
        "26" => "the file is no SQLite database; name another folder, or move the file away",
        "11" => "the file is damaged; restore it from a backup",
        "28P01" => "check the user and the password in the database address",
        "28000" => "check the user in the database address, and on the server whom pg_hba.conf lets in",
        "3D000" => "make the database (createdb), or check its name at the end of the database address",
        "42501" => "let the user make tables: as owner of the database, or by GRANT CREATE ON SCHEMA public",
        "53300" => "raise max_connections on the server, or end programs that hold connections",
        _ => return None,
    })
}
