//! Keys and revocations between processes, on both engines.
#![allow(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use confab_chassis::background::Background;
use confab_chassis::bus::Bus;
use confab_chassis::clock::{Clock, ManualClock};
use confab_chassis::seal::MasterKey;
use confab_chassis::tenant::{Tenant, Tenants};
use confab_chassis::token::{Keyring, Revocations, TokenError, Verifier};
use confab_contract::bus::{BusMessage, Notice};
use confab_contract::config::tenant::{AuthConfig, TenantConfig};
use confab_contract::{SessionId, Timestamp, UserId};
use confab_identity::{IdentityFeed, IdentityParts, KeyError, ended};
use confab_store::sessions::{self, NewSession};
use confab_store::users::{self, NewUser};
use confab_store::{Source, Store, StoreOptions};
use confab_testbed::postgres;
use secrecy::SecretString;

/// One process: its feed and the memories that it fills.
struct Process {
    feed: IdentityFeed,
    keyring: Keyring,
    revocations: Revocations,
    verifier: Verifier,
}

/// What processes share.
struct World {
    store: Store,
    clock: Clock,
    hand: ManualClock,
    tenants: Tenants,
    bus: Bus,
    _folder: tempfile::TempDir,
}

impl World {
    async fn on_sqlite() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self::on(Source::Sqlite(folder.path().join("confab.db")), folder).await
    }

    async fn on_postgres() -> Self {
        let database = postgres().await.database().await;
        Self::on(Source::Postgres(SecretString::from(database.url())), tempfile::tempdir().unwrap()).await
    }

    async fn on(source: Source, folder: tempfile::TempDir) -> Self {
        let store = Store::open(StoreOptions { source, max_connections: 8 }).await.unwrap();
        store.migrate().await.unwrap();
        let (clock, hand) = Clock::manual(Timestamp::from_millis(1_768_473_000_000));
        let tenants = Tenants::new(vec![TenantConfig::new("default.demo".parse().unwrap(), "demo.example.com")]);
        Self { store, clock, hand, tenants, bus: Bus::in_process(), _folder: folder }
    }

    fn tenant(&self) -> std::sync::Arc<Tenant> {
        self.tenants.all().remove(0)
    }

    fn process(&self, master_key: u8) -> Process {
        let (keyring, revocations) = (Keyring::new(), Revocations::new());
        let verifier = Verifier::new(keyring.clone(), revocations.clone(), self.clock.clone());
        let feed = IdentityFeed::new(IdentityParts {
            store: self.store.clone(),
            tenants: self.tenants.clone(),
            master_key: MasterKey::from_bytes(&[master_key; 32]),
            keyring: keyring.clone(),
            revocations: revocations.clone(),
            bus: self.bus.clone(),
            clock: self.clock.clone(),
        });
        Process { feed, keyring, revocations, verifier }
    }

    /// A session that was opened and revoked.
    async fn revoked_session(&self) -> SessionId {
        let (tenant, now) = (self.tenant(), self.clock.now());
        let user = UserId::generate();
        let new = NewUser {
            id: user,
            email: format!("{user}@example.com"),
            username: user.to_string(),
            full_name: None,
            phone: None,
            password_hash: SecretString::from("x"),
        };
        users::insert(&self.store, tenant.id(), new, now).await.unwrap();
        let id = SessionId::generate();
        let session = NewSession {
            id,
            user,
            password_hash: SecretString::from("x"),
            device_id: None,
            user_agent: None,
            address: None,
            network: None,
            refresh_salt: "salt".to_owned(),
            expires_at: now.plus_millis(1_000_000_000),
        };
        sessions::insert(&self.store, tenant.id(), session, now).await.unwrap();
        assert!(sessions::revoke(&self.store, tenant.id(), user, id, now).await.unwrap());
        id
    }
}

macro_rules! on_both_engines {
    ($(async fn $name:ident($world:ident: &World) $body:block)+) => {
        $(async fn $name($world: &World) $body)+

        mod sqlite {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&super::World::on_sqlite().await).await;
            })+
        }

        mod postgres {
            $(#[tokio::test]
            async fn $name() {
                super::$name(&super::World::on_postgres().await).await;
            })+
        }
    };
}

on_both_engines! {
    async fn processes_that_start_together_agree_on_one_key(world: &World) {
        let processes: Vec<_> = (0..4).map(|_| world.process(7)).collect();
        let [a, b, c, d] = &processes[..] else { unreachable!("four") };
        let (a, b, c, d) = tokio::join!(a.feed.prime(), b.feed.prime(), c.feed.prime(), d.feed.prime());
        for outcome in [a, b, c, d] {
            outcome.unwrap();
        }
        let id = world.tenant().id().clone();
        let kids: Vec<_> = processes.iter().map(|process| process.keyring.kids(&id)).collect();
        assert_eq!(kids[0].len(), 1);
        assert!(kids.windows(2).all(|pair| pair[0] == pair[1]), "{kids:?}");
    }

    async fn a_key_takes_over_without_refusing_a_token(world: &World) {
        let (old, tenant) = (world.process(7), world.tenant());
        old.feed.prime().await.unwrap();
        let first = old.keyring.kids(tenant.id());
        let life = i64::from(tenant.auth().signing_key_seconds) * 1000;
        world.hand.advance(life - 60_000);
        old.feed.prime().await.unwrap();
        assert_eq!(old.keyring.kids(tenant.id()).len(), 2, "the next key is there before it signs");
        let sign = |process: &Process| {
            let (user, session) = (UserId::generate(), SessionId::generate());
            process.keyring.sign(&tenant, user, session, world.clock.now()).unwrap().0
        };
        let before = sign(&old);
        world.hand.advance(120_000);
        let after = sign(&old);
        let other = world.process(7);
        other.feed.prime().await.unwrap();
        for token in [&before, &after] {
            other.verifier.verify(&tenant, token).unwrap();
        }
        world.hand.advance(life - 1_000_000_000);
        other.feed.prime().await.unwrap();
        assert!(!other.keyring.kids(tenant.id()).contains(&first[0]), "in the end the first key is gone");
    }

    async fn after_a_pause_longer_than_any_key_a_new_one_is_made(world: &World) {
        let (process, tenant) = (world.process(7), world.tenant());
        process.feed.prime().await.unwrap();
        let first = process.keyring.kids(tenant.id());
        world.hand.advance(365 * 24 * 3600 * 1000);
        process.feed.prime().await.unwrap();
        let now = process.keyring.kids(tenant.id());
        assert!(now.len() == 1 && now != first);
        process.keyring.sign(&tenant, UserId::generate(), SessionId::generate(), world.clock.now()).unwrap();
    }

    async fn a_wrong_master_key_is_told(world: &World) {
        world.process(7).feed.prime().await.unwrap();
        let error = world.process(8).feed.prime().await.unwrap_err();
        assert!(matches!(error, KeyError::Sealed { .. }), "{error}");
    }

    async fn revocations_are_known_after_priming_for_as_long_as_any_token_lives(world: &World) {
        let (session, tenant) = (world.revoked_session().await, world.tenant());
        world.hand.advance(i64::from(AuthConfig::ACCESS_TOKEN_SECONDS_MAX) * 1000);
        let in_time = world.process(7);
        in_time.feed.prime().await.unwrap();
        assert!(in_time.revocations.is_revoked(tenant.id(), session));
        world.hand.advance(120_000);
        let later = world.process(7);
        later.feed.prime().await.unwrap();
        assert!(!later.revocations.is_revoked(tenant.id(), session), "no token of that session is left");
    }

    async fn a_shorter_life_of_tokens_revives_none_that_was_revoked(world: &World) {
        let mut longer = TenantConfig::new("default.demo".parse().unwrap(), "demo.example.com");
        longer.auth.access_token_seconds = 3 * 3600;
        world.tenants.replace(vec![longer.clone()]);
        let (old, session, user) = (world.process(7), world.revoked_session().await, UserId::generate());
        old.feed.prime().await.unwrap();
        let (token, _) = old.keyring.sign(&world.tenant(), user, session, world.clock.now()).unwrap();
        longer.auth.access_token_seconds = 60;
        world.tenants.replace(vec![longer]);
        world.hand.advance(2 * 3_600_000);
        let restarted = world.process(7);
        restarted.feed.prime().await.unwrap();
        assert_eq!(restarted.verifier.verify(&world.tenant(), &token).unwrap_err(), TokenError::Revoked);
    }

    async fn a_tenant_that_comes_later_has_its_earlier_revocations(world: &World) {
        let session = world.revoked_session().await;
        let known = world.tenant();
        world.tenants.replace(vec![]);
        let process = world.process(7);
        process.feed.prime().await.unwrap();
        world.tenants.replace(vec![known.config.clone()]);
        assert!(process.revocations.is_revoked(known.id(), session));
    }

    async fn one_tenant_whose_keys_do_not_open_keeps_no_other_waiting(world: &World) {
        world.process(8).feed.prime().await.unwrap();
        let well = TenantConfig::new("default.well".parse().unwrap(), "well.example.com");
        world.tenants.replace(vec![world.tenant().config.clone(), well.clone()]);
        let process = world.process(7);
        process.feed.prime().await.unwrap();
        assert_eq!(process.keyring.kids(&well.id).len(), 1);
        assert!(process.keyring.kids(world.tenant().id()).is_empty());
    }

    async fn a_revocation_on_the_bus_counts_before_the_store_is_read(world: &World) {
        let (process, tenant, session) = (world.process(7), world.tenant(), SessionId::generate());
        process.feed.prime().await.unwrap();
        let (mut news, background) = (process.revocations.subscribe(), Background::new());
        process.feed.spawn(&background);
        let tell = || {
            let notice = Notice::SessionRevoked { user: UserId::generate(), session };
            world.bus.publish(BusMessage { tenant: tenant.id().clone(), notice });
        };
        // The store holds no such session, so only the bus can have told. Until the feed listens nobody hears.
        let told = async {
            while news.try_recv().is_err() {
                tell();
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), told).await.unwrap();
        assert!(process.revocations.is_revoked(tenant.id(), session));
        assert!(background.stop(std::time::Duration::from_secs(5)).await);
    }

    async fn sessions_are_kept_for_ninety_days_after_their_end(world: &World) {
        let (session, tenant) = (world.revoked_session().await, world.tenant());
        let left = async || sessions::get(&world.store, tenant.id(), session).await.unwrap().is_some();
        let day = 24 * 3_600_000;
        ended::purge(&world.store, world.clock.now().plus_millis(90 * day)).await.unwrap();
        assert!(left().await);
        ended::purge(&world.store, world.clock.now().plus_millis(90 * day + 1)).await.unwrap();
        assert!(!left().await);
    }

    async fn a_running_feed_hears_of_revocations(world: &World) {
        let (process, tenant) = (world.process(7), world.tenant());
        process.feed.prime().await.unwrap();
        let mut news = process.revocations.subscribe();
        let background = Background::new();
        process.feed.spawn(&background);
        let session = world.revoked_session().await;
        assert_eq!(news.recv().await.unwrap(), (tenant.id().clone(), session));
        assert!(background.stop(std::time::Duration::from_secs(5)).await);
    }

    async fn a_tenant_that_appears_gets_its_keys(world: &World) {
        let process = world.process(7);
        process.feed.prime().await.unwrap();
        let background = Background::new();
        process.feed.spawn(&background);
        let new = TenantConfig::new("default.new".parse().unwrap(), "new.example.com");
        let id = new.id.clone();
        world.tenants.replace(vec![new]);
        let appeared = async {
            while process.keyring.kids(&id).is_empty() {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(std::time::Duration::from_secs(20), appeared).await.unwrap();
    }
}
