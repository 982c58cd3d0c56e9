//! Argon2id on blocking threads, behind a semaphore with a bounded waiting line.
//!
//! One hash takes 19 MiB and tens of milliseconds, so what is unbounded here would be the cheapest way to stop a server.

use std::sync::Arc;

use super::argon;
use super::strength::{Owner, is_guessable};
use argon2::password_hash::phc::PasswordHash;
use argon2::{Algorithm, Params};
use confab_contract::config::messaging::PasswordConfig;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The password could not be hashed now.
#[derive(Debug, thiserror::Error)]
pub enum HashError {
    /// Too many wait already.
    #[error("too many sign-ins wait for their turn")]
    Busy,
    /// The password falls to a few guesses.
    #[error("the password is too easy to guess")]
    Guessable,
    /// The hash of the store is not one, or the library failed.
    #[error("failed to compute a password hash")]
    Failed(#[source] argon2::password_hash::Error),
    /// The thread that computed it ended early.
    #[error("the hashing thread ended early")]
    Interrupted(#[source] tokio::task::JoinError),
}

/// What comparing a password with a hash told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// Another password, or no account.
    Different,
    /// The same.
    Same,
    /// The same, but hashed with less work than is set now: hash it anew.
    SameButWeak,
}

/// Hashes and compares passwords. Cheap to clone.
#[derive(Debug, Clone)]
pub struct PasswordHasher {
    params: Params,
    /// Those who compute and those who wait; whoever gets no place is sent away.
    line: Arc<Semaphore>,
    /// Those who compute.
    running: Arc<Semaphore>,
    /// Compared with when there is no account, so that its absence costs the same time.
    dummy: Arc<str>,
}

impl PasswordHasher {
    /// A hasher with these costs and bounds.
    ///
    /// # Panics
    /// When the costs lie outside what Argon2 takes; a checked Config does not.
    pub fn new(config: &PasswordConfig) -> Self {
        let params = Params::new(config.memory_kib, config.iterations, 1, None).expect("costs were checked");
        let running = usize::try_from(config.concurrent_hashes).unwrap_or(usize::MAX);
        let waiting = usize::try_from(config.waiting_hashes).unwrap_or(usize::MAX);
        Self {
            params,
            line: Arc::new(Semaphore::new(running.saturating_add(waiting).min(Semaphore::MAX_PERMITS))),
            running: Arc::new(Semaphore::new(running.min(Semaphore::MAX_PERMITS))),
            dummy: dummy_hash(config).into(),
        }
    }

    /// Hashes a password that somebody chose, unless it is guessable for its owner.
    pub async fn hash_new(&self, password: SecretString, owner: Owner) -> Result<SecretString, HashError> {
        let params = self.params.clone();
        self.in_turn(move || {
            if is_guessable(password.expose_secret(), &owner) {
                return Err(HashError::Guessable);
            }
            digest(&params, &password)
        })
        .await
    }

    /// Hashes a password with a salt of its own.
    pub async fn hash(&self, password: SecretString) -> Result<SecretString, HashError> {
        let params = self.params.clone();
        self.in_turn(move || digest(&params, &password)).await
    }

    /// Compares a password with an account's hash. Without an account it takes the same time and differs.
    pub async fn compare(&self, password: SecretString, hash: Option<SecretString>) -> Result<Comparison, HashError> {
        let (params, dummy) = (self.params.clone(), Arc::clone(&self.dummy));
        self.in_turn(move || {
            let text = hash.as_ref().map_or(&*dummy, |hash| hash.expose_secret());
            let parsed = PasswordHash::new(text)
                .map_err(|_| HashError::Failed(argon2::password_hash::Error::EncodingInvalid))?;
            match argon::matches(&parsed, password.expose_secret().as_bytes()) {
                Ok(true) if is_weaker(&parsed, &params) => Ok(Comparison::SameButWeak),
                Ok(true) => Ok(Comparison::Same),
                Ok(false) => Ok(Comparison::Different),
                Err(error) => Err(HashError::Failed(error)),
            }
        })
        .await
    }

    /// Runs `work` on a blocking thread when its turn comes. The permits go with the work, not with the request: when a
    /// client hangs up, its hash still counts until it is done.
    async fn in_turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, HashError> + Send + 'static,
    ) -> Result<T, HashError> {
        let place = Arc::clone(&self.line).try_acquire_owned().map_err(|_| HashError::Busy)?;
        let turn = Arc::clone(&self.running).acquire_owned().await.map_err(|_| HashError::Busy)?;
        let permits: (OwnedSemaphorePermit, OwnedSemaphorePermit) = (place, turn);
        let task = tokio::task::spawn_blocking(move || {
            let _held = permits;
            work()
        });
        task.await.map_err(HashError::Interrupted)?
    }
}

fn digest(params: &Params, password: &SecretString) -> Result<SecretString, HashError> {
    let hash = argon::digest(params, password.expose_secret().as_bytes()).map_err(HashError::Failed)?;
    Ok(SecretString::from(hash.to_string()))
}

/// A hash of nothing with the present costs. No password gives it: its output is a constant.
fn dummy_hash(config: &PasswordConfig) -> String {
    let (salt, output) = ("Y29uZmFiLWR1bW15LXNhbHQ", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8");
    format!("$argon2id$v=19$m={},t={},p=1${salt}${output}", config.memory_kib, config.iterations)
}

/// Whether a hash took less work than is set now.
fn is_weaker(hash: &PasswordHash, wanted: &Params) -> bool {
    let Ok(used) = Params::try_from(hash) else {
        return true;
    };
    hash.algorithm.as_str() != Algorithm::Argon2id.as_str()
        || used.m_cost() < wanted.m_cost()
        || used.t_cost() < wanted.t_cost()
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    fn hasher() -> PasswordHasher {
        PasswordHasher::new(&PasswordConfig::default())
    }

    fn secret(text: &str) -> SecretString {
        SecretString::from(text.to_owned())
    }

    #[tokio::test]
    async fn a_password_matches_its_own_hash_only() {
        let hash = hasher().hash(secret("SecurePass123!")).await.unwrap();
        assert!(hash.expose_secret().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(hasher().compare(secret("SecurePass123!"), Some(hash.clone())).await.unwrap(), Comparison::Same);
        assert_eq!(hasher().compare(secret("SecurePass123?"), Some(hash)).await.unwrap(), Comparison::Different);
    }

    #[tokio::test]
    async fn without_an_account_the_dummy_is_a_well_formed_hash_that_nothing_matches() {
        for password in ["", "SecurePass123!", "dummy"] {
            assert_eq!(hasher().compare(secret(password), None).await.unwrap(), Comparison::Different);
        }
    }

    #[tokio::test]
    async fn a_hash_with_less_work_is_told_apart() {
        let weak = hasher().hash(secret("SecurePass123!")).await.unwrap();
        let stronger = PasswordHasher::new(&PasswordConfig { iterations: 3, ..PasswordConfig::default() });
        let comparison = stronger.compare(secret("SecurePass123!"), Some(weak)).await.unwrap();
        assert_eq!(comparison, Comparison::SameButWeak);
    }

    #[tokio::test]
    async fn whoever_finds_the_line_full_is_sent_away() {
        let config = PasswordConfig { concurrent_hashes: 1, waiting_hashes: 1, ..PasswordConfig::default() };
        let hasher = PasswordHasher::new(&config);
        let (first, second, third) = tokio::join!(
            hasher.compare(secret("a"), None),
            hasher.compare(secret("b"), None),
            hasher.compare(secret("c"), None),
        );
        assert!(first.is_ok() && second.is_ok());
        assert!(matches!(third, Err(HashError::Busy)));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn of_five_hundred_at_once_only_so_many_compute_and_the_rest_waits_or_is_sent_away() {
        let config = PasswordConfig::default();
        let hasher = PasswordHasher::new(&config);
        let (running, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
        let attempts = (0..500).map(|_| {
            let (hasher, running, most) = (hasher.clone(), Arc::clone(&running), Arc::clone(&most));
            tokio::spawn(async move {
                let work = move || {
                    most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                    std::thread::yield_now();
                    running.fetch_sub(1, Ordering::SeqCst);
                    Ok(())
                };
                hasher.in_turn(work).await
            })
        });
        for attempt in attempts.collect::<Vec<_>>() {
            assert!(matches!(attempt.await.unwrap(), Ok(()) | Err(HashError::Busy)));
        }
        assert!((1..=config.concurrent_hashes).contains(&most.load(Ordering::SeqCst)));
    }
}
