//! A guardian ends processes and removes their folder when the process that started them is gone.
//!
//! It is a small shell that holds the reading end of a pipe. Whether the owner drops it, returns, panics or is killed with
//! SIGKILL: the pipe closes, the shell wakes up, kills whoever is named in the folder's `*.pid` files with its children,
//! and removes the folder.

use std::fs;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Context as _, Result};

/// `$0` is the folder. A pid file may be gone or stale; both are fine.
///
/// A process is frozen before its children are read, so that none is added meanwhile. One that nobody has reaped yet (state Z)
/// has ended. A Postgres that was killed leaves a segment of System V shared memory, of which a machine has few; its lock
/// file names it at the end of line 7.
const SCRIPT: &str = r#"
trap "" INT TERM HUP
read -r _
family=""
for file in "$0"/*.pid; do
  [ -f "$file" ] || continue
  pid=$(cat "$file")
  kill -s STOP "$pid" && family="$family $pid $(cat /proc/"$pid"/task/*/children)"
done
[ -z "$family" ] || kill -s KILL $family
for pid in $family; do
  for attempt in $(seq 500); do
    case $(cat "/proc/$pid/stat") in "" | *") Z "*) break ;; esac
    sleep 0.01
  done
done
segment=$(sed -n '7s/.* //p' "$0"/*/postmaster.pid) && [ -n "$segment" ] && ipcrm -m "$segment"
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
        let folder = folder.context("no scratch folder can be made")?;
        let shell = Command::new("sh")
            .args(["-c", SCRIPT])
            .arg(folder.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // Ctrl-C at the terminal must not end the guardian before its work.
            .process_group(0)
            .spawn()
            .context("sh cannot be started")?;
        Ok(Self { folder: folder.keep(), shell })
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
        // The shell ends by itself now. After the wait the server is dead and the folder gone.
        let _ = self.shell.wait();
    }
}
