//! A database that goes away and comes back.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use confab_contract::{TenantId, UserId};
use confab_store::conversations;
use confab_store::messages::{self, NewMessage};
use confab_store::{Source, Store, StoreError, StoreOptions, WriteError, timeline, users};
use confab_testbed::{PostgresServer, StopMode};
use futures_util::future::join_all;

use crate::silence::Way;
use crate::world::{new_group, new_user, open};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_gone_database_is_told_as_such_and_heals_by_itself() {
    let mut server = PostgresServer::start().await.unwrap();
    let scene = Scene::new(&server).await;
    server.stop(StopMode::Immediate).await.unwrap();
    // More than a batch: also those that wait behind it must learn of it.
    let sends = join_all((0..600).map(|_| scene.send("YQ==")));
    let reads = join_all((0..20).map(|_| users::get(&scene.store, &scene.tenant, scene.user)));
    let (sends, reads) = futures_util::future::join(sends, reads).await;
    for result in sends {
        assert!(matches!(&result, Err(error) if error.is_unavailable()), "{result:?}");
    }
    for result in reads {
        assert!(matches!(&result, Err(error) if error.is_unavailable()), "{result:?}");
    }
    assert!(scene.store.check().await.unwrap_err().is_unavailable());
    server.start_again().await.unwrap();
    scene.heal().await;
    scene.send("YQ==").await.unwrap();
    assert!(users::get(&scene.store, &scene.tenant, scene.user).await.unwrap().is_some());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_falls_silent_keeps_nobody_waiting_for_ever_and_its_successor_is_used() {
    let server = PostgresServer::start().await.unwrap();
    let database = server.database().await;
    let direct: SocketAddr = database.url().split(['@', '/']).nth(3).unwrap().parse().unwrap();
    let way = Way::to(direct).await;
    let url = database.url().replace(&direct.to_string(), &way.address().to_string());
    let scene = Scene::at(url).await;
    // Connections that were in use a moment ago are not asked whether they live.
    join_all((0..20).map(|_| users::get(&scene.store, &scene.tenant, scene.user))).await;
    scene.send("YQ==").await.unwrap();
    way.silence();
    let sends = join_all((0..20).map(|_| scene.send("YQ==")));
    // More readers than there are connections, and given up by whoever asked, as clients do.
    let reads = join_all((0..40).map(|_| {
        let read = users::get(&scene.store, &scene.tenant, scene.user);
        tokio::time::timeout(Duration::from_millis(500), read)
    }));
    // All are answered. A send that finds no connection makes one, which does reach the server.
    let (sends, _) = futures_util::future::join(sends, reads).await;
    for result in sends {
        assert!(!matches!(&result, Err(error) if !error.is_unavailable()), "{result:?}");
    }
    scene.heal().await;
    scene.send("YQ==").await.unwrap();
    let reads = join_all((0..40).map(|_| users::get(&scene.store, &scene.tenant, scene.user))).await;
    assert!(reads.iter().all(|read| matches!(read, Ok(Some(_)))), "every place in the pool is of use again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn closing_ends_although_the_database_is_frozen() {
    let server = PostgresServer::start().await.unwrap();
    let scene = Scene::new(&server).await;
    scene.send("YQ==").await.unwrap();
    server.pause().unwrap();
    let (send, ()) = futures_util::future::join(scene.send("YQ=="), scene.store.close()).await;
    assert!(matches!(&send, Err(error) if error.is_unavailable()), "{send:?}");
    server.resume().unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_refuses_the_sign_in_is_away_until_it_is_set_right() {
    let server = PostgresServer::start().await.unwrap();
    let missing = server.url("nobody_made_it");
    let wrong = missing.replacen(':', ":x", 2).replacen(":x//", "://", 1);
    for url in [missing, wrong] {
        let options = StoreOptions { source: Source::Postgres(url.into()), max_connections: 4 };
        let error = Store::open(options).await.err().expect("it refuses");
        assert!(error.is_unavailable(), "{error:?}");
        assert!(error.to_string().contains("refuses the sign-in"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_before_a_crash_is_there_after_it_and_a_retry_gives_the_same() {
    let mut server = PostgresServer::start().await.unwrap();
    let scene = Scene::new(&server).await;
    let has_crashed = AtomicBool::new(false);
    let sender = |number: usize| {
        let (scene, has_crashed) = (&scene, &has_crashed);
        async move {
            let mut acknowledged = Vec::new();
            for round in 0.. {
                let message = scene.message("YQ==", Some(format!("{number}-{round}")));
                match messages::send(&scene.store, &scene.tenant, message.clone()).await {
                    Ok(sent) => acknowledged.push((message, sent.message.seq)),
                    Err(error) if error.is_unavailable() => return (acknowledged, Some(message)),
                    Err(error) => panic!("{error:?}"),
                }
                if has_crashed.load(Ordering::Acquire) {
                    tokio::task::yield_now().await;
                }
            }
            unreachable!("the crash ends it")
        }
    };
    let crash = async {
        // Some batches later.
        while timeline::last_seq(&scene.store, &scene.tenant, scene.conversation).await.unwrap() < Some(200) {}
        server.kill9().await.unwrap();
        has_crashed.store(true, Ordering::Release);
    };
    let (outcomes, ()) = futures_util::future::join(join_all((0..16).map(sender)), crash).await;
    server.start_again().await.unwrap();
    scene.heal().await;
    let mut seqs = BTreeSet::new();
    for (acknowledged, unknown) in outcomes {
        for (message, seq) in acknowledged {
            let again = scene.retry(message).await;
            assert_eq!(again, seq);
            assert!(seqs.insert(seq));
        }
        if let Some(unknown) = unknown {
            let first = scene.retry(unknown.clone()).await;
            assert_eq!(scene.retry(unknown).await, first);
            assert!(seqs.insert(first));
        }
    }
    let frames = timeline::read(&scene.store, &scene.tenant, scene.conversation, 0, u64::MAX, 100_000).await.unwrap();
    let stored: Vec<u64> = frames.iter().map(|frame| frame.seq).collect();
    assert_eq!(stored, (1..=stored.len() as u64).collect::<Vec<_>>());
    assert_eq!(seqs.into_iter().collect::<Vec<_>>(), stored[1..]);
}

struct Scene {
    store: Store,
    tenant: TenantId,
    user: UserId,
    conversation: confab_contract::ConversationId,
}

impl Scene {
    async fn new(server: &PostgresServer) -> Self {
        Self::at(server.database().await.url().to_owned()).await
    }

    async fn at(url: String) -> Self {
        let store = open(Source::Postgres(url.into())).await;
        store.migrate().await.unwrap();
        let tenant: TenantId = "default.demo".parse().unwrap();
        let now = confab_contract::Timestamp::from_millis(1);
        let user = users::insert(&store, &tenant, new_user("ada"), now).await.unwrap().id;
        let group = new_group(user, &[]);
        let conversation = conversations::create_group(&store, &tenant, group, now).await.unwrap().id;
        Self { store, tenant, user, conversation }
    }

    fn message(&self, text: &str, temp_id: Option<String>) -> NewMessage {
        NewMessage {
            id: confab_contract::MessageId::generate(),
            conversation: self.conversation,
            sender: self.user,
            content_encrypted: text.to_owned(),
            message_type: confab_contract::rest::messages::MessageType::Text,
            metadata: serde_json::Map::new(),
            reply_to: None,
            temp_id,
            at: confab_contract::Timestamp::from_millis(2),
        }
    }

    async fn send(&self, text: &str) -> Result<u64, WriteError> {
        let sent = messages::send(&self.store, &self.tenant, self.message(text, None)).await?;
        Ok(sent.message.seq)
    }

    async fn retry(&self, message: NewMessage) -> u64 {
        let message = NewMessage { id: confab_contract::MessageId::generate(), ..message };
        messages::send(&self.store, &self.tenant, message).await.unwrap().message.seq
    }

    /// Asks until it is ready, as a probe does; a server in recovery refuses for a moment.
    async fn heal(&self) {
        loop {
            match self.store.check().await {
                Ok(()) => return,
                Err(StoreError::Unavailable { .. }) => tokio::task::yield_now().await,
                Err(error) => panic!("{error:?}"),
            }
        }
    }
}
