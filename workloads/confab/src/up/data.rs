//! The data folder: SQLite file, master key, and a lock that keeps a second process out.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// A data folder that this process owns until it is dropped.
#[derive(Debug)]
pub struct DataFolder {
    path: PathBuf,
    _lock: File,
}

impl DataFolder {
    /// Makes the folder when it is missing, readable by its owner alone, and locks it.
    pub fn open(path: &Path) -> Result<Self> {
        make_private(path).with_context(|| format!("the data folder {} cannot be made", path.display()))?;
        let lock_path = path.join("lock");
        let lock = OpenOptions::new().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.with_context(|| format!("{} cannot be opened", lock_path.display()))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!(
                "the data folder {} is in use by another confab; stop it, or choose another with --data",
                path.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).context("the data folder cannot be locked"),
        }
    }

    /// The SQLite database.
    pub fn database(&self) -> PathBuf {
        database_in(&self.path)
    }

    /// The key that seals the tenants' secrets.
    pub fn master_key(&self) -> PathBuf {
        master_key_in(&self.path)
    }
}

/// Where the SQLite database of a data folder is.
pub fn database_in(folder: &Path) -> PathBuf {
    folder.join("confab.db")
}

/// Where the master key of a data folder is.
pub fn master_key_in(folder: &Path) -> PathBuf {
    folder.join("master.key")
}

fn make_private(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt as _;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_data_folder_has_one_owner_at_a_time() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let path = scratch.path().join("data");
        let first = DataFolder::open(&path).expect("nobody has it");
        let refused = DataFolder::open(&path).expect_err("it is taken").to_string();
        assert!(refused.contains("in use"), "{refused}");
        drop(first);
        DataFolder::open(&path).expect("it is free again");
    }

    #[test]
    fn a_data_folder_is_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let path = scratch.path().join("data");
        let _folder = DataFolder::open(&path).expect("nobody has it");
        assert_eq!(fs::metadata(&path).expect("made").permissions().mode() & 0o777, 0o700);
    }
}
