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
            Ok(()) => {
                let database = database_in(path);
                make_private_file(&database).with_context(|| format!("{} cannot be made", database.display()))?;
                Ok(Self { _lock: lock })
            }
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
    // Another key opens nothing of it, and would look like the right one in the next backup.
    let database = database_in(folder);
    if file.starts_with(folder) && fs::metadata(&database).is_ok_and(|database| database.len() > 0) {
        bail!(
            "{} is there, but the master key {} is not; restore it from the backup of the folder",
            database.display(),
            file.display()
        );
    }
    if file.starts_with(folder) {
        make_private(folder).with_context(|| format!("the data folder {} cannot be made", folder.display()))?;
    }
    Ok(MasterKey::load_or_generate(file)?)
}

/// An empty file for its owner alone, if there is none: SQLite gives its other files the rights of the first.
fn make_private_file(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::OpenOptionsExt as _;
    OpenOptions::new().create(true).truncate(false).write(true).mode(0o600).open(path).map(drop)
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
    fn no_other_key_is_made_for_a_database_whose_key_is_gone() {
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let key = master_key_in(scratch.path());
        fs::write(database_in(scratch.path()), "SQLite format 3").expect("writable");
        let refused = master_key(&key, scratch.path()).expect_err("the key is gone").to_string();
        assert!(refused.contains("restore"), "{refused}");
        assert!(!key.exists());
    }

    #[test]
    fn the_database_is_private_also_in_a_folder_that_is_not() {
        use std::os::unix::fs::PermissionsExt as _;
        let scratch = tempfile::tempdir().expect("a scratch folder");
        let path = scratch.path().join("open");
        fs::create_dir(&path).expect("writable");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).expect("ours");
        let _folder = DataFolder::open(&path).expect("nobody has it");
        assert_eq!(fs::metadata(database_in(&path)).expect("made").permissions().mode() & 0o777, 0o600);
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
