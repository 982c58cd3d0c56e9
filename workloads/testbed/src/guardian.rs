//! A guardian ends processes and removes their folder when the process that started them is gone.
//!
//! It is a small shell that holds the reading end of a pipe. Whether the owner drops it, returns, panics or is killed with
//! SIGKILL: the pipe closes, the shell wakes up, kills whoever is named in the folder's `*.pid` files, and removes
//! the folder.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// `$0` is the folder. A pid file may be gone or stale; both are fine.
const SCRIPT: &str = r#"
trap "" INT TERM HUP
read -r _
for file in "$0"/*.pid; do
  [ -f "$file" ] && kill -9 "$(cat "$file")" 2>/dev/null
done
rm -rf "$0"
"#;

/// Owns a folder and the processes named in it.
#[derive(Debug)]
pub struct Guardian {
    folder: PathBuf,
    shell: Child,
}

impl Guardian {
    /// Makes a scratch folder and a shell that watches over it.
    pub fn new(label: &str) -> Result<Self> {
        let folder = tempfile::Builder::new().prefix(&format!("confab-{label}-")).tempdir();
        let folder = folder.context("no scratch folder can be made")?.keep();
        let shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .arg(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .context("sh cannot be started")?;
        Ok(Self { folder, shell })
    }

    /// The folder that goes away with the guardian.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Has this process ended when the guardian's owner is gone. A later process of the same name replaces it.
    pub fn watch(&self, name: &str, pid: u32) -> Result<()> {
        let file = self.folder.join(format!("{name}.pid"));
        fs::write(&file, pid.to_string()).with_context(|| format!("{} cannot be written", file.display()))
    }

    /// No longer ends the process of this name.
    pub fn forget(&self, name: &str) {
        // A missing file is what we want.
        let _ = fs::remove_file(self.folder.join(format!("{name}.pid")));
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        drop(self.shell.stdin.take());
        // The shell ends by itself now; waiting keeps it from lingering as a zombie.
        let _ = self.shell.wait();
    }
}
