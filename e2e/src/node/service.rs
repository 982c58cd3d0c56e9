//! A node that outlives the command that started it.

use std::path::Path;
use std::time::Duration;

use anyhow::{Result, bail};
use confab_testbed::process::eventually;

use super::folder;
use super::hold::{self, Lease, holder};
use super::holder::Holder;
use super::host::require_root;
use super::plan::Plan;

/// Pods are killed, not asked; this is for a busy machine.
const DOWN: Duration = Duration::from_mins(1);

/// Whether there is a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// All of it works.
    Ready,
    /// Its holder runs.
    Starting,
    /// Its holder is gone and left something.
    Broken,
    /// There is nothing.
    Down,
}

/// What there is in a folder.
pub fn state(folder: &Path) -> State {
    match holder(folder) {
        Some(record) if record.is_alive() => {
            if folder.join("ready").exists() {
                State::Ready
            } else {
                State::Starting
            }
        }
        Some(_) => State::Broken,
        None if folder.exists() => State::Broken,
        None => State::Down,
    }
}

/// Starts a node, unless there is one. Says whether it did.
pub async fn up(program: &Path, plan: &Plan) -> Result<bool> {
    require_root()?;
    match state(plan.folder()) {
        State::Ready => return Ok(false),
        State::Starting => bail!("{} is being started by another command", plan.folder().display()),
        State::Broken => down(plan.folder()).await?,
        State::Down => {}
    }
    let mut holder = Holder::start(program, plan, Lease::UntilDown)?;
    let ready = holder.ready(plan).await;
    if ready.is_err() {
        down(plan.folder()).await?;
    }
    ready.map(|()| true)
}

/// Takes a node down and removes all that it left. Nothing there is fine.
pub async fn down(folder: &Path) -> Result<()> {
    require_root()?;
    // Nothing but the folder comes before the record.
    let Some(record) = holder(folder) else { return folder::remove(folder) };
    record.terminate()?;
    eventually("the node's holder ends", DOWN, || !record.is_alive()).await?;
    // One that ended in order has left nothing.
    hold::remove(&Plan::new(record.number, folder)?).await
}
