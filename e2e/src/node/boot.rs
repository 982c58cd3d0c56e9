//! Inside the namespaces: starts everything in order, says when it is ready, and keeps it running.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use confab_testbed::kubernetes::program;
use tokio::net::TcpStream;

use super::api::Api;
use super::component::Supervisor;
use super::credentials::Credentials;
use super::host::{find, run};
use super::plan::Plan;
use super::{add_ons, control_plane, isolation, template, volumes, worker};

/// A machine may be slow, or busy with others.
const DEADLINE: Duration = Duration::from_mins(2);
const POLL: Duration = Duration::from_millis(50);
const REVIVE: Duration = Duration::from_millis(500);

/// Makes a node of this process's namespaces. It returns only with an error.
pub async fn boot(plan: &Plan) -> Result<()> {
    isolation::settle(plan).await?;
    let credentials = Credentials::write(plan)?;
    worker::configure(plan)?;
    let api = Api::new(&plan.api_url(), &credentials.authority_pem, credentials.admin.certificate())?;
    let mut node = Supervisor::new(plan.clone());

    // 1. What needs nobody else.
    node.start(control_plane::etcd()?)?;
    node.start(control_plane::api_server(plan, &credentials.files)?)?;
    node.start(worker::containerd(plan)?)?;
    until(&mut node, "the API server is ready", async || api.answers("/readyz").await).await?;

    // 2. Those who speak to the API server.
    node.start(control_plane::controllers(plan, &credentials.files)?)?;
    node.start(control_plane::scheduler(plan)?)?;
    until(&mut node, "containerd takes images", async || import_pause(plan).is_ok()).await?;
    node.start(worker::kubelet(plan)?)?;
    node.start(worker::proxy(plan)?)?;
    add_ons::apply_objects(plan, &credentials)?;

    // 3. Those who need objects.
    node.start(add_ons::coredns(plan)?)?;
    node.start(add_ons::traefik(plan)?)?;
    node.start(add_ons::metrics_server(plan, &credentials)?)?;
    until(&mut node, "the node is ready", async || is_ready(plan, &api).await).await?;
    for port in [53, 80, 443] {
        let address = SocketAddr::from((plan.node_address(), port));
        until(&mut node, "names and Ingress are served", async || TcpStream::connect(address).await.is_ok()).await?;
    }
    template::write(&plan.ready_mark(), "")?;
    tokio::join!(volumes::provide(plan, &api), keep_running(&mut node));
    Ok(())
}

async fn keep_running(node: &mut Supervisor) {
    loop {
        if let Err(error) = node.revive() {
            eprintln!("{error:#}");
        }
        tokio::time::sleep(REVIVE).await;
    }
}

/// Waits for a condition while everything that was started goes on.
async fn until(node: &mut Supervisor, what: &str, mut holds: impl AsyncFnMut() -> bool) -> Result<()> {
    let deadline = Instant::now() + DEADLINE;
    while !holds().await {
        node.all_run()?;
        if Instant::now() > deadline {
            bail!("{what}: not within {DEADLINE:?}");
        }
        tokio::time::sleep(POLL).await;
    }
    Ok(())
}

/// The image that holds the namespaces of each pod.
fn import_pause(plan: &Plan) -> Result<()> {
    import(plan, &program("pause.tar")?)
}

/// Gives an image archive to a node.
pub fn import(plan: &Plan, archive: &Path) -> Result<()> {
    let mut command = Command::new(find("ctr", "containerd")?);
    command.arg("--address").arg(plan.containerd_socket()).args(["--namespace", "k8s.io", "images", "import"]);
    run(command.arg(archive))
}

/// Whether pods may come: the Node object says so, and the controllers have seen it.
async fn is_ready(plan: &Plan, api: &Api) -> bool {
    let Ok(node) = api.get(&format!("/api/v1/nodes/{}", plan.name())).await else { return false };
    let conditions = node["status"]["conditions"].as_array().map_or(&[][..], Vec::as_slice);
    let ready = conditions.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    ready && node["spec"]["taints"].is_null()
}
