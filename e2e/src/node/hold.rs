//! Outside the namespaces: one process that holds a node up, and takes all of it away at the end, however that comes.

use std::fs;
use std::io::Read as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use tokio::signal::unix::{SignalKind, signal};

use super::host::require_root;
use super::plan::Plan;
use super::record::Record;
use super::{control_group, folder, isolation};

const POLL: Duration = Duration::from_millis(50);
/// In the node's folder: who holds it.
const RECORD: &str = "holder.json";

/// How long a node is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// Until it is taken down.
    UntilDown,
    /// Until our input ends, which it does with the process that started us.
    WhileInputIsOpen,
}

/// Who holds the node in this folder, or held it last.
pub fn holder(folder: &Path) -> Option<Record> {
    Record::read(&folder.join(RECORD))
}

/// Holds a node up. The program is started again inside the namespaces, to boot.
pub async fn hold(plan: &Plan, lease: Lease, program: &Path) -> Result<()> {
    require_root()?;
    folder::claim(plan.folder())?;
    if let Err(error) = isolation::claim(plan) {
        folder::remove(plan.folder())?;
        return Err(error);
    }
    Record::own(plan.number())?.write(&plan.path(RECORD))?;
    let held = run(plan, lease, program).await;
    let removed = remove(plan).await;
    held.and(removed)
}

/// Removes what a node leaves on the machine once its processes are gone: after a crash of whoever held it, too.
pub async fn remove(plan: &Plan) -> Result<()> {
    control_group::remove(&plan.control_group()).await?;
    isolation::disconnect(plan)?;
    folder::remove(plan.folder())
}

async fn run(plan: &Plan, lease: Lease, program: &Path) -> Result<()> {
    let mut terminate = signal(SignalKind::terminate()).context("no signals")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("no signals")?;
    let over = Arc::new(AtomicBool::new(false));
    if lease == Lease::WhileInputIsOpen {
        watch_input(over.clone());
    }
    control_group::create(&plan.control_group())?;
    let mut node = isolation::command(program);
    node.arg("boot").args(plan.arguments());
    let mut node = node.stdin(Stdio::null()).process_group(0).spawn().context("no namespaces (setpriv, unshare)")?;
    let watched = async {
        isolation::connect(plan, node.id()).await?;
        while !over.load(Ordering::Relaxed) {
            if let Some(status) = node.try_wait().context("a child can be asked")? {
                bail!("the node ended with {status}");
            }
            tokio::time::sleep(POLL).await;
        }
        Ok(())
    };
    let outcome = tokio::select! {
        outcome = watched => outcome,
        _ = terminate.recv() => Ok(()),
        _ = interrupt.recv() => Ok(()),
    };
    end(&mut node)?;
    outcome
}

/// Says when our input is over. The thread ends with the process at the latest.
fn watch_input(over: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let mut rest = Vec::new();
        let _ = std::io::stdin().read_to_end(&mut rest);
        over.store(true, Ordering::Relaxed);
    });
}

/// Kills the first process of the namespaces; the kernel kills the others, and our child ends after the last of them.
fn end(node: &mut Child) -> Result<()> {
    let pid = node.id();
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    let first = children.split_whitespace().next().map_or_else(|| pid.to_string(), str::to_owned);
    let mut kill = std::process::Command::new("sh");
    kill.args(["-c", r#"kill -s KILL "$0""#, &first]).stderr(Stdio::null()).status().context("sh cannot be started")?;
    node.wait().context("the node does not end")?;
    Ok(())
}
