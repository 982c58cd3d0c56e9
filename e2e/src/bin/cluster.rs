//! `confab-cluster`: a Kubernetes cluster of one node on this machine, for people who develop.
#![expect(clippy::print_stdout, reason = "a command line tool")]

use std::env;
use std::fs;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use anyhow::{Context as _, Result};
use clap::{Args, Parser, Subcommand};
use confab_e2e::node::boot::{boot, import};
use confab_e2e::node::hold::{Lease, hold, holder};
use confab_e2e::node::plan::Plan;
use confab_e2e::node::service::{self, State};
use confab_testbed::kubernetes::{program, programs};

/// A real Kubernetes cluster of one node, from processes of this machine (see `.ci/deps node`).
#[derive(Debug, Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Order,
}

#[derive(Debug, Subcommand)]
enum Order {
    /// Start a cluster and wait until all of it works; a second time says how to reach it.
    Up {
        #[command(flatten)]
        place: Place,
        /// Write the kubeconfig to this file too.
        #[arg(long, value_name = "FILE")]
        kubeconfig: Option<PathBuf>,
    },
    /// Take it down with all that is in it, also after a crash; nothing there is fine.
    Down {
        #[command(flatten)]
        place: Place,
    },
    /// Say whether it runs.
    Status {
        #[command(flatten)]
        place: Place,
    },
    /// Give it the images of archives.
    Load {
        #[command(flatten)]
        place: Place,
        /// What `make images` has written.
        #[arg(required = true, value_name = "ARCHIVE")]
        archives: Vec<PathBuf>,
    },
    /// Hold a node up; `up` and the tests start this.
    #[command(hide = true)]
    Hold {
        #[command(flatten)]
        place: Place,
        /// End with the input.
        #[arg(long)]
        while_input_is_open: bool,
    },
    /// Be a node; `hold` starts this in namespaces of its own.
    #[command(hide = true)]
    Boot {
        #[command(flatten)]
        place: Place,
    },
}

/// Which cluster is meant.
#[derive(Debug, Args)]
struct Place {
    /// Everything that it writes lies here [default: ~/.cache/confab/cluster]
    #[arg(long)]
    folder: Option<PathBuf>,
    /// Tells it from other clusters on this machine: the third number of its addresses.
    #[arg(long, default_value_t = 0)]
    number: u8,
}

impl Place {
    fn folder(&self) -> Result<PathBuf> {
        if let Some(folder) = &self.folder {
            return std::path::absolute(folder).context("no such path");
        }
        let cache = env::var_os("XDG_CACHE_HOME").filter(|folder| !folder.is_empty()).map(PathBuf::from);
        let home = || env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache"));
        Ok(cache.or_else(home).context("neither XDG_CACHE_HOME nor HOME is set")?.join("confab/cluster"))
    }

    fn plan(&self) -> Result<Plan> {
        let folder = self.folder()?;
        // What runs there knows its number better.
        let number = holder(&folder).map_or(self.number, |record| record.number);
        Plan::new(number, &folder)
    }
}

// One thread, since a child that is told to die with its parent dies with the thread that started it.
#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    match obey(Arguments::parse().command).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

async fn obey(order: Order) -> Result<()> {
    match order {
        Order::Up { place, kubeconfig } => up(&place, kubeconfig.as_deref()).await,
        Order::Down { place } => service::down(&place.folder()?).await,
        Order::Status { place } => status(&place.plan()?),
        Order::Load { place, archives } => {
            let plan = place.plan()?;
            archives.iter().try_for_each(|archive| import(&plan, archive))
        }
        Order::Hold { place, while_input_is_open } => {
            let lease = if while_input_is_open { Lease::WhileInputIsOpen } else { Lease::UntilDown };
            hold(&place.plan()?, lease, &env::current_exe()?).await
        }
        Order::Boot { place } => boot(&place.plan()?).await,
    }
}

async fn up(place: &Place, kubeconfig: Option<&Path>) -> Result<()> {
    let plan = Plan::new(place.number, &place.folder()?)?;
    let started = service::up(&env::current_exe()?, &plan).await?;
    let plan = place.plan()?;
    let file = kubeconfig.map_or_else(|| plan.kubeconfig(), Path::to_owned);
    give(&plan.kubeconfig())?;
    if let Some(copy) = kubeconfig {
        fs::copy(plan.kubeconfig(), copy).with_context(|| format!("{} cannot be written", copy.display()))?;
        give(copy)?;
    }
    let node = plan.node_address();
    println!("{}", if started { "The cluster is ready." } else { "The cluster was ready already." });
    println!("  kubeconfig  {}", file.display());
    println!("  API server  {}", plan.api_url());
    println!("  ingress     http://{node} and https://{node} (Ingress and Gateway API, class traefik)");
    println!("  machine     pods reach it at {}", plan.host_address());
    println!("  storage     class local");
    println!("  logs        {}", plan.path("logs").display());
    println!("NetworkPolicy objects are accepted and not enforced.");
    println!("Try:");
    println!("  export KUBECONFIG={}", file.display());
    println!("  export PATH=$PATH:{}", programs()?.display());
    println!("  kubectl get nodes,pods --all-namespaces");
    println!("  kubectl top node");
    println!("Stop with: make cluster-down");
    Ok(())
}

/// To whoever calls us by `sudo`; nobody else can read it.
fn give(file: &Path) -> Result<()> {
    let id = |name: &str| env::var(name).ok().and_then(|id| id.parse().ok());
    let (user, group) = (id("SUDO_UID"), id("SUDO_GID"));
    chown(file, user, group).with_context(|| format!("{} cannot be given away", file.display()))
}

fn status(plan: &Plan) -> Result<()> {
    let state = service::state(plan.folder());
    println!(
        "{}",
        match state {
            State::Ready => "up",
            State::Starting => "being started",
            State::Broken => "broken: its holder is gone; `down` removes what is left",
            State::Down => "down",
        }
    );
    if state == State::Ready {
        let mut kubectl = Command::new(program("kubectl")?);
        kubectl.arg("--kubeconfig").arg(plan.kubeconfig());
        kubectl.args(["get", "nodes,pods", "--all-namespaces"]).status().context("kubectl cannot be started")?;
    }
    Ok(())
}
