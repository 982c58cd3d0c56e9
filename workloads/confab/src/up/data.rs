//! What lies where in a data folder, and its master key.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use confab_chassis::seal::MasterKey;
use confab_groundwork::make_private;

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
        make_private(folder)?;
    }
    Ok(MasterKey::load_or_generate(file)?)
}

#[cfg(test)]
mod tests {
    use super::*;

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
}
