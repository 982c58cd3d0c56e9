//! `confab-messaging` and `confab-presence` on Postgres and Redis.

use std::path::Path;

use confab_contract::admin::token::OperatorKey;
use confab_testbed::{Database, RedisServer, free_port};
use reqwest::Method;
use serde_json::{Value, json};

use crate::http::try_ask;
use crate::operator::host;
use crate::program::{Running, Scratch, confab, sibling, until};

/// One process of a service.
pub struct Service {
    pub running: Running,
    pub api: String,
    pub ops: String,
    /// Where it listens to the operator.
    pub admin: Option<String>,
}

impl Service {
    /// Starts `confab-<kind>`; it need not become ready.
    pub fn start(scratch: &Scratch, kind: &str, name: &str, database: &str, redis: Option<&RedisServer>) -> Self {
        let tenants = json!({
            "tenants": [{
                "id": "default.demo", "domain": "chat.example.com", "extra_hosts": ["127.0.0.1", "localhost"],
                "limits": {"authentication": {"requests": 1_000_000, "per_seconds": 1}},
            }],
        });
        Self::start_with(scratch, kind, name, &json!({"url": database}), redis, &tenants)
    }

    /// Starts `confab-<kind>`, or `confab serve`, which learns its tenants from the store, and from an operator with this key.
    pub fn of_a_cell(
        scratch: &Scratch,
        kind: &str,
        name: &str,
        database: &Value,
        redis: Option<&RedisServer>,
        key: Option<&OperatorKey>,
    ) -> Self {
        let admin = key.filter(|_| kind != "presence").map(|_| format!("127.0.0.1:{}", free_port().unwrap()));
        let mut more = json!({"tenant_source": "store"});
        if let (Some(address), Some(key)) = (&admin, key) {
            more["admin"] = json!({"listen": address, "host": host(), "operator_keys": [key.public_key()]});
        }
        Self { admin, ..Self::start_with(scratch, kind, name, database, redis, &more) }
    }

    fn start_with(
        scratch: &Scratch,
        kind: &str,
        name: &str,
        database: &Value,
        redis: Option<&RedisServer>,
        more: &Value,
    ) -> Self {
        let (port, ops) = (free_port().unwrap(), free_port().unwrap());
        let mut config = json!({
            "master_key_file": master_key(scratch.path()),
            "database": database,
            "bus": redis.map_or_else(|| json!({}), |redis| json!({"redis_url": redis.url()})),
            "http": {"listen": format!("127.0.0.1:{port}")},
            "ops": {"listen": format!("127.0.0.1:{ops}")},
            "log": {"format": "text"},
        });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let file = scratch.file(&format!("{name}.yaml"), &config.to_string());
        let arguments = ["--config".as_ref(), file.as_os_str()];
        let program = match kind {
            "serve" => confab(&["serve".as_ref(), arguments[0], arguments[1]]),
            kind => sibling(&format!("confab-{kind}"), &arguments),
        };
        let running = scratch.start(name, program);
        let (api, ops) = (format!("http://127.0.0.1:{port}"), format!("http://127.0.0.1:{ops}"));
        Self { running, api, ops, admin: None }
    }

    pub async fn wait_ready(&self) {
        until_status(&format!("{}/readyz", self.ops), 200).await;
    }
}

/// Waits until an address answers with this status.
pub async fn until_status(url: &str, status: u16) {
    let answers =
        || async { try_ask(Method::GET, url, None, "", None).await.is_some_and(|answer| answer.status == status) };
    until(&format!("{url} answers {status}"), answers).await;
}

/// The key that all processes of a test share.
pub fn master_key(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("shared.key");
    confab_chassis::seal::MasterKey::load_or_generate(&path).unwrap();
    path
}

/// Two of each.
pub async fn cluster(scratch: &Scratch, database: &Database, redis: &RedisServer) -> [Service; 4] {
    let names = [("messaging", "m1"), ("messaging", "m2"), ("presence", "p1"), ("presence", "p2")];
    let services = names.map(|(kind, name)| Service::start(scratch, kind, name, database.url(), Some(redis)));
    for service in &services {
        service.wait_ready().await;
    }
    services
}
