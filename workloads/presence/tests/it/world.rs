//! A tenant with its store, its people, and as many presence processes as a test wants.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::{Clock, ManualClock};
use confab_chassis::drain::Drain;
use confab_chassis::http::Edge;
use confab_chassis::rate::RateLimiter;
use confab_chassis::redis_link::RedisLink;
use confab_chassis::seal::MasterKey;
use confab_chassis::serve;
use confab_chassis::telemetry::Metrics;
use confab_chassis::tenant::{Tenant, Tenants};
use confab_chassis::token::{Keyring, Revocations, Verifier};
use confab_contract::bus::{BusMessage, Notice, ReceiptKind, ReceiptNotice, TimelineNotice};
use confab_contract::config::presence::SocketConfig;
use confab_contract::config::section::{DrainConfig, HttpConfig};
use confab_contract::config::tenant::{RateLimit, TenantConfig};
use confab_contract::rest::messages::MessageType;
use confab_contract::socket::server::ServerFrame;
use confab_contract::timeline::TimelineEvent;
use confab_contract::{ConversationId, MessageId, SessionId, TenantId, Timestamp, UserId};
use confab_identity::{IdentityFeed, IdentityParts};
use confab_presence::{Parts, Presence, Tempo};
use confab_store::conversations::NewGroup;
use confab_store::messages::NewMessage;
use confab_store::sessions::NewSession;
use confab_store::timeline::Committed;
use confab_store::users::NewUser;
use confab_store::{Source, Store, StoreOptions};
use confab_testbed::{Database, RedisServer, postgres};
use secrecy::SecretString;
use serde_json::{Map, value::to_raw_value};
use tempfile::TempDir;
use tokio::net::TcpListener;
use tokio::sync::OnceCell;
use tokio_util::sync::CancellationToken;

use crate::client::Client;

/// Of everybody here; nobody signs in with a password.
pub const PASSWORD_HASH: &str = "none";

/// What nothing in a test may take longer than.
pub const DEADLINE: Duration = Duration::from_secs(20);

/// What a test may choose.
#[derive(Clone)]
pub struct Choices {
    pub sockets: SocketConfig,
    pub tempo: Tempo,
    pub drain: DrainConfig,
}

impl Default for Choices {
    fn default() -> Self {
        Self {
            sockets: SocketConfig {
                tail_millis: 100,
                tail_without_bus_millis: 50,
                typing_seconds: 1,
                offline_grace_seconds: 1,
                ..SocketConfig::default()
            },
            tempo: Tempo {
                lease: Duration::from_millis(1500),
                patrol: Duration::from_millis(100),
                acknowledgements: Duration::from_millis(50),
                availability: Duration::from_millis(30),
                attention: Duration::from_millis(50),
                sign_in: Duration::from_secs(10),
                ..Tempo::default()
            },
            drain: DrainConfig { deadline_seconds: 10, unready_millis: 50, reconnect_jitter_millis: 300 },
        }
    }
}

pub struct World {
    pub tenant: TenantId,
    pub store: Store,
    pub source: Source,
    pub redis_url: Option<String>,
    pub clock: Clock,
    pub hand: ManualClock,
    pub keyring: Keyring,
    pub revocations: Revocations,
    pub key: MasterKey,
    pub tenants: Tenants,
    /// What messaging would publish with.
    pub bus: Bus,
    pub folder: TempDir,
    names: AtomicU32,
    nodes: Mutex<Vec<CancellationToken>>,
    _database: Option<Database>,
}

#[derive(Clone)]
pub struct Person {
    pub user: UserId,
    pub login: SessionId,
    pub token: String,
}

/// A presence process, or what would be one.
pub struct Node {
    pub presence: Presence,
    pub address: SocketAddr,
    pub drain: Drain,
    pub metrics: Metrics,
    pub bus: Bus,
    stop: CancellationToken,
    pub ended: tokio::task::JoinHandle<()>,
}

/// One Redis for all tests: tenants keep them apart.
async fn shared_redis() -> &'static RedisServer {
    static SHARED: OnceCell<RedisServer> = OnceCell::const_new();
    SHARED.get_or_init(|| async { RedisServer::start().await.unwrap() }).await
}

impl Drop for World {
    fn drop(&mut self) {
        self.nodes.get_mut().unwrap().iter().for_each(CancellationToken::cancel);
    }
}

impl World {
    pub async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::Sqlite(folder.path().join("confab.db"));
        Self::start(source, None, folder, None).await
    }

    pub async fn on_postgres() -> Self {
        Self::on_postgres_with(shared_redis().await.url()).await
    }

    pub async fn on_postgres_with(redis_url: String) -> Self {
        let database = postgres().await.database().await;
        let source = Source::Postgres(SecretString::from(database.url()));
        Self::start(source, Some(redis_url), tempfile::tempdir().unwrap(), Some(database)).await
    }

    async fn start(source: Source, redis_url: Option<String>, folder: TempDir, database: Option<Database>) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let tenant: TenantId =
            format!("test-{}.t{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst)).parse().unwrap();
        let store = open(&source).await;
        store.migrate().await.unwrap();
        let mut config = TenantConfig::new(tenant.clone(), "chat.example.com");
        config.extra_hosts = vec!["127.0.0.1".to_owned()];
        config.limits.websocket = RateLimit { requests: 1000, per_seconds: 60 };
        let tenants = Tenants::new(vec![config]);
        let (clock, hand) = Clock::manual(Clock::system().now());
        let key_file = folder.path().join("master.key");
        let key = MasterKey::load_or_generate(&key_file).unwrap();
        let (keyring, revocations) = (Keyring::new(), Revocations::new());
        let world = Self {
            bus: bus(redis_url.as_deref()),
            tenant,
            store,
            source,
            redis_url,
            clock,
            hand,
            keyring,
            revocations,
            key,
            tenants,
            folder,
            names: AtomicU32::new(0),
            nodes: Mutex::default(),
            _database: database,
        };
        world.identity().prime().await.unwrap();
        world
    }

    fn identity(&self) -> IdentityFeed {
        IdentityFeed::new(IdentityParts {
            store: self.store.clone(),
            tenants: self.tenants.clone(),
            master_key: self.key.clone(),
            keyring: self.keyring.clone(),
            revocations: self.revocations.clone(),
            // Not the bus of the nodes: what is revoked has to come by the store alone.
            bus: Bus::in_process(),
            clock: self.clock.clone(),
        })
    }

    /// Has the revoked sessions read from the store, as every process does.
    pub fn follow_revocations(&self) -> Background {
        let background = Background::new();
        self.identity().spawn(&background);
        background
    }

    /// Another tenant, served by the same processes.
    pub async fn add_tenant(&self, domain: &str) -> TenantId {
        let id: TenantId = format!("{}-other", self.tenant).parse().unwrap();
        self.tenants.replace(vec![self.settings().config.clone(), TenantConfig::new(id.clone(), domain)]);
        self.identity().prime().await.unwrap();
        id
    }

    /// Changes the tenant's settings.
    pub fn configure(&self, change: impl FnOnce(&mut TenantConfig)) {
        let mut config = self.settings().config.clone();
        change(&mut config);
        self.tenants.replace(vec![config]);
    }

    pub fn settings(&self) -> std::sync::Arc<Tenant> {
        self.tenants.by_id(&self.tenant).unwrap()
    }

    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub async fn node(&self) -> Node {
        self.node_with(Choices::default()).await
    }

    pub async fn node_with(&self, choices: Choices) -> Node {
        let node = self.start_node(self.store.clone(), choices).await;
        self.nodes.lock().unwrap().push(node.stop.clone());
        node
    }

    /// A node on a runtime of its own, which dies with all its tasks when the runtime is dropped.
    pub fn mortal_node(&self) -> (tokio::runtime::Runtime, Node) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let node = std::thread::scope(|scope| {
            let start =
                || runtime.block_on(async { self.start_node(open(&self.source).await, Choices::default()).await });
            scope.spawn(start).join().unwrap()
        });
        (runtime, node)
    }

    async fn start_node(&self, store: Store, choices: Choices) -> Node {
        let drain = Drain::new(choices.drain.clone());
        let metrics = Metrics::new();
        // Processes without Redis share the bus, as they would share the process.
        let bus = if self.redis_url.is_some() { bus(self.redis_url.as_deref()) } else { self.bus.clone() };
        let limiter = match &self.redis_url {
            Some(url) => {
                let link = RedisLink::open(SecretString::from(url.as_str()), "rate limits").unwrap();
                eventually("Redis counts", || link.is_up()).await;
                RateLimiter::with_redis(link, self.clock.clone())
            }
            None => RateLimiter::in_process(self.clock.clone()),
        };
        let presence = Presence::build(Parts {
            store,
            tenants: self.tenants.clone(),
            verifier: Verifier::new(self.keyring.clone(), self.revocations.clone(), self.clock.clone()),
            revocations: self.revocations.clone(),
            bus: bus.clone(),
            limiter,
            master_key: self.key.clone(),
            drain: drain.clone(),
            metrics: metrics.clone(),
            clock: self.clock.clone(),
            sockets: choices.sockets,
            tempo: choices.tempo,
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        // Whoever connects from this machine is a proxy of ours when it says for whom.
        let http = HttpConfig { trusted_proxies: vec!["127.0.0.1/32".parse().unwrap()], ..HttpConfig::default() };
        let app = Edge::new(self.tenants.clone(), &http, self.clock.clone(), &metrics).protect(presence.router());
        tokio::spawn(serve::serve(listener, app, http, drain.clone(), metrics.clone()));
        let (stop, running) = (CancellationToken::new(), presence.clone());
        let stopped = stop.clone();
        let ended = tokio::spawn(async move { running.run(stopped).await });
        Node { presence, address, drain, metrics, bus, stop, ended }
    }

    // --- What messaging does ---

    pub async fn person(&self) -> Person {
        self.person_of(&self.tenant).await
    }

    /// Somebody of a tenant.
    pub async fn person_of(&self, tenant: &TenantId) -> Person {
        let number = self.names.fetch_add(1, Ordering::SeqCst);
        let user = UserId::generate();
        let new = NewUser {
            id: user,
            email: format!("p{number}@example.com"),
            username: format!("person{number}"),
            full_name: None,
            phone: None,
            password_hash: PASSWORD_HASH.into(),
        };
        confab_store::users::insert(&self.store, tenant, new, self.now()).await.unwrap();
        let login = SessionId::generate();
        let settings = self.tenants.by_id(tenant).unwrap();
        let (token, _) = self.keyring.sign(&settings, user, login, self.now()).unwrap();
        Person { user, login, token }
    }

    /// Somebody whose session is in the store.
    pub async fn signed_in(&self) -> Person {
        let person = self.person().await;
        self.insert_session(&person).await;
        person
    }

    /// Another session of the same person.
    pub async fn another_login(&self, person: &Person) -> Person {
        let login = SessionId::generate();
        let other = Person { user: person.user, login, token: self.token(person.user, login) };
        self.insert_session(&other).await;
        other
    }

    async fn insert_session(&self, person: &Person) {
        let session = NewSession {
            id: person.login,
            user: person.user,
            password_hash: PASSWORD_HASH.into(),
            device_id: None,
            user_agent: None,
            address: None,
            network: None,
            refresh_salt: "salt".to_owned(),
            expires_at: self.now().plus_millis(86_400_000),
        };
        confab_store::sessions::insert(&self.store, &self.tenant, session, self.now()).await.unwrap();
    }

    pub async fn people<const N: usize>(&self) -> [Person; N] {
        let mut people = Vec::new();
        for _ in 0..N {
            people.push(self.person().await);
        }
        people.try_into().unwrap_or_else(|_| unreachable!())
    }

    pub fn token(&self, user: UserId, login: SessionId) -> String {
        self.keyring.sign(&self.settings(), user, login, self.now()).unwrap().0
    }

    pub async fn group(&self, members: &[&Person]) -> ConversationId {
        let committed = self.quiet_group(members).await;
        let id = committed.frame.conversation_id;
        self.publish(committed);
        id
    }

    /// Makes a group and tells nobody.
    pub async fn quiet_group(&self, members: &[&Person]) -> Committed {
        let group = NewGroup {
            id: ConversationId::generate(),
            owner: members[0].user,
            name: "Group".to_owned(),
            avatar_url: None,
            members: members[1..].iter().map(|person| person.user).collect(),
            most_members: 256,
        };
        let made = confab_store::conversations::create_group(&self.store, &self.tenant, group, self.now()).await;
        made.unwrap().committed.unwrap()
    }

    /// Sends a message and tells everybody. Hands out its place.
    pub async fn send(&self, sender: &Person, conversation: ConversationId, text: &str) -> u64 {
        let committed = self.quiet_send(sender, conversation, text).await;
        let seq = committed.frame.seq;
        self.publish(committed);
        seq
    }

    /// Sends a message and tells nobody.
    pub async fn quiet_send(&self, sender: &Person, conversation: ConversationId, text: &str) -> Committed {
        let message = NewMessage {
            id: MessageId::generate(),
            conversation,
            sender: sender.user,
            content_encrypted: text.to_owned(),
            message_type: MessageType::Text,
            metadata: Map::new(),
            reply_to: None,
            temp_id: None,
            at: self.now(),
        };
        confab_store::messages::send(&self.store, &self.tenant, message).await.unwrap().committed.unwrap()
    }

    pub async fn add(&self, actor: &Person, conversation: ConversationId, whom: &Person) -> Committed {
        let (whom, now) = ([whom.user], self.now());
        let added =
            confab_store::members::add(&self.store, &self.tenant, actor.user, conversation, &whom, 256, now).await;
        added.unwrap().unwrap()
    }

    pub async fn remove(&self, actor: &Person, conversation: ConversationId, whom: &Person) -> Committed {
        let removed =
            confab_store::members::remove(&self.store, &self.tenant, actor.user, conversation, whom.user, self.now());
        removed.await.unwrap()
    }

    /// One sends a message, and another reads it. Nobody is told. Hands out its place.
    pub async fn read_newest(&self, sender: &Person, reader: &Person, conversation: ConversationId) -> u64 {
        let committed = self.quiet_send(sender, conversation, "eA==").await;
        let TimelineEvent::MessageReceived { message } = committed.frame.event else {
            panic!("a message is a message");
        };
        let (id, now) = (message.message_id, self.now());
        let (store, tenant) = (&self.store, &self.tenant);
        confab_store::receipts::mark_read(store, tenant, reader.user, conversation, id, now).await.unwrap().unwrap();
        committed.frame.seq
    }

    /// Tells everybody that somebody has read up to `seq`.
    pub fn publish_read(&self, conversation: ConversationId, user: UserId, seq: u64) {
        let frame = ServerFrame::MessageRead {
            conversation_id: conversation,
            message_id: None,
            read_seq: seq,
            read_by: user,
            read_at: self.now(),
        };
        let frame = to_raw_value(&frame).unwrap();
        let notice = ReceiptNotice { conversation, user, kind: ReceiptKind::Read, seq, frame };
        self.bus.publish(BusMessage { tenant: self.tenant.clone(), notice: Notice::Receipt(notice) });
    }

    pub fn publish(&self, committed: Committed) {
        let Committed { frame, joined, left } = committed;
        let notice = TimelineNotice {
            conversation: frame.conversation_id,
            seq: frame.seq,
            frame: to_raw_value(&frame).unwrap(),
            joined,
            left,
        };
        self.bus.publish(BusMessage { tenant: self.tenant.clone(), notice: Notice::Timeline(notice) });
    }
}

impl Node {
    /// A signed-in client.
    pub async fn client(&self, person: &Person) -> Client {
        let mut client = self.open(&format!("?token={}", person.token)).await;
        client.wait_for("auth_success").await;
        client
    }

    /// A socket, with this query.
    pub async fn open(&self, query: &str) -> Client {
        Client::open(self.address, query).await
    }

    /// The value of a metric.
    pub fn metric(&self, name: &str) -> f64 {
        let text = self.metrics.encode();
        let line = text.lines().find(|line| line.starts_with(name) && !line.starts_with('#'));
        line.and_then(|line| line.rsplit(' ').next()?.parse().ok()).unwrap_or_default()
    }
}

async fn open(source: &Source) -> Store {
    Store::open(StoreOptions { source: source.clone(), max_connections: 8 }).await.unwrap()
}

fn bus(redis_url: Option<&str>) -> Bus {
    match redis_url {
        Some(url) => Bus::redis(SecretString::from(url), &Metrics::new()).unwrap(),
        None => Bus::in_process(),
    }
}

/// Waits until something holds.
pub async fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    confab_testbed::process::eventually(what, DEADLINE, &mut holds).await.unwrap();
}
