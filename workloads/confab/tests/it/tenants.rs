//! Tenants told by gRPC, on two processes of each service: what one was told, all serve.

use std::time::{Duration, Instant};

use confab_contract::admin::v1::{RemoveMode, RemovedState};
use confab_contract::admin::{GuestPolicy, TenantRecord};
use confab_contract::config::tenant::Registration;
use confab_contract::socket::close::CloseReason;
use confab_testbed::process::Signal;
use confab_testbed::{Database, RedisServer, postgres};
use reqwest::Method;
use serde_json::json;

use crate::http::{PASSWORD, log_in, post, register, token, try_ask};
use crate::operator::{Operator, changed, guest, host_record, operator_key};
use crate::program::{Scratch, until};
use crate::separate::{Service, until_status};
use crate::socket::Socket;

/// Two of each, with an operator who may speak with the first and the second messaging process.
struct Cell {
    services: [Service; 4],
    first: Operator,
    second: Operator,
    scratch: Scratch,
    redis: RedisServer,
    database: Database,
}

impl Cell {
    async fn start() -> Self {
        let (scratch, key) = (Scratch::new(), operator_key());
        let (database, redis) = (postgres().await.database().await, RedisServer::start().await.unwrap());
        let start = |kind: &str, name: &str| {
            Service::of_a_cell(&scratch, kind, name, &json!({"url": database.url()}), Some(&redis), Some(&key))
        };
        let services =
            [start("messaging", "m1"), start("messaging", "m2"), start("presence", "p1"), start("presence", "p2")];
        for service in &services {
            service.wait_ready().await;
        }
        let first = Operator::at(services[0].admin.as_deref().unwrap(), &key).await;
        let second = Operator::at(services[1].admin.as_deref().unwrap(), &key).await;
        let mut cell = Self { services, first, second, scratch, redis, database };
        cell.first.serves(&[host_record()]).await;
        cell
    }

    fn messaging(&self) -> [String; 2] {
        [self.services[0].api.clone(), self.services[1].api.clone()]
    }

    fn presence(&self) -> [String; 2] {
        [self.services[2].api.clone(), self.services[3].api.clone()]
    }
}

/// The host name of a guest.
fn at(name: &str) -> String {
    format!("{name}.example.com")
}

/// What a request of nobody is answered, at each of these processes.
async fn statuses(apis: [String; 2], host: &str) -> [u16; 2] {
    let mut found = [0; 2];
    for (status, api) in found.iter_mut().zip(apis) {
        let url = format!("{api}/v1/users/me");
        *status = try_ask(Method::GET, &url, Some(host), "", None).await.unwrap().status;
    }
    found
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_new_tenant_is_used_through_any_process_at_once() {
    let mut cell = Cell::start().await;
    for round in 0..5 {
        let host = at(&format!("g{round}"));
        cell.first.serves(&[guest(&format!("g{round}"))]).await;
        // Not one request is answered 404, whichever process gets it first.
        let [m1, m2] = &cell.messaging();
        assert_eq!(register(m2, Some(&host), "ada").await.status, 201);
        let token = token(&log_in(m1, Some(&host), "ada").await);
        for api in cell.presence() {
            let mut socket = Socket::open(&api, &host, &token).await;
            socket.wait_for("auth_success").await;
        }
    }
    assert_eq!(statuses(cell.messaging(), "nobody.example.com").await, [404, 404]);
    let socket = Socket::try_open(&cell.presence()[0], "nobody.example.com", "x").await;
    assert_eq!(socket.err(), Some(404));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_redis_a_new_tenant_is_used_at_once_too() {
    let mut cell = Cell::start().await;
    cell.redis.stop().await.unwrap();
    let host = at("quiet");
    cell.first.serves(&[guest("quiet")]).await;
    let [m1, m2] = &cell.messaging();
    assert_eq!(register(m2, Some(&host), "ada").await.status, 201);
    let token = token(&log_in(m1, Some(&host), "ada").await);
    for api in cell.presence() {
        Socket::open(&api, &host, &token).await.wait_for("auth_success").await;
    }
    // What changes is found by looking: within two seconds and the look itself.
    let closed = changed(&guest("quiet"), |record| record.config.auth.registration = Registration::Closed);
    cell.first.serves(&[closed]).await;
    let refused = || async { register(&cell.messaging()[1], Some(&host), "bob").await.status == 403 };
    until("the peer has the new settings", refused).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn settings_take_effect_on_all_processes_and_open_sockets() {
    let mut cell = Cell::start().await;
    let host = at("one");
    let mut strict = guest("one");
    strict.config.limits.websocket.requests = 1;
    cell.first.serves(std::slice::from_ref(&strict)).await;
    let [m1, m2] = &cell.messaging();
    register(m1, Some(&host), "ada").await;
    let token = token(&log_in(m1, Some(&host), "ada").await);
    let mut socket = Socket::open(&cell.presence()[1], &host, &token).await;
    socket.wait_for("auth_success").await;
    let nobody = json!({"type": "subscribe_presence", "user_ids": ["usr_01946a2b3c4d7e8f9a0b1c2d3e4f5a6b"]});
    socket.send(&nobody).await;
    socket.wait_for("presence_subscribed").await;
    socket.send(&nobody).await;
    assert_eq!(socket.wait_for("error").await["code"], "RATE_LIMIT_EXCEEDED");

    let milder = changed(&strict, |record| {
        record.config.limits.websocket.requests = 1000;
        record.config.auth.registration = Registration::Closed;
    });
    cell.second.serves(std::slice::from_ref(&milder)).await;
    assert_eq!(register(m2, Some(&host), "bob").await.status, 403, "who was told");
    let refused = || async { register(m1, Some(&host), "bob").await.status == 403 };
    until("the peer has the new settings", refused).await;
    let deadline = Instant::now() + Duration::from_secs(10);
    loop {
        socket.send(&nobody).await;
        if socket.wait_for_any(&["error", "presence_subscribed"]).await["type"] == "presence_subscribed" {
            break;
        }
        assert!(Instant::now() < deadline, "the open socket keeps the old limit");
    }
    // Two connections were allowed, one is from now on.
    let _second = Socket::open(&cell.presence()[1], &host, &token).await;
    let one = changed(&milder, |record| record.config.limits.connections_per_user = 1);
    cell.first.serves(&[one]).await;
    assert_eq!(socket.closed().await, Some(CloseReason::Replaced.code()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hibernated_tenant_says_so_closes_its_sockets_and_goes_on_where_it_was() {
    let mut cell = Cell::start().await;
    let host = at("one");
    cell.first.serves(&[guest("one"), guest("two")]).await;
    let [m1, m2] = &cell.messaging();
    register(m1, Some(&host), "ada").await;
    register(m1, Some(&at("two")), "bob").await;
    let token_of_ada = token(&log_in(m2, Some(&host), "ada").await);
    let token_of_bob = token(&log_in(m2, Some(&at("two")), "bob").await);
    let mut sockets = Vec::new();
    for api in cell.presence() {
        let mut socket = Socket::open(&api, &host, &token_of_ada).await;
        socket.wait_for("auth_success").await;
        sockets.push(socket);
    }
    let mut of_another = Socket::open(&cell.presence()[0], &at("two"), &token_of_bob).await;
    of_another.wait_for("auth_success").await;

    let asleep = changed(&guest("one"), |record| record.hibernated = true);
    let began = Instant::now();
    cell.first.serves(std::slice::from_ref(&asleep)).await;
    for mut socket in sockets {
        assert_eq!(socket.closed().await, Some(CloseReason::NotServed.code()));
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    let me = format!("{m1}/v1/users/me");
    let answer = try_ask(Method::GET, &me, Some(&host), &token_of_ada, None).await.unwrap();
    assert_eq!((answer.status, &answer.body["error"]["code"]), (503, &json!("SERVICE_UNAVAILABLE")));
    assert_eq!(answer.body["error"]["details"]["reason"], "tenant_hibernated");
    assert!(answer.retry_after.is_some());
    assert_eq!(Socket::try_open(&cell.presence()[1], &host, &token_of_ada).await.err(), Some(503));
    of_another.ping().await;

    cell.second.serves(&[changed(&asleep, |record| record.hibernated = false)]).await;
    let awake = || async { statuses(cell.messaging(), &host).await == [401, 401] };
    until("both answer again", awake).await;
    let answer = try_ask(Method::GET, &me, Some(&host), &token_of_ada, None).await.unwrap();
    assert_eq!(answer.status, 200, "the session goes on: {answer:?}");
    Socket::open(&cell.presence()[0], &host, &token_of_ada).await.wait_for("auth_success").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_guest_that_the_host_does_not_admit_any_more_is_told_so_until_it_does() {
    let mut cell = Cell::start().await;
    let host = at("one");
    cell.first.serves(&[guest("one")]).await;
    register(&cell.messaging()[0], Some(&host), "ada").await;
    let token = token(&log_in(&cell.messaging()[0], Some(&host), "ada").await);
    let mut socket = Socket::open(&cell.presence()[0], &host, &token).await;
    socket.wait_for("auth_success").await;
    let only_own = changed(&host_record(), |record| record.guests = Some(GuestPolicy::default()));
    cell.first.serves(std::slice::from_ref(&only_own)).await;
    assert_eq!(socket.closed().await, Some(CloseReason::NotServed.code()));
    until("both refuse", || async { statuses(cell.messaging(), &host).await == [403, 403] }).await;
    let url = format!("{}/v1/users/me", cell.messaging()[1]);
    let answer = try_ask(Method::GET, &url, Some(&host), &token, None).await.unwrap();
    assert_eq!(answer.body["error"]["details"]["reason"], "tenant_not_allowed");
    assert_eq!(Socket::try_open(&cell.presence()[1], &host, &token).await.err(), Some(403));
    cell.first.serves(&[changed(&only_own, |record| record.guests = host_record().guests)]).await;
    until("both serve", || async { statuses(cell.messaging(), &host).await == [401, 401] }).await;
    assert_eq!(try_ask(Method::GET, &url, Some(&host), &token, None).await.unwrap().status, 200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removed_tenant_is_unknown_and_what_is_under_way_comes_to_its_end() {
    let mut cell = Cell::start().await;
    let host = at("one");
    cell.first.serves(&[guest("one")]).await;
    let [m1, m2] = &cell.messaging();
    register(m1, Some(&host), "ada").await;
    let bob = register(m1, Some(&host), "bob").await.body["data"]["user_id"].clone();
    let token = token(&log_in(m1, Some(&host), "ada").await);
    let mut socket = Socket::open(&cell.presence()[1], &host, &token).await;
    socket.wait_for("auth_success").await;
    let body = json!({"type": "direct", "participant_id": bob});
    let made = try_ask(Method::POST, &format!("{m1}/v1/conversations"), Some(&host), &token, Some(body)).await.unwrap();
    let conversation = made.body["data"]["conversation_id"].as_str().unwrap_or_else(|| panic!("{made:?}")).to_owned();
    let sends: Vec<_> = (0..200)
        .map(|number| {
            let api = if number % 2 == 0 { m1 } else { m2 };
            let url = format!("{api}/v1/conversations/{conversation}/messages");
            let (host, token) = (host.clone(), token.clone());
            let body = json!({"content_encrypted": "aGk=", "message_type": "text", "temp_id": format!("t{number}")});
            tokio::spawn(async move { try_ask(Method::POST, &url, Some(&host), &token, Some(body)).await })
        })
        .collect();
    assert_eq!(cell.first.remove(&guest("one"), RemoveMode::Delete).await, RemovedState::Deleting);
    assert_eq!(socket.closed().await, Some(CloseReason::NotServed.code()));
    for send in sends {
        let answer = send.await.unwrap().expect("every request is answered");
        // Done before, or refused because the tenant or what it needs is gone; never an error of ours.
        assert!(matches!(answer.status, 201 | 401 | 403 | 404), "{answer:?}");
    }
    until("both know nobody", || async { statuses(cell.messaging(), &host).await == [404, 404] }).await;
    assert_eq!(Socket::try_open(&cell.presence()[0], &host, &token).await.err(), Some(404));

    // Whoever was told dies in the middle of it; another process goes on.
    cell.services[0].running.signal(Signal::Kill);
    cell.second.until_gone(&guest("one")).await;
    let again = TenantRecord { uid: "another".to_owned(), ..guest("one") };
    cell.second.serves(&[again]).await;
    let login = log_in(&cell.messaging()[1], Some(&host), "ada").await;
    assert_eq!(login.status, 401, "nobody is left of the former: {login:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_that_starts_later_serves_everybody_and_counts_them() {
    let mut cell = Cell::start().await;
    let asleep = TenantRecord { hibernated: true, ..guest("asleep") };
    cell.first.serves(&[guest("one"), guest("two"), asleep]).await;
    let database = json!({"url": cell.database.url()});
    let late = Service::of_a_cell(&cell.scratch, "messaging", "late", &database, Some(&cell.redis), None);
    late.wait_ready().await;
    assert_eq!(register(&late.api, Some(&at("two")), "ada").await.status, 201);
    let metrics = reqwest::get(format!("{}/metrics", late.ops)).await.unwrap().text().await.unwrap();
    assert!(metrics.contains("confab_tenants{state=\"serving\"} 3"), "{metrics}");
    assert!(metrics.contains("confab_tenants{state=\"hibernated\"} 1"), "{metrics}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_with_another_master_key_ends_and_says_so() {
    let mut cell = Cell::start().await;
    cell.first.serves(&[guest("one")]).await;
    std::fs::remove_file(cell.scratch.path().join("shared.key")).unwrap();
    let database = json!({"url": cell.database.url()});
    for kind in ["messaging", "presence"] {
        let mut other = Service::of_a_cell(&cell.scratch, kind, "other", &database, Some(&cell.redis), None);
        other.running.ends().await.badly(&["sealed by another master key", "same key file"]);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_log_filter_is_read_and_changed_while_a_process_runs() {
    let cell = Cell::start().await;
    let filter = format!("{}/log-filter", cell.services[0].ops);
    let put = async |text: &'static str| {
        let reply = reqwest::Client::new().put(&filter).body(text).send().await.unwrap();
        (reply.status().as_u16(), reply.text().await.unwrap())
    };
    assert_eq!(reqwest::get(&filter).await.unwrap().text().await.unwrap(), "info\n");
    let [m1, _] = &cell.messaging();
    try_ask(Method::GET, &format!("{m1}/v1/quiet"), None, "", None).await.unwrap();
    assert_eq!(put("info,confab_chassis=debug").await.0, 200);
    try_ask(Method::GET, &format!("{m1}/v1/loud"), None, "", None).await.unwrap();
    let said = || async { cell.services[0].running.said().contains("/v1/loud") };
    until("requests are logged", said).await;
    assert!(!cell.services[0].running.said().contains("/v1/quiet"));
    let (status, reason) = put("confab=loud").await;
    assert_eq!(status, 400);
    assert!(reason.contains("not a log filter"), "{reason}");
    assert!(reqwest::get(&filter).await.unwrap().text().await.unwrap().contains("confab_chassis=debug"));
    until_status(&format!("{}/healthz", cell.services[0].ops), 200).await;
    let answer = post(&format!("{m1}/log-filter"), Some(&at("one")), json!({"password": PASSWORD})).await;
    assert_eq!(answer.status, 404, "it is not for the public");
}
