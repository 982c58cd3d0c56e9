//! An API server of one's own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};

use super::authority::Authority;
use super::etcd::Etcd;
use super::files::Files;
use super::flags;
use super::http::HttpsClient;
use super::identity::Identity;
use super::namespace::Namespace;
use super::options::{Options, SERVICE_ACCOUNTS};
use super::program::program;
use crate::guardian::Guardian;
use crate::port::free_port;
use crate::process::{Process, Signal, eventually};

const DEADLINE: Duration = Duration::from_mins(1);
/// Another process may take a free port before the server does.
const ATTEMPTS: usize = 3;
/// Kubernetes lets this group do everything.
const MASTERS: &str = "system:masters";

/// A Kubernetes API server with its own etcd, folder, port and authority, and controllers as asked for. It ends with this value,
/// or with the process.
#[derive(Debug)]
pub struct ApiServer {
    guardian: Guardian,
    options: Options,
    authority: Authority,
    files: Files,
    etcd: Etcd,
    port: u16,
    admin: Identity,
    client: HttpsClient,
    process: Option<Process>,
    controllers: Option<Process>,
    names: AtomicU32,
}

impl ApiServer {
    /// With [`Options::default`].
    pub async fn start() -> Result<Self> {
        Self::start_with(Options::default()).await
    }

    /// Starts etcd, the API server on a free port, and the controllers; all of them work when it returns.
    pub async fn start_with(options: Options) -> Result<Self> {
        let mut outcome = Self::attempt(options.clone()).await;
        for _ in 1..ATTEMPTS {
            if outcome.is_ok() {
                break;
            }
            outcome = Self::attempt(options.clone()).await;
        }
        outcome
    }

    async fn attempt(options: Options) -> Result<Self> {
        let guardian = Guardian::new("kubernetes")?;
        let authority = Authority::new("confab")?;
        let files = Files::write(guardian.folder(), &authority, &["127.0.0.1", "localhost", "kubernetes.default.svc"])?;
        let etcd = Etcd::start(&guardian).await?;
        let port = free_port()?;
        let admin = authority.client("admin", Some(MASTERS))?;
        let client = HttpsClient::new(address(port), authority.certificate_pem(), &admin)?;
        let file = guardian.folder().join("admin.kubeconfig");
        let admin = Identity::new(&url(port), authority.certificate_pem(), admin, file)?;
        let (process, controllers, names) = (None, None, AtomicU32::new(0));
        let mut server =
            Self { guardian, options, authority, files, etcd, port, admin, client, process, controllers, names };
        server.start_again().await?;
        server.start_controllers().await?;
        Ok(server)
    }

    /// Starts a stopped API server on its old port; what was there before still is.
    pub async fn start_again(&mut self) -> Result<()> {
        if self.process.is_some() {
            bail!("the server is running");
        }
        let flags = flags::api_server(address(self.port), &self.etcd.url(), &self.files, &self.options);
        let mut command = Command::new(program("kube-apiserver")?);
        command.args(flags).current_dir(self.guardian.folder());
        let mut process = Process::spawn(command, &self.log())?;
        self.guardian.watch("kube-apiserver", process.pid())?;
        let ready = process.ready("the API server is ready", DEADLINE, || self.exists("/readyz")).await;
        ready.with_context(|| tail(&self.log()))?;
        self.process = Some(process);
        Ok(())
    }

    /// Stops the API server in order; etcd and the controllers go on.
    pub async fn stop(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        // A frozen server takes the signal when it goes on.
        process.signal(Signal::Term)?;
        process.signal(Signal::Cont)?;
        process.wait(DEADLINE).await?;
        self.guardian.forget("kube-apiserver");
        Ok(())
    }

    /// Ends the API server with SIGKILL; etcd and the controllers go on.
    pub async fn kill9(&mut self) -> Result<()> {
        let Some(mut process) = self.process.take() else { return Ok(()) };
        process.kill().await?;
        self.guardian.forget("kube-apiserver");
        Ok(())
    }

    /// Freezes the API server: connections stay open and nothing answers.
    pub fn pause(&self) -> Result<()> {
        self.running()?.signal(Signal::Stop)
    }

    /// Undoes [`Self::pause`].
    pub fn resume(&self) -> Result<()> {
        self.running()?.signal(Signal::Cont)
    }

    /// Forgets old versions: a watch or a list that goes on from one of before is answered 410. The API server's cache of
    /// recent changes answers for etcd, so this shows at once with [`Options::watch_cache`] off, else from the next start on.
    pub fn compact(&self) -> Result<()> {
        self.etcd.compact()
    }

    /// A fresh namespace of this name followed by a number.
    ///
    /// # Panics
    /// When it cannot be made: a test without its namespace has failed.
    pub async fn namespace(&self) -> Namespace {
        let name = format!("test-{}", self.names.fetch_add(1, Ordering::Relaxed));
        match self.make_namespace(&name).await {
            Ok(()) => Namespace { name },
            Err(error) => panic!("no namespace for a test: {error:#}"),
        }
    }

    /// A user who may do what RBAC allows this name and this group, which is nothing at first.
    pub fn user(&self, name: &str, group: Option<&str>) -> Result<Identity> {
        let certificate = self.authority.client(name, group)?;
        let number = self.names.fetch_add(1, Ordering::Relaxed);
        let file = self.guardian.folder().join(format!("user-{number}.kubeconfig"));
        Identity::new(&self.url(), self.authority.certificate_pem(), certificate, file)
    }

    /// The user who may do everything.
    pub fn admin(&self) -> &Identity {
        &self.admin
    }

    /// The client certificate of the user who may do everything.
    pub fn admin_certificate_pem(&self) -> &str {
        &self.admin.certificate().certificate_pem
    }

    /// Its key.
    pub fn admin_key_pem(&self) -> &str {
        &self.admin.certificate().key_pem
    }

    /// A kubeconfig of the user who may do everything; it needs no other file.
    pub fn kubeconfig(&self) -> &str {
        self.admin.kubeconfig()
    }

    /// The same as a file.
    pub fn kubeconfig_file(&self) -> &Path {
        self.admin.kubeconfig_file()
    }

    /// `kubectl` as the user who may do everything.
    pub fn kubectl(&self) -> Command {
        self.admin.kubectl()
    }

    /// `https://…`
    pub fn url(&self) -> String {
        url(self.port)
    }

    /// Certificate of the authority that signs for the server and its clients.
    pub fn ca_pem(&self) -> &str {
        self.authority.certificate_pem()
    }

    /// Every request so far, one JSON object a line, if [`Options::audit`] asks for it.
    pub fn audit_log(&self) -> Option<PathBuf> {
        self.options.audit.then(|| self.files.audit_log())
    }

    /// The API server's log.
    pub fn log(&self) -> PathBuf {
        self.guardian.folder().join("kube-apiserver.log")
    }

    async fn start_controllers(&mut self) -> Result<()> {
        if self.options.controllers.is_empty() {
            return Ok(());
        }
        let log = self.guardian.folder().join("kube-controller-manager.log");
        let mut command = Command::new(program("kube-controller-manager")?);
        command.args(flags::controllers(self.admin.kubeconfig_file(), &self.files, self.options.controllers));
        let mut process = Process::spawn(command, &log)?;
        self.guardian.watch("kube-controller-manager", process.pid())?;
        let ready = process.ready("the controllers work", DEADLINE, || self.has_account("default")).await;
        ready.with_context(|| tail(&log))?;
        self.controllers = Some(process);
        Ok(())
    }

    async fn make_namespace(&self, name: &str) -> Result<()> {
        let body = format!(r#"{{"apiVersion": "v1", "kind": "Namespace", "metadata": {{"name": "{name}"}}}}"#);
        let answer = self.client.request("POST", "/api/v1/namespaces", &body)?;
        if !answer.is_success() {
            bail!("the API server refuses: {}", answer.body);
        }
        eventually("the namespace has its account", DEADLINE, || self.has_account(name)).await
    }

    /// Whether the controllers have given the namespace its account, if that is among what they do.
    fn has_account(&self, namespace: &str) -> bool {
        let expected = self.options.controllers.contains(&SERVICE_ACCOUNTS);
        !expected || self.exists(&format!("/api/v1/namespaces/{namespace}/serviceaccounts/default"))
    }

    fn exists(&self, path: &str) -> bool {
        self.client.request("GET", path, "").is_ok_and(|answer| answer.is_success())
    }

    fn running(&self) -> Result<&Process> {
        self.process.as_ref().context("the server is stopped")
    }
}

fn address(port: u16) -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, port))
}

fn url(port: u16) -> String {
    format!("https://{}", address(port))
}

/// The end of a log, for an error.
fn tail(log: &Path) -> String {
    let text = fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
