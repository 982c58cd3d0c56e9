//! The data folder: the master key, and where the store is SQLite, its file and a lock that keeps a second process out.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use confab_chassis::seal::MasterKey;

/// The data folder of a SQLite store, which this process owns until it is dropped: SQLite has one writer.
#[derive(Debug)]
pub struct DataFolder {
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
            Ok(()) => Ok(Self { _lock: lock }),
            Err(TryLockError::WouldBlock) => bail!(
                "the data folder {} is in use by another confab; stop it, or choose another with --data",
                path.display()
            ),
            Err(TryLockError::Error(error)) => Err(error).context("the data folder cannot be locked"),
        }
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

/// Reads the master key, and makes it before, with the folder that it is in by default, if it is not there. A key that is
/// there is only read: it may lie on a volume that takes no writes.
pub fn master_key(file: &Path, folder: &Path) -> Result<MasterKey> {
    if file.exists() {
        return Ok(MasterKey::from_file(file)?);
    }
    if file.starts_with(folder) {
        make_private(folder).with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
    }
    Ok(MasterKey::load_or_generate(file)?)
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
    fn a_master_key_elsewhere_needs_no_data_folder() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let (key, folder) = (scratch.path().join("shared.key"), scratch.path().join("data"));
        let made = master_key(&key, &folder).expect("it can be made");
        let read = master_key(&key, &folder).expect("it is there");
        assert_eq!(made.mac("a", b"b"), read.mac("a", b"b"));
        assert!(!folder.exists());
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
