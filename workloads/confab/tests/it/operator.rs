//! An operator, as far as a host can tell.

use std::time::Duration;

use confab_chassis::clock::Clock;
use confab_contract::admin::policy::GuestsFrom;
use confab_contract::admin::token::OperatorKey;
use confab_contract::admin::v1::tenant_admin_client::TenantAdminClient;
use confab_contract::admin::v1::upsert_outcome::Outcome;
use confab_contract::admin::v1::{RemoveMode, RemoveRequest, RemovedState, UpsertRequest};
use confab_contract::admin::{GuestPolicy, TenantRecord};
use confab_contract::config::tenant::{RateLimit, TenantConfig};
use confab_contract::{TenantId, Timestamp};
use secrecy::ExposeSecret as _;
use tonic::Request;
use tonic::transport::{Channel, Endpoint};

use crate::program::PATIENCE;

/// The tenant id of the host in these tests.
pub fn host() -> TenantId {
    "chat.host".parse().unwrap()
}

pub fn operator_key() -> OperatorKey {
    OperatorKey::from_pkcs8(OperatorKey::generate().expose_secret()).unwrap()
}

/// Speaks with one process.
pub struct Operator {
    client: TenantAdminClient<Channel>,
    token: String,
}

impl Operator {
    pub async fn at(address: &str, key: &OperatorKey) -> Self {
        let channel = Endpoint::from_shared(format!("http://{address}")).unwrap().connect().await.unwrap();
        // No test takes longer than a token may live.
        let now = Clock::system().now().plus_millis(55_000);
        let mut claims = serde_json::json!({"iss": "confab-operator", "aud": format!("tenant-admin/{}", host())});
        let issued = now.as_seconds() - 60;
        for (name, value) in [("iat", issued), ("nbf", issued), ("exp", now.as_seconds() + 60)] {
            claims[name] = value.into();
        }
        Self { client: TenantAdminClient::new(channel), token: key.sign_claims(&claims).expose_secret().to_owned() }
    }

    fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        request
    }

    /// Has these tenants served.
    pub async fn serves(&mut self, records: &[TenantRecord]) {
        let request = self.request(UpsertRequest { tenants: records.iter().map(Into::into).collect() });
        let reply = self.client.upsert(request).await.unwrap().into_inner();
        for (record, told) in records.iter().zip(reply.outcomes) {
            let expected = Outcome::ServedGeneration(i64::try_from(record.generation).unwrap());
            assert_eq!(told.outcome, Some(expected), "{}", record.id());
        }
    }

    pub async fn remove(&mut self, record: &TenantRecord, mode: RemoveMode) -> RemovedState {
        let (id, uid) = (record.id().to_string(), record.uid.clone());
        let request = self.request(RemoveRequest { id, uid, mode: mode.into(), generation: 0 });
        self.client.remove(request).await.unwrap().into_inner().state()
    }

    /// Asks until nothing is left of a tenant that is being deleted.
    pub async fn until_gone(&mut self, record: &TenantRecord) {
        let asking = async {
            while self.remove(record, RemoveMode::Delete).await != RemovedState::Gone {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, asking).await.unwrap();
    }
}

/// A guest's record; it answers at `<name>.example.com`. No test meets its limits.
pub fn guest(name: &str) -> TenantRecord {
    let mut config = TenantConfig::new(format!("team.{name}").parse().unwrap(), format!("{name}.example.com"));
    config.limits.authentication = RateLimit { requests: 1_000_000, per_seconds: 60 };
    config.limits.regular = RateLimit { requests: 1_000_000, per_seconds: 60 };
    TenantRecord::new(format!("uid-of-{name}"), Timestamp::from_millis(1_768_000_000_000), config)
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
