//! The command line: what can be said, with its help texts.

mod cluster;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use confab_contract::config::section::LogFormat;
use confab_groundwork::program::ServiceArguments;
use secrecy::SecretString;

use crate::tenants::Field;
use crate::up::data;

pub use cluster::{Against, Capability, Output, PlanArgs, RenderArgs, RenderingArgs};

/// Confab: a chat service from one YAML file.
#[derive(Debug, Parser)]
#[command(name = "confab", version, propagate_version = true, max_term_width = 110)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// What the command can do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Serve the tenants of a YAML file from this one process: REST, WebSocket, docs, health and metrics.
    #[command(after_help = UP_EXAMPLES)]
    Up(UpArgs),
    /// Serve from a Config file, as a pod does: REST and WebSocket in this one process, for the tenants that it names or that
    /// the operator tells.
    #[command(after_help = SERVE_EXAMPLES)]
    Serve(ServiceArguments),
    /// Play a real conversation against a running server and show each request and reply.
    #[command(after_help = TOUR_EXAMPLES)]
    Tour(TourArgs),
    /// Check the surroundings (files, ports, durability, versions, clock) and say what to mend.
    #[command(after_help = DOCTOR_EXAMPLES)]
    Doctor(DoctorArgs),
    /// Check tenant files against the schema and its rules, without serving anything.
    #[command(after_help = VALIDATE_EXAMPLES)]
    Validate(ValidateArgs),
    /// Print the objects that the operator would apply, without a cluster.
    #[command(after_help = cluster::RENDER_EXAMPLES)]
    Render(RenderArgs),
    /// Show what the operator would change, and which pods would restart; change nothing.
    #[command(after_help = cluster::PLAN_EXAMPLES)]
    Plan(PlanArgs),
    /// Look after accounts: list, add, suspend, restore.
    #[command(after_help = USER_EXAMPLES)]
    User(UserArgs),
    /// Write the generated documents (OpenAPI, AsyncAPI) of this repository.
    #[command(hide = true)]
    Generate(GenerateArgs),
}

const UP_EXAMPLES: &str = "\
Examples:
  confab up -f tenant.yaml
      SQLite and files under ./confab-data, the API at http://localhost:8080/v1
  confab up -f acme.yaml -f globex.yaml --data /var/lib/confab --listen 0.0.0.0:8080
      two tenants side by side, told apart by host name
  CONFAB_DATABASE_URL=postgres://confab:secret@db/confab \\
    confab up -f tenant.yaml --redis-url redis://cache:6379 --master-key-file /etc/confab/master.key
      the store in Postgres, wake-ups through Redis: several of these processes, each with
      the same key file, serve the same tenants";

const SERVE_EXAMPLES: &str = "\
Examples:
  confab serve --print-default-config > serve.yaml
      every key with its default and what it means
  confab serve --config serve.yaml --migrate
      brings the tables up to date and ends, for an init container
  confab serve --config serve.yaml";

const TOUR_EXAMPLES: &str = "\
Examples:
  confab tour
      against http://localhost:8080
  confab tour --url https://chat.example.com
  confab tour --url http://localhost:8081 --socket-url ws://localhost:8082
      REST and WebSocket in processes of their own (confab-messaging, confab-presence), without a proxy before them
  confab tour --start -f config/samples/laptop.yaml
      starts a server of its own on a free port, in a scratch folder, and ends it afterwards";

const DOCTOR_EXAMPLES: &str = "\
Examples:
  confab doctor -f tenant.yaml
  confab doctor -f tenant.yaml --database-url postgres://confab:secret@db/confab --redis-url redis://cache:6379
With -f it also looks whether the master key opens the tenants' signing keys.
Exit code 0 when everything is well or only worth a hint, 1 when something must be mended.";

const VALIDATE_EXAMPLES: &str = "\
Example:
  confab validate -f tenant.yaml
Exit code 0 when all is well, 1 when something is wrong; each problem is named with file, line, field and rule.";

const USER_EXAMPLES: &str = "\
Examples:
  confab user list --tenant default.demo
  confab user list --tenant default.demo --data /var/lib/confab --page 2 smith
      the second page of those who have `smith` in their username, full name or e-mail address
  confab user add --tenant default.demo ada@example.com --username ada --full-name 'Ada Lovelace' < password.txt
      the password is one line of standard input; it also works where `registration: Closed` keeps strangers out
  confab user suspend --tenant default.demo ada@example.com
      ends all sessions of the account within a second and refuses new ones with 403
  confab user restore --tenant default.demo ada@example.com";

/// Where the store and the bus are.
#[derive(Debug, Clone, Args)]
pub struct StoreArgs {
    /// Folder for the SQLite database and the master key; made when missing.
    #[arg(long, global = true, env = "CONFAB_DATA", default_value = "./confab-data", value_name = "DIR")]
    pub data: PathBuf,
    /// Keep the store in Postgres instead of SQLite: postgres://user:password@host/database
    #[arg(long, global = true, env = "CONFAB_DATABASE_URL", value_name = "URL", hide_env_values = true)]
    pub database_url: Option<SecretString>,
    /// Wake-ups and rate limits through Redis, for several processes: redis://host:6379
    #[arg(long, global = true, env = "CONFAB_REDIS_URL", value_name = "URL", hide_env_values = true)]
    pub redis_url: Option<SecretString>,
    /// Key that seals the tenants' secrets, made when missing; the same for every process on one database. Default:
    /// master.key in the data folder
    #[arg(long, global = true, env = "CONFAB_MASTER_KEY_FILE", value_name = "FILE")]
    pub master_key_file: Option<PathBuf>,
}

impl StoreArgs {
    /// Where the master key is.
    pub fn master_key(&self) -> PathBuf {
        self.master_key_file.clone().unwrap_or_else(|| data::master_key_in(&self.data))
    }

    /// Whether a flag does what a tenant file says in this field.
    pub fn does(&self, field: Field) -> bool {
        match field {
            Field::Database => self.database_url.is_some(),
            Field::Redis => self.redis_url.is_some(),
            Field::Other => false,
        }
    }
}

/// Arguments of `confab up`.
#[derive(Debug, Clone, Args)]
pub struct UpArgs {
    /// File with one or more ChatTenant documents; may be given several times.
    #[arg(short, long = "file", required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Address of the API; port 0 takes a free one.
    #[arg(long, env = "CONFAB_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Address of /healthz, /readyz and /metrics; port 0 takes a free one.
    #[arg(long, env = "CONFAB_OPS_LISTEN", default_value = "127.0.0.1:9090", value_name = "ADDR")]
    pub ops_listen: SocketAddr,
    /// Store and bus.
    #[command(flatten)]
    pub store: StoreArgs,
    /// Network of proxies whose X-Forwarded-For, -Proto and -Host count, such as 10.0.0.0/8; may be given several times.
    #[arg(long = "trusted-proxy", env = "CONFAB_TRUSTED_PROXIES", value_delimiter = ',', value_name = "CIDR")]
    pub trusted_proxies: Vec<ipnet::IpNet>,
    /// Seconds that a drain after SIGTERM may take.
    #[arg(long, env = "CONFAB_DRAIN_SECONDS", default_value_t = 10, value_name = "SECONDS")]
    pub drain_seconds: u64,
    /// Form of the log lines on standard error.
    #[arg(long, env = "CONFAB_LOG_FORMAT", default_value = "text", value_name = "FORMAT")]
    pub log_format: LogFormatArg,
    /// What is logged: a level, or a filter such as info,confab_store=debug
    #[arg(long = "log", env = "CONFAB_LOG", default_value = "warn,confab=info", value_name = "FILTER")]
    pub log_filter: String,
}

/// Form of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormatArg {
    /// For people.
    Text,
    /// One JSON object a line, for machines.
    Json,
}

impl From<LogFormatArg> for LogFormat {
    fn from(format: LogFormatArg) -> Self {
        match format {
            LogFormatArg::Text => Self::Text,
            LogFormatArg::Json => Self::Json,
        }
    }
}

/// Arguments of `confab tour`.
#[derive(Debug, Clone, Args)]
pub struct TourArgs {
    /// Where the server is.
    #[arg(long, default_value = "http://localhost:8080", value_name = "URL", conflicts_with = "start")]
    pub url: String,
    /// Where its WebSocket is, if not at the same address: ws://host:port
    #[arg(long, value_name = "URL", conflicts_with = "start")]
    pub socket_url: Option<String>,
    /// Start a server for the tour and end it afterwards.
    #[arg(long, requires = "files")]
    pub start: bool,
    /// With --start: the tenant file to serve.
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// With --start: keep the store in Postgres, with the master key of --master-key-file.
    #[arg(long, value_name = "URL", requires = "start", requires = "master_key_file")]
    pub database_url: Option<SecretString>,
    /// With --start: wake-ups through Redis.
    #[arg(long, value_name = "URL", requires = "start")]
    pub redis_url: Option<SecretString>,
    /// With --start: the master key that goes with that Postgres; made when missing, and needed ever after.
    #[arg(long, value_name = "FILE", requires = "start")]
    pub master_key_file: Option<PathBuf>,
}

/// Arguments of `confab doctor`.
#[derive(Debug, Clone, Args)]
pub struct DoctorArgs {
    /// Tenant files to check as well.
    #[arg(short, long = "file", value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Address that the API is going to take.
    #[arg(long, env = "CONFAB_LISTEN", default_value = "127.0.0.1:8080", value_name = "ADDR")]
    pub listen: SocketAddr,
    /// Address that health and metrics are going to take.
    #[arg(long, env = "CONFAB_OPS_LISTEN", default_value = "127.0.0.1:9090", value_name = "ADDR")]
    pub ops_listen: SocketAddr,
    /// Store and bus.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// Arguments of `confab validate`.
#[derive(Debug, Clone, Args)]
pub struct ValidateArgs {
    /// File with one or more ChatTenant documents; may be given several times.
    #[arg(short, long = "file", required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Arguments of `confab user`.
#[derive(Debug, Clone, Args)]
pub struct UserArgs {
    /// What to do with accounts.
    #[command(subcommand)]
    pub action: UserAction,
    /// Store and bus.
    #[command(flatten)]
    pub store: StoreArgs,
}

/// What can be done with accounts.
#[derive(Debug, Clone, Subcommand)]
pub enum UserAction {
    /// Show the accounts of a tenant, suspended ones too, page by page.
    List(ListArgs),
    /// Make an account; its password is read from standard input, one line.
    Add(AddArgs),
    /// End all sessions of an account and refuse new ones.
    Suspend(UserName),
    /// Let a suspended account sign in again.
    Restore(UserName),
}

/// Names one account.
#[derive(Debug, Clone, Args)]
pub struct UserName {
    /// `<namespace>.<name>` of the ChatTenant.
    #[arg(long, value_name = "TENANT")]
    pub tenant: String,
    /// E-mail address of the account.
    pub email: String,
}

/// Arguments of `confab user list`.
#[derive(Debug, Clone, Args)]
pub struct ListArgs {
    /// `<namespace>.<name>` of the ChatTenant.
    #[arg(long, value_name = "TENANT")]
    pub tenant: String,
    /// Which page, from 1.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub page: u32,
    /// Accounts on a page.
    #[arg(long, default_value_t = 50, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub limit: u32,
    /// Only those whose username, full name or e-mail address has this in it.
    #[arg(default_value = "")]
    pub query: String,
}

/// Arguments of `confab user add`.
#[derive(Debug, Clone, Args)]
pub struct AddArgs {
    /// Whose.
    #[command(flatten)]
    pub name: UserName,
    /// Name within the tenant.
    #[arg(long, value_name = "NAME")]
    pub username: String,
    /// Name as people write it.
    #[arg(long, value_name = "NAME")]
    pub full_name: Option<String>,
}

/// Arguments of `confab generate`.
#[derive(Debug, Clone, Args)]
pub struct GenerateArgs {
    /// Root of the repository.
    #[arg(default_value = ".")]
    pub root: PathBuf,
    /// Write nothing; fail when a file differs.
    #[arg(long)]
    pub check: bool,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_command_line_is_well_formed() {
        Cli::command().debug_assert();
    }

    #[test]
    fn the_store_is_named_before_or_behind_what_is_done_with_accounts() {
        for line in ["user --data X list --tenant t", "user list --data X --tenant t", "user list --tenant t --data X"]
        {
            let cli = Cli::try_parse_from(["confab"].into_iter().chain(line.split(' '))).expect(line);
            let Command::User(args) = cli.command else { panic!("{line}") };
            assert_eq!(args.store.data, PathBuf::from("X"), "{line}");
        }
    }

    #[test]
    fn the_master_key_is_in_the_data_folder_unless_it_is_named() {
        let key_of = |line: &str| {
            let cli = Cli::try_parse_from(["confab"].into_iter().chain(line.split(' '))).expect("well formed");
            let Command::Up(args) = cli.command else { panic!("{line}") };
            args.store.master_key()
        };
        assert_eq!(key_of("up -f a --data X"), PathBuf::from("X/master.key"));
        assert_eq!(key_of("up -f a --data X --master-key-file K"), PathBuf::from("K"));
    }

    #[test]
    fn a_tour_against_a_url_and_one_that_starts_a_server_exclude_each_other() {
        assert!(Cli::try_parse_from(["confab", "tour", "--url", "http://x", "--start", "-f", "a"]).is_err());
        assert!(Cli::try_parse_from(["confab", "tour", "--start"]).is_err());
    }
}
