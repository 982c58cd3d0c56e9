//! A look at a Redis, for those who check surroundings.

use std::time::Duration;

use confab_contract::Timestamp;
use secrecy::SecretString;

use crate::redis_link::{InvalidRedisUrl, client};

/// A Redis that does not answer within this time is away.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a Redis says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisFacts {
    /// Its version.
    pub version: String,
    /// Its clock.
    pub time: Timestamp,
}

/// Why nothing is known of a Redis.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// The address is none.
    #[error(transparent)]
    Address(#[from] InvalidRedisUrl),
    /// It refused or did not understand.
    #[error("unable to ask Redis: {0}")]
    Refused(#[from] redis::RedisError),
    /// It did not answer.
    #[error("Redis did not answer within 3 seconds")]
    Silent,
}

/// Asks a Redis for its version and its time.
pub async fn probe(url: &SecretString) -> Result<RedisFacts, ProbeError> {
    let client = client(&url.into())?;
    let ask = async {
        let mut connection = client.get_multiplexed_async_connection().await?;
        let info: String = redis::cmd("INFO").arg("server").query_async(&mut connection).await?;
        let (seconds, micros): (i64, i64) = redis::cmd("TIME").query_async(&mut connection).await?;
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:")).unwrap_or("unknown");
        let time = Timestamp::from_millis(seconds.saturating_mul(1000).saturating_add(micros / 1000));
        Ok(RedisFacts { version: version.trim().to_owned(), time })
    };
    tokio::time::timeout(PATIENCE, ask).await.unwrap_or(Err(ProbeError::Silent))
}
