//! The folder of a node. It is removed with the node, so it must be known to be one.

use std::fs;
use std::io::ErrorKind;
use std::path::Path;

use anyhow::{Context as _, Result, bail};

/// In every folder of a node, from its first moment.
const MARK: &str = "this-folder-goes-with-its-node";

/// Makes the folder, or takes an empty one or one of an earlier node.
pub fn claim(folder: &Path) -> Result<()> {
    let shown = folder.display();
    let mut content = fs::read_dir(folder).into_iter().flatten();
    if content.next().is_some() && !is_claimed(folder) {
        bail!("{shown} holds something and is no node's folder");
    }
    fs::create_dir_all(folder.join("logs")).with_context(|| format!("{shown} cannot be made"))?;
    fs::write(folder.join(MARK), "").with_context(|| format!("{shown} cannot be written to"))
}

/// Removes the folder with all in it. No folder is fine; one that is no node's is an error.
pub fn remove(folder: &Path) -> Result<()> {
    if folder.exists() && !is_claimed(folder) {
        bail!("{} is no node's folder", folder.display());
    }
    // The mark goes last, so that a removal that breaks off can be taken up again.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let removed = if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            fs::remove_dir_all(entry.path())
        } else if entry.file_name() == MARK {
            Ok(())
        } else {
            fs::remove_file(entry.path())
        };
        removed.with_context(|| format!("{} cannot be removed", entry.path().display()))?;
    }
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("{} cannot be removed", folder.display()))
        }
        _ => Ok(()),
    }
}

fn is_claimed(folder: &Path) -> bool {
    folder.join(MARK).is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_folder_of_a_node_is_removed() {
        let scratch = tempfile::tempdir().unwrap();
        let folder = scratch.path().join("node");
        remove(&folder).unwrap();
        claim(&folder).unwrap();
        claim(&folder).unwrap();
        fs::write(folder.join("file"), "").unwrap();
        remove(&folder).unwrap();
        assert!(!folder.exists());

        fs::write(scratch.path().join("precious"), "").unwrap();
        assert!(claim(scratch.path()).is_err());
        assert!(remove(scratch.path()).is_err());
        assert!(scratch.path().join("precious").exists());
    }
}
