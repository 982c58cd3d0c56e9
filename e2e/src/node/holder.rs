//! Starts the process that holds a node, and waits until the node works.

use std::fs::File;
use std::io::Read as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

use super::folder;
use super::hold::Lease;
use super::host::require_root;
use super::plan::Plan;

/// With a busy machine in mind; a quiet one takes ten seconds.
const DEADLINE: Duration = Duration::from_mins(3);
const POLL: Duration = Duration::from_millis(50);

/// The process that holds a node.
#[derive(Debug)]
pub struct Holder {
    child: Child,
    /// What it says. It stays readable after the folder is gone.
    log: File,
}

impl Holder {
    /// Starts one in a session of its own, so that no terminal takes it away.
    pub fn start(program: &Path, plan: &Plan, lease: Lease) -> Result<Self> {
        require_root()?;
        folder::claim(plan.folder())?;
        let path = plan.log("holder");
        let mut appending = File::options();
        appending.create(true).append(true);
        let open = |file: std::io::Result<File>| file.with_context(|| format!("{} cannot be opened", path.display()));
        let (out, err) = (open(appending.open(&path))?, open(appending.open(&path))?);
        let log = open(File::open(&path))?;
        let mut command = Command::new("setsid");
        command.arg(program).arg("hold").args(plan.arguments());
        let input = match lease {
            Lease::UntilDown => Stdio::null(),
            Lease::WhileInputIsOpen => {
                command.arg("--while-input-is-open");
                Stdio::piped()
            }
        };
        let child = command.stdin(input).stdout(out).stderr(err).spawn().context("setsid cannot be started")?;
        Ok(Self { child, log })
    }

    /// Waits until all of the node works. An error says what the holder said.
    pub async fn ready(&mut self, plan: &Plan) -> Result<()> {
        let deadline = Instant::now() + DEADLINE;
        while !plan.ready_mark().exists() {
            if let Some(status) = self.child.try_wait().context("a child can be asked")? {
                bail!("no node: its holder ended with {status}: {}", self.said());
            }
            if Instant::now() > deadline {
                bail!("no node within {DEADLINE:?}: {}", self.said());
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    }

    /// Has it take the node down, and waits for that.
    pub fn end(&mut self) -> Result<()> {
        drop(self.child.stdin.take());
        self.child.wait().context("the holder does not end").map(drop)
    }

    fn said(&mut self) -> String {
        let mut text = String::new();
        let _ = self.log.read_to_string(&mut text);
        text
    }
}
