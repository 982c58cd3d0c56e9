//! The folder of a SQLite database: private, and owned by one process at a time, since SQLite has one writer.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Why the folder cannot be had.
#[derive(Debug, thiserror::Error)]
pub enum DataFolderError {
    /// It, or a file in it, cannot be made.
    #[error("{path} cannot be made")]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process has it.
    #[error("the data folder {path} is in use by another confab; stop it, or name another folder")]
    InUse {
        /// Which.
        path: PathBuf,
    },
    /// The system does not lock it.
    #[error("the data folder {path} cannot be locked")]
    Lock {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// The folder of a SQLite database, which this process owns until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    _lock: File,
}

impl DataFolder {
    /// Takes the folder that the database file is in. Folder and file are made when they are missing, readable by their owner
    /// alone.
    pub fn of(database: &Path) -> Result<Self, DataFolderError> {
        let folder = database.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        make_private(folder)?;
        let path = folder.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&path);
        let lock = lock.map_err(|source| DataFolderError::Make { path, source })?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(DataFolderError::InUse { path: folder.to_owned() }),
            Err(TryLockError::Error(source)) => {
                return Err(DataFolderError::Lock { path: folder.to_owned(), source });
            }
        }
        make_private_file(database)?;
        Ok(Self { _lock: lock })
    }
}

/// Makes a folder, with those above it, for its owner alone, if there is none.
pub fn make_private(folder: &Path) -> Result<(), DataFolderError> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(folder);
    made.map_err(|source| DataFolderError::Make { path: folder.to_owned(), source })
}

/// An empty file for its owner alone, if there is none: SQLite gives its other files the rights of the first.
fn make_private_file(path: &Path) -> Result<(), DataFolderError> {
    let made = OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path);
    made.map(drop).map_err(|source| DataFolderError::Make { path: path.to_owned(), source })
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).expect("it was made").permissions().mode() & 0o777
    }

    #[test]
    fn a_data_folder_has_one_owner_at_a_time() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let database = scratch.path().join("data/confab.db");
        let first = DataFolder::of(&database).expect("nobody has it");
        let refused = DataFolder::of(&database).expect_err("it is taken").to_string();
        assert!(refused.contains("in use"), "{refused}");
        drop(first);
        DataFolder::of(&database).expect("it is free again");
    }

    #[test]
    fn the_folder_is_private_and_the_database_is_also_in_one_that_is_not() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let own = scratch.path().join("own");
        let _own = DataFolder::of(&own.join("confab.db")).expect("nobody has it");
        assert_eq!(mode(&own), 0o700);
        let open = scratch.path().join("open");
        fs::create_dir(&open).expect("writable");
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).expect("ours");
        let _open = DataFolder::of(&open.join("confab.db")).expect("nobody has it");
        assert_eq!(mode(&open.join("confab.db")), 0o600);
    }
}
