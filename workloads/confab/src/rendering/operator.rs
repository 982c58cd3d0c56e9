//! What the operator is told, as far as it decides what objects look like.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use confab_crds::tenant::resolved::{Database, ResolvedRef, ResolvedRoute, ResolvedTenant, ResolvedTls};
use confab_desired::settings::{Capabilities, Settings};
use yaml_serde::Value;

/// What the operator is told.
#[derive(Debug, Clone, Default)]
pub struct Operator {
    /// What is the same for all tenants.
    pub settings: Settings,
    /// The host of guests that name none.
    pub default_host: Option<ResolvedRef>,
}

impl Operator {
    /// From the operator's whole Config, or from its `tenants:` section alone.
    pub fn read(file: &Path) -> Result<Self> {
        let text = fs::read_to_string(file).with_context(|| format!("{}", file.display()))?;
        Self::parse(&text).with_context(|| format!("{}", file.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let value: Value = yaml_serde::from_str(text)?;
        let is_whole = value.get("tenants").is_some();
        let section = if is_whole { value["tenants"].clone() } else { value.clone() };
        let settings = match section {
            Value::Null => Settings::default(),
            section => yaml_serde::from_value(section)
                .context("these are neither the operator's Config nor its `tenants:` section")?,
        };
        let default_host = match value.get("default_host") {
            Some(Value::String(host)) if is_whole => Some(host_of(host)?),
            _ => None,
        };
        Ok(Self { settings, default_host })
    }

    /// The settings for a cluster that can do what is given; without, for one that can do what the tenant needs.
    pub fn settings_with(&self, capabilities: Option<Capabilities>, tenant: &ResolvedTenant) -> Settings {
        let capabilities = capabilities.unwrap_or_else(|| {
            let needed = needed_by(tenant);
            let known = self.settings.capabilities;
            Capabilities {
                cloud_native_pg: known.cloud_native_pg || needed.cloud_native_pg,
                cert_manager: known.cert_manager || needed.cert_manager,
                gateway_api: known.gateway_api || needed.gateway_api,
                service_monitor: known.service_monitor,
            }
        });
        Settings { capabilities, ..self.settings.clone() }
    }
}

fn host_of(text: &str) -> Result<ResolvedRef> {
    match text.split_once('/') {
        Some((namespace, name)) if !namespace.is_empty() && !name.is_empty() && !name.contains('/') => {
            Ok(ResolvedRef { namespace: namespace.to_owned(), name: name.to_owned() })
        }
        _ => bail!("default_host: write hosts as namespace/name"),
    }
}

fn needed_by(tenant: &ResolvedTenant) -> Capabilities {
    let Some(pods) = tenant.placement.dedicated() else { return Capabilities::default() };
    let route = pods.gateway.as_ref().map(|gateway| &gateway.route);
    Capabilities {
        cloud_native_pg: matches!(pods.database, Database::CloudNativePg(_)),
        cert_manager: matches!(route, Some(ResolvedRoute::Ingress(ingress)) if matches!(ingress.tls, Some(ResolvedTls::CertManager(_)))),
        gateway_api: matches!(route, Some(ResolvedRoute::HttpRoute(_))),
        service_monitor: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_config_and_its_section_alone_say_the_same() {
        let section = "images: {messaging: registry.example.com/m:1}\nrelease: 0.9.0\n";
        let whole = format!("workers: 3\ndefault_host: cells/cell\ntenants:\n  {}", section.replace('\n', "\n  "));
        let (whole, section) =
            (Operator::parse(&whole).expect("a Config"), Operator::parse(section).expect("a section"));
        assert_eq!(whole.settings, section.settings);
        assert_eq!(whole.settings.images.messaging, "registry.example.com/m:1");
        assert_eq!(whole.settings.images.presence, Settings::default().images.presence);
        assert_eq!(whole.default_host.map(|host| host.name).as_deref(), Some("cell"));
        assert_eq!(section.default_host, None);
        assert_eq!(Operator::parse("").expect("nothing is said").settings, Settings::default());
    }

    #[test]
    fn what_is_no_setting_is_named() {
        let error = |text: &str| format!("{:#}", Operator::parse(text).expect_err("wrong"));
        assert!(error("imagess: {}").contains("unknown field `imagess`"), "{}", error("imagess: {}"));
        assert!(error("tenants: {images: {messagin: x}}").contains("unknown field `messagin`"));
        assert!(error("default_host: cell\ntenants: {}").contains("namespace/name"));
    }
}
