//! What the Configs of all services have, whatever else is in them.

use std::path::Path;

use confab_contract::config::Checked;
use confab_contract::config::admin::TenantSource;
use confab_contract::config::messaging::MessagingConfig;
use confab_contract::config::presence::PresenceConfig;
use confab_contract::config::section::{BusConfig, DatabaseConfig, LogConfig};
use confab_contract::config::serve::ServeConfig;
use confab_contract::config::tenant::TenantConfig;
use serde::de::DeserializeOwned;

/// The Config of a service.
pub trait ServiceConfig: DeserializeOwned + Checked {
    /// Logging.
    fn log(&self) -> &LogConfig;
    /// The store.
    fn database(&self) -> &DatabaseConfig;
    /// Wake-ups.
    fn bus(&self) -> &BusConfig;
    /// Where the master key is.
    fn master_key_file(&self) -> &Path;
    /// Whom the process serves.
    fn tenants(&self) -> (TenantSource, &[TenantConfig]);
}

macro_rules! service_config {
    ($($config:ty),*) => {$(
        impl ServiceConfig for $config {
            fn log(&self) -> &LogConfig {
                &self.log
            }

            fn database(&self) -> &DatabaseConfig {
                &self.database
            }

            fn bus(&self) -> &BusConfig {
                &self.bus
            }

            fn master_key_file(&self) -> &Path {
                &self.master_key_file
            }

            fn tenants(&self) -> (TenantSource, &[TenantConfig]) {
                (self.tenant_source, &self.tenants)
            }
        }
    )*};
}

service_config!(MessagingConfig, PresenceConfig, ServeConfig);
