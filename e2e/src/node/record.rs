//! Remembers a process in a file, so that a later command finds that very process and never another one of the same number.

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};

/// A process that once ran, and its node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Number of the node.
    pub number: u8,
    pid: u32,
    /// In ticks since the machine's start. Together with the process id it is unique.
    started: u64,
}

impl Record {
    /// Of this process.
    pub fn own(number: u8) -> Result<Self> {
        let pid = std::process::id();
        Ok(Self { number, pid, started: started(pid).context("this process has no start")? })
    }

    /// Reads what was written; `None` when there is nothing to read.
    pub fn read(file: &Path) -> Option<Self> {
        serde_json::from_str(&fs::read_to_string(file).ok()?).ok()
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, file: &Path) -> Result<()> {
        let draft = file.with_extension("draft");
        fs::write(&draft, serde_json::to_string(self)?)
            .and_then(|()| fs::rename(&draft, file))
            .with_context(|| format!("{} cannot be written", file.display()))
    }

    /// Whether the process still runs.
    pub fn is_alive(&self) -> bool {
        started(self.pid) == Some(self.started)
    }

    /// Asks the process to end, if it still runs.
    pub fn terminate(&self) -> Result<()> {
        if self.is_alive() {
            let mut command = Command::new("sh");
            command.args(["-c", r#"kill -s TERM "$0""#, &self.pid.to_string()]);
            command.status().context("sh cannot be started")?;
        }
        Ok(())
    }
}

/// Field 22 of proc_pid_stat(5); `None` when there is no such process, or only what is left of it.
fn started(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold spaces and parentheses; what follows it does not.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    if fields.first() == Some(&"Z") {
        return None;
    }
    fields.get(19)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_known_by_its_start_too() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("record.json");
        assert_eq!(Record::read(&file), None);
        let own = Record::own(3).unwrap();
        own.write(&file).unwrap();
        assert_eq!(Record::read(&file), Some(own));
        assert!(own.is_alive());
        let earlier = Record { started: own.started - 1, ..own };
        assert!(!earlier.is_alive());
        earlier.terminate().unwrap();
    }

    #[test]
    fn a_process_that_has_ended_and_was_not_reaped_is_gone() {
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        let record = Record { number: 0, pid: child.id(), started: started(child.id()).unwrap() };
        assert!(record.is_alive());
        record.terminate().unwrap();
        while record.is_alive() {
            std::thread::yield_now();
        }
        child.wait().unwrap();
    }
}
