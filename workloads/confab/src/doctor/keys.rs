//! Whether the master key fits the database.

use std::path::PathBuf;

use confab_chassis::clock::Clock;
use confab_chassis::seal::MasterKey;
use confab_contract::TenantId;
use confab_groundwork::chain;
use confab_identity::KeyError;
use confab_identity::keys;
use confab_store::{Store, signing_keys};

use super::finding::Finding;

const TOPIC: &str = "master key";
const ANOTHER: &str = "name the key that this database was begun with: --master-key-file";

/// The key file and those whose secrets it is to open.
pub struct KeyCheck {
    /// Where the master key is, or will be.
    pub file: PathBuf,
    /// The tenants of the files; nobody without files, and then less can be said.
    pub tenants: Vec<TenantId>,
}

impl KeyCheck {
    /// What can be said of the file alone.
    pub fn without_database(&self) -> Finding {
        let file = self.file.display();
        if !self.file.exists() {
            return Finding::well(TOPIC, format!("{file} does not exist yet and will be made"));
        }
        match MasterKey::from_file(&self.file) {
            Ok(_) => Finding::well(TOPIC, file.to_string()),
            Err(error) => Finding::mend(TOPIC, chain(&error), "restore the file, or name another: --master-key-file"),
        }
    }

    /// Whether it opens the signing keys that are in the database already.
    pub async fn against(&self, store: &Store) -> Finding {
        if !self.file.exists() {
            return self.missing(store).await;
        }
        let Ok(key) = MasterKey::from_file(&self.file) else { return self.without_database() };
        let mut opened = 0;
        for tenant in &self.tenants {
            match keys::check(store, &key, tenant, Clock::system().now()).await {
                Ok(count) => opened += count,
                Err(error @ KeyError::Sealed { .. }) => return Finding::mend(TOPIC, chain(&error), ANOTHER),
                Err(error) => return Finding::mend(TOPIC, chain(&error), "see what is said of the database"),
            }
        }
        match opened {
            0 => self.without_database(),
            opened => Finding::well(TOPIC, format!("{}; opens {opened} signing keys", self.file.display())),
        }
    }

    /// A new key cannot open what an old one has sealed.
    async fn missing(&self, store: &Store) -> Finding {
        for tenant in &self.tenants {
            let sealed = signing_keys::list(store, tenant, Clock::system().now()).await;
            if sealed.is_ok_and(|keys| !keys.is_empty()) {
                let found =
                    format!("{} is not there, but tenant {tenant} has keys that it sealed", self.file.display());
                return Finding::mend(TOPIC, found, ANOTHER);
            }
        }
        self.without_database()
    }
}
