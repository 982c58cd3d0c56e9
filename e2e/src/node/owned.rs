//! A node of a test.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{Context as _, Result, bail};
use confab_testbed::kubernetes::program;

use super::boot::import;
use super::hold::Lease;
use super::holder::Holder;
use super::host::{has_interface, require_root};
use super::plan::Plan;
use crate::harness::find_program;

/// Numbers of the nodes of tests; lower ones are for people.
const NUMBERS: std::ops::RangeInclusive<u8> = 10..=249;
/// Another test may take the same number at the same moment.
const ATTEMPTS: usize = 3;

/// A cluster of one node. It ends with this value, or with the process, and leaves nothing behind.
#[derive(Debug)]
pub struct Node {
    plan: Plan,
    holder: Holder,
    kubectl: PathBuf,
    helm: PathBuf,
}

impl Node {
    /// Starts one; everything works when it returns.
    pub async fn start() -> Result<Self> {
        let mut outcome = Self::attempt().await;
        for _ in 1..ATTEMPTS {
            if outcome.is_ok() {
                break;
            }
            outcome = Self::attempt().await;
        }
        outcome
    }

    async fn attempt() -> Result<Self> {
        require_root()?;
        let cluster = find_program("confab-cluster", "cargo build -p confab-e2e --bins")?;
        let (kubectl, helm, number) = (program("kubectl")?, program("helm")?, free_number()?);
        let folder = tempfile::Builder::new().prefix("confab-node-").tempdir();
        // The holder removes it.
        let plan = Plan::new(number, &folder.context("no scratch folder can be made")?.keep())?;
        let holder = Holder::start(&cluster, &plan, Lease::WhileInputIsOpen)?;
        let mut node = Self { plan, holder, kubectl, helm };
        node.holder.ready(&node.plan).await?;
        Ok(node)
    }

    /// `kubectl` as the user who may do everything.
    pub fn kubectl(&self) -> Command {
        self.command(&self.kubectl)
    }

    /// `helm` as the user who may do everything.
    pub fn helm(&self) -> Command {
        self.command(&self.helm)
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        command.env("KUBECONFIG", self.plan.kubeconfig()).env("KUBECACHEDIR", self.plan.path("kubectl-cache"));
        command.stdin(Stdio::null());
        command
    }

    /// Addresses, names and paths.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The kubeconfig of the user who may do everything.
    pub fn kubeconfig_file(&self) -> PathBuf {
        self.plan.kubeconfig()
    }

    /// Gives it the images of an archive (OCI, or what `docker save` writes).
    pub fn import(&self, archive: &Path) -> Result<()> {
        import(&self.plan, archive)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // Whatever is left by then, its holder has said.
        let _ = self.holder.end();
    }
}

/// One that no node has, and that no other test of this process was given.
fn free_number() -> Result<u8> {
    static GIVEN: AtomicUsize = AtomicUsize::new(0);
    for _ in NUMBERS {
        // Processes that run side by side begin at different places.
        let next = std::process::id() as usize + GIVEN.fetch_add(1, Ordering::Relaxed);
        let number = NUMBERS.cycle().nth(next % NUMBERS.len());
        if let Some(number) = number.filter(|number| !has_interface(&format!("confab{number}"))) {
            return Ok(number);
        }
    }
    bail!("there are too many nodes on this machine")
}
