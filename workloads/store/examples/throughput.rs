//! How many messages the group-commit writer stores per second, with nothing around it.
//!
//! `cargo run --release -p confab-store --example throughput -- sqlite|postgres [seconds]`
#![expect(clippy::print_stdout, reason = "figures for whoever runs it")]

use std::time::{Duration, Instant};

use confab_contract::rest::messages::MessageType;
use confab_contract::{ConversationId, MessageId, TenantId, Timestamp, UserId};
use confab_store::conversations::{self, NewGroup};
use confab_store::messages::{self, Cursor, NewMessage};
use confab_store::users::{self, NewUser};
use confab_store::{Source, Store, StoreOptions};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

const CONVERSATIONS: usize = 1000;
const BODY_BYTES: usize = 200;

#[tokio::main]
async fn main() -> Outcome {
    let mut arguments = std::env::args().skip(1);
    let engine = arguments.next().unwrap_or_else(|| "sqlite".to_owned());
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(3);
    let folder = tempfile::tempdir()?;
    let source = match engine.as_str() {
        "postgres" => Source::Postgres(confab_testbed::postgres().await.database().await.url().to_owned().into()),
        _ => Source::Sqlite(folder.path().join("confab.db")),
    };
    let scene = Scene::new(source).await?;
    for senders in [1, 16, 128, 256] {
        scene.measure(&engine, senders, CONVERSATIONS, Duration::from_secs(seconds)).await?;
    }
    scene.measure(&engine, 128, 1, Duration::from_secs(seconds)).await?;
    scene.read().await
}

struct Scene {
    store: Store,
    tenant: TenantId,
    user: UserId,
    conversations: Vec<ConversationId>,
}

impl Scene {
    async fn new(source: Source) -> Outcome<Self> {
        let store = Store::open(StoreOptions { source, max_connections: 16 }).await?;
        store.migrate().await?;
        let tenant: TenantId = "default.demo".parse()?;
        let mut people = Vec::new();
        for name in ["ada", "bob"] {
            let user = NewUser {
                id: UserId::generate(),
                email: format!("{name}@example.com"),
                username: name.to_owned(),
                full_name: None,
                phone: None,
                password_hash: "hash".to_owned().into(),
            };
            people.push(users::insert(&store, &tenant, user, now()).await?.id);
        }
        let mut conversations = Vec::new();
        for _ in 0..CONVERSATIONS {
            let group = NewGroup {
                id: ConversationId::generate(),
                owner: people[0],
                name: "Group".to_owned(),
                avatar_url: None,
                members: vec![people[1]],
                most_members: 9,
            };
            conversations.push(conversations::create_group(&store, &tenant, group, now()).await?.id);
        }
        Ok(Self { store, tenant, user: people[0], conversations })
    }

    async fn measure(&self, engine: &str, senders: usize, conversations: usize, time: Duration) -> Outcome {
        let start = Instant::now();
        let tasks = (0..senders).map(|sender| {
            let (store, tenant, user) = (self.store.clone(), self.tenant.clone(), self.user);
            let places = self.conversations[..conversations].to_vec();
            tokio::spawn(async move {
                let mut micros = Vec::new();
                while start.elapsed() < time {
                    let place = places[(sender * 7919 + micros.len() * 31) % places.len()];
                    let begin = Instant::now();
                    messages::send(&store, &tenant, message(place, user)).await?;
                    micros.push(begin.elapsed().as_micros());
                }
                Outcome::Ok(micros)
            })
        });
        let mut micros = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            micros.extend(task.await??);
        }
        let rate = u128::try_from(micros.len())? * 1000 / start.elapsed().as_millis().max(1);
        micros.sort_unstable();
        let (half, most) = (micros[micros.len() / 2], micros[micros.len() * 99 / 100]);
        println!(
            "{engine:8} {senders:4} senders {conversations:5} conversations: {rate:6}/s  p50 {half} us  p99 {most} us"
        );
        Ok(())
    }

    /// A page, a view and a list, after all those messages.
    async fn read(&self) -> Outcome {
        let (store, tenant, user) = (&self.store, &self.tenant, self.user);
        let begin = Instant::now();
        for round in 0..200 {
            let place = self.conversations[(round * 31) % CONVERSATIONS];
            messages::page(store, tenant, user, place, Cursor::Newest, 50).await?;
        }
        println!("page of 50: {} us each", begin.elapsed().as_micros() / 200);
        let begin = Instant::now();
        for _ in 0..20 {
            conversations::list(store, tenant, user, 50, 0, now()).await?;
        }
        println!("list of 50 conversations: {} us each", begin.elapsed().as_micros() / 20);
        Ok(())
    }
}

fn message(conversation: ConversationId, sender: UserId) -> NewMessage {
    let id = MessageId::generate();
    NewMessage {
        id,
        conversation,
        sender,
        content_encrypted: "QUJD".repeat(BODY_BYTES / 4),
        message_type: MessageType::Text,
        metadata: serde_json::Map::new(),
        reply_to: None,
        temp_id: Some(id.to_string()),
        at: now(),
    }
}

fn now() -> Timestamp {
    let since = std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap_or_default();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or_default())
}
