//! A database of one test, and people in it.

use std::sync::atomic::{AtomicI64, Ordering};

use confab_contract::rest::messages::MessageType;
use confab_contract::{ConversationId, MessageId, TenantId, Timestamp, UserId};
use confab_store::conversations::{self, NewGroup};
use confab_store::messages::{self, NewMessage, Sent};
use confab_store::users::{self, NewUser};
use confab_store::{Refusal, Source, Store, StoreOptions, WriteError};
use secrecy::ExposeSecret as _;
use serde_json::Map;
use sqlx::{Connection as _, Executor as _, PgConnection, SqliteConnection};

/// Makes each of these functions of a [`World`] a test on SQLite and one on Postgres.
macro_rules! on_both_engines {
    ($($name:ident,)*) => {$(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name($crate::world::World::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name($crate::world::World::postgres().await).await;
            }
        }
    )*};
}

/// A migrated database with one open store.
pub struct World {
    pub store: Store,
    pub tenant: TenantId,
    source: Source,
    /// Goes with the test.
    _folder: Option<tempfile::TempDir>,
    clock: AtomicI64,
}

impl World {
    pub async fn sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let source = Source::Sqlite(folder.path().join("confab.db"));
        Self::new(source, Some(folder)).await
    }

    pub async fn postgres() -> Self {
        let database = confab_testbed::postgres().await.database().await;
        Self::new(Source::Postgres(database.url().to_owned().into()), None).await
    }

    async fn new(source: Source, folder: Option<tempfile::TempDir>) -> Self {
        let store = open(source.clone()).await;
        store.migrate().await.unwrap();
        let tenant = "default.demo".parse().unwrap();
        let clock = AtomicI64::new(1_760_000_000_000);
        Self { store, tenant, source, _folder: folder, clock }
    }

    /// Another store on the same database, as another process has it.
    pub async fn another_store(&self) -> Store {
        open(self.source.clone()).await
    }

    pub fn source(&self) -> Source {
        self.source.clone()
    }

    /// A clock that moves only when it is read.
    pub fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.clock.fetch_add(1, Ordering::Relaxed))
    }

    pub async fn user(&self, name: &str) -> UserId {
        self.user_of(&self.tenant, name).await
    }

    pub async fn user_of(&self, tenant: &TenantId, name: &str) -> UserId {
        let user = new_user(name);
        let id = user.id;
        users::insert(&self.store, tenant, user, self.now()).await.unwrap();
        id
    }

    pub async fn users<const N: usize>(&self) -> [UserId; N] {
        let mut ids = Vec::new();
        for number in 0..N {
            ids.push(self.user(&format!("person{number}")).await);
        }
        ids.try_into().unwrap()
    }

    /// A group of the first one's.
    pub async fn group(&self, members: &[UserId]) -> ConversationId {
        let group = new_group(members[0], &members[1..]);
        conversations::create_group(&self.store, &self.tenant, group, self.now()).await.unwrap().id
    }

    pub async fn direct(&self, one: UserId, other: UserId) -> ConversationId {
        conversations::create_direct(&self.store, &self.tenant, one, other, self.now()).await.unwrap().id
    }

    pub fn message(&self, conversation: ConversationId, sender: UserId, text: &str) -> NewMessage {
        NewMessage {
            id: MessageId::generate(),
            conversation,
            sender,
            content_encrypted: text.to_owned(),
            message_type: MessageType::Text,
            metadata: Map::new(),
            reply_to: None,
            temp_id: None,
            at: self.now(),
        }
    }

    pub async fn send(&self, conversation: ConversationId, sender: UserId, text: &str) -> Sent {
        let message = self.message(conversation, sender, text);
        messages::send(&self.store, &self.tenant, message).await.unwrap()
    }

    pub async fn try_send(&self, message: NewMessage) -> Result<Sent, WriteError> {
        messages::send(&self.store, &self.tenant, message).await
    }
}

pub async fn open(source: Source) -> Store {
    Store::open(StoreOptions { source, max_connections: 8 }).await.unwrap()
}

pub fn new_user(name: &str) -> NewUser {
    NewUser {
        id: UserId::generate(),
        email: format!("{name}@example.com"),
        username: name.to_owned(),
        full_name: None,
        phone: None,
        password_hash: "$argon2id$hash".to_owned().into(),
    }
}

pub fn new_group(owner: UserId, members: &[UserId]) -> NewGroup {
    NewGroup {
        id: ConversationId::generate(),
        owner,
        name: "Project".to_owned(),
        avatar_url: None,
        members: members.to_vec(),
        most_members: 500,
    }
}

/// What a write was refused for; anything else fails the test.
pub fn refusal<T: std::fmt::Debug>(result: Result<T, WriteError>) -> Refusal {
    match result {
        Err(WriteError::Refused(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}

/// Runs a statement beside the store.
pub async fn execute(source: &Source, statement: &str) {
    let statement = sqlx::AssertSqlSafe(statement.to_owned());
    match source {
        Source::Sqlite(path) => {
            let mut connection = SqliteConnection::connect(&format!("sqlite://{}", path.display())).await.unwrap();
            connection.execute(statement).await.unwrap();
        }
        Source::Postgres(url) => {
            let mut connection = PgConnection::connect(url.expose_secret()).await.unwrap();
            connection.execute(statement).await.unwrap();
        }
    }
}
