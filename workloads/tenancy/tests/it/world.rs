//! Processes that follow one store, and an operator who tells one of them.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::time::Duration;

use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::Clock;
use confab_chassis::drain::Drain;
use confab_chassis::seal::MasterKey;
use confab_chassis::telemetry::Metrics;
use confab_chassis::tenant::Tenants;
use confab_chassis::token::{Keyring, Revocations};
use confab_contract::admin::policy::GuestsFrom;
use confab_contract::admin::token::OperatorKey;
use confab_contract::admin::v1::tenant_admin_client::TenantAdminClient;
use confab_contract::admin::v1::upsert_outcome::Outcome;
use confab_contract::admin::v1::{RemoveMode, RemoveRequest, RemovedState, UpsertRequest};
use confab_contract::admin::{GuestPolicy, RefusalReason, TenantRecord};
use confab_contract::config::admin::AdminConfig;
use confab_contract::config::section::DrainConfig;
use confab_contract::config::tenant::TenantConfig;
use confab_contract::{SessionId, TenantId, Timestamp, UserId};
use confab_identity::{IdentityFeed, IdentityParts};
use confab_store::{Source, Store, StoreOptions};
use confab_tenancy::{Admin, AdminParts, Follower, FollowerParts, purge};
use confab_testbed::{Database, RedisServer, postgres};
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::OnceCell;
use tonic::metadata::MetadataValue;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// What nothing in a test may take longer than.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Makes each of these functions of a [`World`] a test on SQLite and one on Postgres.
macro_rules! on_both_engines {
    ($($name:ident,)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(&$crate::world::World::on_sqlite()).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(&$crate::world::World::on_postgres().await).await;
            }
        }
    )*};
}

/// What processes share.
pub struct World {
    pub source: Source,
    /// Those in one process share a bus; others need Redis.
    redis: Option<&'static RedisServer>,
    pub key: OperatorKey,
    backgrounds: Mutex<Vec<Background>>,
    drains: Mutex<Vec<Drain>>,
    _folder: tempfile::TempDir,
    _database: Option<Database>,
}

impl Drop for World {
    fn drop(&mut self) {
        self.backgrounds.get_mut().unwrap().iter().for_each(|background| background.stop_token().cancel());
        self.drains.get_mut().unwrap().iter().for_each(Drain::cut_short);
    }
}

/// One process.
pub struct Process {
    pub store: Store,
    pub tenants: Tenants,
    pub keyring: Keyring,
    pub follower: Follower,
    pub bus: Bus,
    pub metrics: Metrics,
    pub background: Background,
    pub drain: Drain,
}

/// How a process hears of others.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Hears {
    /// Over Redis.
    Bus,
    /// By looking at the store.
    Nothing,
}

pub fn host() -> TenantId {
    "chat.host".parse().unwrap()
}

async fn shared_redis() -> &'static RedisServer {
    static SHARED: OnceCell<RedisServer> = OnceCell::const_new();
    SHARED.get_or_init(|| async { RedisServer::start().await.unwrap() }).await
}

impl World {
    pub fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::new(Source::Sqlite(folder.path().join("confab.db")), None, folder, None)
    }

    pub async fn on_postgres() -> Self {
        let database = postgres().await.database().await;
        let source = Source::Postgres(SecretString::from(database.url()));
        Self::new(source, Some(shared_redis().await), tempfile::tempdir().unwrap(), Some(database))
    }

    pub fn new(
        source: Source,
        redis: Option<&'static RedisServer>,
        folder: tempfile::TempDir,
        database: Option<Database>,
    ) -> Self {
        let key = OperatorKey::from_pkcs8(OperatorKey::generate().expose_secret()).unwrap();
        Self {
            source,
            redis,
            key,
            backgrounds: Mutex::default(),
            drains: Mutex::default(),
            _folder: folder,
            _database: database,
        }
    }

    /// A process that has read everybody and follows.
    pub async fn process(&self, hears: Hears) -> Process {
        let process = self.still_process(hears).await;
        process.follower.spawn(&process.background);
        process
    }

    /// A process that follows only when it is asked.
    pub async fn still_process(&self, hears: Hears) -> Process {
        let options = StoreOptions { source: self.source.clone(), max_connections: 8 };
        let store = Store::open(options).await.unwrap();
        store.migrate().await.unwrap();
        let metrics = Metrics::new();
        let bus = match self.redis {
            Some(redis) if hears == Hears::Bus => Bus::redis(SecretString::from(redis.url()), &metrics).unwrap(),
            _ => Bus::in_process(),
        };
        eventually("the bus is up", || bus.is_up()).await;
        let (tenants, keyring, clock) = (Tenants::new(Vec::new()), Keyring::new(), Clock::system());
        let identity = IdentityFeed::new(IdentityParts {
            store: store.clone(),
            tenants: tenants.clone(),
            master_key: MasterKey::from_bytes(&[7; 32]),
            keyring: keyring.clone(),
            revocations: Revocations::new(),
            bus: bus.clone(),
            clock,
        });
        let follower = Follower::new(FollowerParts {
            store: store.clone(),
            tenants: tenants.clone(),
            keyring: keyring.clone(),
            identity,
            bus: bus.clone(),
        });
        follower.prime().await.unwrap();
        let (background, drain) = (Background::new(), Drain::new(DrainConfig::default()));
        self.backgrounds.lock().unwrap().push(background.clone());
        self.drains.lock().unwrap().push(drain.clone());
        Process { store, tenants, keyring, follower, bus, metrics, background, drain }
    }

    /// The Config of an admin listener without TLS.
    pub fn admin_config(&self) -> AdminConfig {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        AdminConfig { listen, ..AdminConfig::new(host(), vec![self.key.public_key()]) }
    }

    /// Has a process listen to the operator.
    pub async fn listen(&self, process: &Process, config: &AdminConfig) -> SocketAddr {
        let parts = AdminParts {
            store: process.store.clone(),
            follower: process.follower.clone(),
            bus: process.bus.clone(),
            clock: Clock::system(),
            drain: process.drain.clone(),
            metrics: process.metrics.clone(),
        };
        Admin::begin(config, parts).await.unwrap().address
    }

    /// An operator who speaks with a process.
    pub async fn operator(&self, process: &Process) -> Operator {
        let address = self.listen(process, &self.admin_config()).await;
        self.operator_at(Endpoint::from_shared(format!("http://{address}")).unwrap()).await
    }

    pub async fn operator_at(&self, endpoint: Endpoint) -> Operator {
        Operator::new(endpoint.connect().await.unwrap(), &self.token())
    }

    pub fn token(&self) -> String {
        self.key.sign(&host(), Clock::system().now()).expose_secret().to_owned()
    }
}

impl Process {
    pub fn purge(&self) {
        purge::spawn(&self.follower, &Clock::system(), &self.background);
    }

    /// Whether somebody could sign in at this host here and now.
    pub fn serves(&self, domain: &str) -> bool {
        let Some(tenant) = self.tenants.by_host(domain) else { return false };
        let now = Clock::system().now();
        tenant.is_served() && self.keyring.sign(&tenant, UserId::generate(), SessionId::generate(), now).is_ok()
    }
}

type Bearer = Box<dyn Fn(Request<()>) -> Result<Request<()>, Status> + Send + Sync>;

/// Who tells a host whom to serve.
pub struct Operator {
    pub client: TenantAdminClient<InterceptedService<Channel, Bearer>>,
}

impl Operator {
    pub fn new(channel: Channel, token: &str) -> Self {
        let value: MetadataValue<_> = format!("Bearer {token}").parse().unwrap();
        let bearer: Bearer = Box::new(move |mut request| {
            request.metadata_mut().insert("authorization", value.clone());
            Ok(request)
        });
        Self { client: TenantAdminClient::with_interceptor(channel, bearer) }
    }

    pub async fn try_upsert(&mut self, records: &[TenantRecord]) -> Result<Vec<Result<i64, RefusalReason>>, Status> {
        let tenants = records.iter().map(Into::into).collect();
        let reply = self.client.upsert(UpsertRequest { tenants }).await?.into_inner();
        let short = |outcome: Option<Outcome>| match outcome.unwrap() {
            Outcome::ServedGeneration(generation) => Ok(generation),
            Outcome::Refused(refused) => {
                assert!(!refused.message.is_empty());
                Err(refused.reason().reason().unwrap())
            }
        };
        let ids: Vec<&str> = records.iter().map(|record| record.id().as_str()).collect();
        let told: Vec<&str> = reply.outcomes.iter().map(|outcome| outcome.id.as_str()).collect();
        assert_eq!(told, ids, "outcomes come in the order of the request");
        Ok(reply.outcomes.into_iter().map(|outcome| short(outcome.outcome)).collect())
    }

    pub async fn upsert(&mut self, records: &[TenantRecord]) -> Vec<Result<i64, RefusalReason>> {
        self.try_upsert(records).await.unwrap()
    }

    pub async fn remove(&mut self, record: &TenantRecord, mode: RemoveMode) -> RemovedState {
        let request = RemoveRequest {
            id: record.id().to_string(),
            uid: record.uid.clone(),
            mode: mode.into(),
            generation: i64::try_from(record.generation).unwrap(),
        };
        self.client.remove(request).await.unwrap().into_inner().state()
    }
}

/// A guest's record; it answers at `<name>.example.com`.
pub fn guest(name: &str) -> TenantRecord {
    let config = TenantConfig::new(format!("team.{name}").parse().unwrap(), domain(name));
    TenantRecord::new(format!("uid-of-{name}"), Timestamp::from_millis(1_768_000_000_000), config)
}

pub fn domain(name: &str) -> String {
    format!("{name}.example.com")
}

/// The next generation of a record.
pub fn changed(record: &TenantRecord, change: impl FnOnce(&mut TenantRecord)) -> TenantRecord {
    let mut next = TenantRecord { generation: record.generation + 1, ..record.clone() };
    change(&mut next);
    next
}

/// The host's own record, with a policy that admits everybody.
pub fn host_record() -> TenantRecord {
    let config = TenantConfig::new(host(), "host.example.com");
    let all = GuestPolicy { from: GuestsFrom::All, ..GuestPolicy::default() };
    TenantRecord { guests: Some(all), ..TenantRecord::new("uid-of-host", Timestamp::from_millis(0), config) }
}

/// Waits until a condition holds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let waiting = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    assert!(tokio::time::timeout(DEADLINE, waiting).await.is_ok(), "never: {what}");
}
