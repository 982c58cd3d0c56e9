//! Reading from the store for one connection: in turns with others, and patiently.

use std::time::{Duration, Instant};

use confab_contract::socket::close::CloseReason;
use confab_store::StoreError;

use super::connection::End;
use crate::parts::Core;

/// Between attempts while the store does not answer.
pub const RETRY: Duration = Duration::from_millis(250);
/// How long the store may be away before the client is sent away to try elsewhere.
const PATIENCE: Duration = Duration::from_secs(30);

/// Asks the store when it is this connection's turn, and again and again while it is away, but not for ever.
pub async fn patiently<T, F>(core: &Core, ask: impl Fn() -> F) -> Result<T, End>
where
    F: Future<Output = Result<T, StoreError>>,
{
    outwaited(core, ask).await.map_err(|error| End::of_store(&error))
}

/// The same for those who can do something about what the store cannot give.
pub async fn outwaited<T, F>(core: &Core, ask: impl Fn() -> F) -> Result<T, StoreError>
where
    F: Future<Output = Result<T, StoreError>>,
{
    let began = Instant::now();
    loop {
        let answer = {
            let _turn = core.reads.acquire().await;
            ask().await
        };
        match answer {
            Ok(answer) => return Ok(answer),
            Err(error) if error.is_unavailable() && began.elapsed() < PATIENCE => tokio::time::sleep(RETRY).await,
            Err(error) => return Err(error),
        }
    }
}

impl End {
    /// The store did not answer, or not with what it should.
    pub fn of_store(error: &StoreError) -> Self {
        if error.is_unavailable() {
            return Self::server(CloseReason::Unavailable);
        }
        tracing::error!(error = error as &dyn std::error::Error, "a connection ends because the store failed");
        Self::server(CloseReason::InternalError)
    }
}
