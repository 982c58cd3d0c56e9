//! A server of its own for each test: real store, real listener, a clock that the test turns.

use std::sync::Mutex;

use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::{Clock, ManualClock};
use confab_chassis::drain::Drain;
use confab_chassis::http::Edge;
use confab_chassis::rate::RateLimiter;
use confab_chassis::seal::MasterKey;
use confab_chassis::serve;
use confab_chassis::telemetry::Metrics;
use confab_chassis::tenant::Tenants;
use confab_chassis::token::{Keyring, Revocations, Verifier};
use confab_contract::config::messaging::PasswordConfig;
use confab_contract::config::section::{DrainConfig, HttpConfig};
use confab_contract::config::tenant::{RateLimit, TenantConfig};
use confab_contract::{TenantId, Timestamp};
use confab_identity::{IdentityFeed, IdentityParts};
use confab_messaging::{Messaging, Parts};
use confab_store::{Source, Store, StoreOptions, users};
use confab_testbed::{Database, postgres};
use secrecy::SecretString;
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::client::{Client, PASSWORD, Person, text};

/// Host name of the tenant that most tests use.
pub const HOST: &str = "demo.example.com";
/// Host name of another tenant of the same server.
pub const OTHER_HOST: &str = "other.example.com";

/// A running server and what a test can turn on it.
pub struct World {
    process: Process,
    tenants: Mutex<Vec<TenantConfig>>,
    hand: ManualClock,
    clock: Clock,
    source: Source,
    /// Of every process; they end with the world.
    processes: Mutex<Vec<Process>>,
    _kept: Kept,
}

/// What must outlive the server.
#[expect(dead_code, reason = "held, not read")]
enum Kept {
    Folder(TempDir),
    Database(Database),
}

/// One process, or what would be one.
#[derive(Clone)]
pub struct Process {
    pub base: String,
    pub store: Store,
    pub bus: Bus,
    tenants: Tenants,
    background: Background,
    drain: Drain,
}

impl Drop for World {
    fn drop(&mut self) {
        for process in self.processes.get_mut().unwrap().drain(..) {
            process.background.stop_token().cancel();
            process.drain.cut_short();
        }
    }
}

impl World {
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::Sqlite(folder.path().join("confab.db"));
        Self::start(source, Kept::Folder(folder)).await
    }

    pub async fn on_postgres() -> Self {
        let database = postgres().await.database().await;
        let source = Source::Postgres(SecretString::from(database.url()));
        Self::start(source, Kept::Database(database)).await
    }

    async fn start(source: Source, kept: Kept) -> Self {
        let (clock, hand) = Clock::manual(serde_json::from_value(json!("2026-01-15T10:30:00Z")).unwrap());
        let tenants = vec![tenant("default.demo", HOST), tenant("default.other", OTHER_HOST)];
        let process = Process::start(&source, &tenants, &clock).await;
        let processes = Mutex::new(vec![process.clone()]);
        Self { process, tenants: Mutex::new(tenants), hand, clock, source, processes, _kept: kept }
    }

    /// Another process on the same data. SQLite allows that in a test, where one thing happens at a time.
    pub async fn another_process(&self) -> Process {
        let tenants = self.tenants.lock().unwrap().clone();
        let process = Process::start(&self.source, &tenants, &self.clock).await;
        self.processes.lock().unwrap().push(process.clone());
        process
    }

    pub fn process(&self) -> &Process {
        &self.process
    }

    pub fn client(&self) -> Client {
        self.process.client()
    }

    /// A client of the other tenant.
    pub fn other_client(&self) -> Client {
        Client::new(&self.process.base, OTHER_HOST)
    }

    /// Changes the settings of the first tenant for all requests from now on.
    pub fn change_tenant(&self, change: impl FnOnce(&mut TenantConfig)) {
        let mut tenants = self.tenants.lock().unwrap();
        change(&mut tenants[0]);
        self.process.tenants.replace(tenants.clone());
    }

    pub fn turn_clock(&self, millis: i64) {
        self.hand.advance(millis);
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// Somebody with an account in the first tenant, signed in.
    pub async fn person(&self, name: &str) -> Person {
        person(self.client(), name).await
    }

    /// Somebody with an account in the other tenant, signed in.
    pub async fn person_elsewhere(&self, name: &str) -> Person {
        person(self.other_client(), name).await
    }

    /// Suspends an account as an administrator would.
    pub async fn suspend(&self, person: &Person) {
        let tenant: TenantId = "default.demo".parse().unwrap();
        let id = person.id.parse().unwrap();
        users::set_suspended(&self.process.store, &tenant, id, true, self.now()).await.unwrap().unwrap();
    }
}

async fn person(client: Client, name: &str) -> Person {
    let email = format!("{name}@example.com");
    let body = json!({"email": email, "username": name, "password": PASSWORD});
    let id = text(&client.post("/v1/auth/register", body).await.data(201)["user_id"]);
    let data = client.login(&email, PASSWORD, None).await.data(200).clone();
    Person {
        client: client.with_token(&text(&data["access_token"])),
        id,
        name: name.to_owned(),
        refresh_token: text(&data["refresh_token"]),
    }
}

impl Process {
    pub fn client(&self) -> Client {
        self.client_of(HOST)
    }

    pub fn client_of(&self, host: &str) -> Client {
        Client::new(&self.base, host)
    }

    /// A client that our own proxy says comes from this address.
    pub fn stranger_from(&self, address: &str) -> Client {
        self.client().forwarded_for(address)
    }

    async fn start(source: &Source, tenants: &[TenantConfig], clock: &Clock) -> Self {
        let store = Store::open(StoreOptions { source: source.clone(), max_connections: 8 }).await.unwrap();
        store.migrate().await.unwrap();
        let (tenants, master_key) = (Tenants::new(tenants.to_vec()), MasterKey::from_bytes(&[7; 32]));
        let (keyring, revocations, bus) = (Keyring::new(), Revocations::new(), Bus::in_process());
        let background = Background::new();
        let feed = IdentityFeed::new(IdentityParts {
            store: store.clone(),
            tenants: tenants.clone(),
            master_key: master_key.clone(),
            keyring: keyring.clone(),
            revocations: revocations.clone(),
            bus: bus.clone(),
            clock: clock.clone(),
        });
        feed.prime().await.unwrap();
        feed.spawn(&background);
        let messaging = Messaging::build(Parts {
            store: store.clone(),
            tenants: tenants.clone(),
            verifier: Verifier::new(keyring.clone(), revocations.clone(), clock.clone()),
            keyring,
            revocations,
            bus: bus.clone(),
            limiter: RateLimiter::in_process(clock.clone()),
            master_key,
            clock: clock.clone(),
            passwords: PasswordConfig::default(),
        });
        let (drain, metrics, config) = (Drain::new(DrainConfig::default()), Metrics::new(), behind_a_proxy());
        let app = Edge::new(tenants.clone(), &config, clock.clone(), &metrics).protect(messaging.router());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(serve::serve(listener, app, config, drain.clone(), metrics));
        Self { base, store, bus, tenants, background, drain }
    }
}

/// Whoever connects from this machine is a proxy of ours when it says for whom.
fn behind_a_proxy() -> HttpConfig {
    HttpConfig { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..HttpConfig::default() }
}

/// A tenant whose limits are so high that only tests about limits meet them.
fn tenant(id: &str, domain: &str) -> TenantConfig {
    let mut tenant = TenantConfig::new(id.parse().unwrap(), domain);
    let plenty = RateLimit { requests: 1_000_000, per_seconds: 60 };
    tenant.limits.authentication = plenty;
    tenant.limits.regular = plenty;
    tenant
}
