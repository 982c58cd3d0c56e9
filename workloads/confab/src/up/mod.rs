//! `confab up`: messaging and presence in one process, on a folder or on Postgres and Redis.

mod banner;
pub mod data;
mod options;

use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use confab_chassis::config::SecretSource;
use confab_chassis::telemetry::{self, LogControl};
use confab_contract::config::admin::TenantSource;
use confab_contract::config::section::LogConfig;
use confab_contract::config::tenant::TenantConfig;
use confab_groundwork::{DataFolderError, GroundError, Process, Settings};
use confab_identity::KeyError;
use confab_store::{Source, Store, StoreError, StoreOptions};
use tokio::task::JoinHandle;

use crate::cli::{StoreArgs, UpArgs};
use crate::tenants;
use crate::together::Together;
use banner::{Banner, base_url, called};
pub use options::Options;

/// A server that is told to stop has this long, and a little more for its tasks.
const STOPPING: Duration = Duration::from_secs(5);

/// Serves until Ctrl-C or SIGTERM.
#[expect(clippy::print_stdout, reason = "the banner is this command's output")]
pub async fn run(args: UpArgs) -> Result<()> {
    let log = telemetry::init(&LogConfig { filter: args.log_filter.clone(), format: args.log_format.into() })?;
    let Some(server) = Server::start(Options::from(args), Some(log)).await? else { return Ok(()) };
    println!("{}", server.banner());
    server.serving.await.context("the server failed")?
}

/// Starts a server inside this process, for the tour.
pub async fn start(options: Options) -> Result<Server> {
    Server::start(options, None).await?.context("the server was told to stop before it was ready")
}

/// A running server.
pub struct Server {
    api: SocketAddr,
    ops: SocketAddr,
    tenants: Vec<TenantConfig>,
    store: String,
    drain: confab_chassis::drain::Drain,
    serving: JoinHandle<Result<()>>,
}

impl Server {
    /// With a log of its own it is a process of its own, and leaves on signals.
    async fn start(options: Options, log: Option<LogControl>) -> Result<Option<Self>> {
        let loaded = tenants::load(&options.files).map_err(|problems| anyhow::anyhow!(problems.join("\n")))?;
        for field in loaded.ignored.iter().filter(|field| !options.store.does(field.field)) {
            eprintln!("warning: {field}");
        }
        let mut tenants = loaded.tenants;
        tenants::answer_at(&mut tenants, options.http.listen.ip());
        let database = options.database();
        let folder = database.take_folder().map_err(about_folder)?;
        let settings = Settings {
            database,
            redis_url: options.store.redis_url.clone().map(SecretSource::from),
            master_key: data::master_key(&options.store.master_key(), &options.store.data)?,
            tenant_source: TenantSource::Config,
            tenants: tenants.clone(),
        };
        let is_a_process = log.is_some();
        let process = Process::begin(options.drain.clone(), options.ops_listen, log).await?;
        if is_a_process {
            process.listen_for_signals()?;
        }
        let listener = confab_groundwork::listen(options.http.listen).await?;
        let (api, ops, drain) = (listener.local_addr()?, process.probe_address(), process.drain.clone());
        let (store, key) = (options.store_in_words(), options.store.master_key());
        let ground = process.lay(settings, &listener, &options.http).await;
        let Some(ground) = ground.map_err(|error| about_key(error, &key))? else {
            process.end(None).await;
            return Ok(None);
        };
        let together = Together { http: options.http, ..Together::default() };
        // The folder's lock is held as long as the process serves.
        let serving = tokio::spawn(async move {
            let _folder = folder;
            together.serve_until_drained(listener, process, ground).await
        });
        Ok(Some(Self { api, ops, tenants, store, drain, serving }))
    }

    /// Where a client reaches the first tenant.
    pub fn base_url(&self) -> String {
        self.tenants.first().map_or_else(String::new, |tenant| base_url(tenant, self.api))
    }

    fn banner(&self) -> String {
        let (name, path) =
            (std::env::args_os().next().unwrap_or_else(|| "confab".into()), std::env::current_exe().ok());
        let program = called(Path::new(&name), path.as_deref(), std::env::current_dir().ok().as_deref());
        let Self { api, ops, tenants, store, .. } = self;
        Banner { api: *api, ops: *ops, program: &program, tenants, store }.text()
    }

    /// Drains and waits for the end.
    pub async fn stop(self) {
        self.drain.begin();
        if tokio::time::timeout(STOPPING, self.serving).await.is_err() {
            tracing::warn!("the server did not stop in time");
        }
    }
}

/// A folder that cannot be had comes with the flag that names another.
fn about_folder(error: DataFolderError) -> anyhow::Error {
    anyhow::Error::from(error).context("another data folder is named with --data")
}

/// A master key that does not fit comes with the flag that names another.
fn about_key(error: GroundError, key: &Path) -> anyhow::Error {
    if !matches!(error, GroundError::Keys(KeyError::Sealed { .. })) {
        return error.into();
    }
    let key = key.display();
    let text = format!("the master key {key} does not fit this database; name the right one with --master-key-file");
    anyhow::Error::from(error).context(text)
}

/// Opens a store that a server has made, for commands that look after it.
pub async fn open_existing_store(args: &StoreArgs) -> Result<Store> {
    let source = if let Some(url) = &args.database_url {
        Source::Postgres(url.clone())
    } else {
        let file = data::database_in(&args.data);
        if !file.is_file() {
            bail!("{} holds no database yet; name the folder of a server with --data", args.data.display());
        }
        Source::Sqlite(file)
    };
    let opened = Store::open(StoreOptions { source, max_connections: 2 }).await;
    let store = opened.map_err(with_cure)?;
    store.check().await.map_err(with_cure)?;
    Ok(store)
}

fn with_cure(error: StoreError) -> anyhow::Error {
    let cure = error.cure();
    let error = anyhow::Error::from(error);
    match cure {
        Some(cure) => error.context(cure),
        None => error,
    }
}
