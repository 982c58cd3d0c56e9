//! Kinds that a spec needs and nobody installed.

use super::Stall;
use crate::kind::Kind;
use crate::object::Object;
use crate::reason::{Reason, condition};
use crate::settings::Capabilities;

/// Whether the cluster knows the kinds of all these objects; else what to install.
pub fn capable(objects: &[Object], capabilities: Capabilities) -> Result<(), Stall> {
    let Some(missing) = objects.iter().find(|object| !capabilities.has(object.kind)) else { return Ok(()) };
    let (condition, reason, message) = match missing.kind {
        Kind::Cluster => (
            condition::DATABASE,
            Reason::CloudNativePGMissing,
            "spec.database.cloudNativePG needs the CloudNativePG operator: install it, or create the ChatTenant with database.postgres",
        ),
        Kind::Certificate => (
            condition::GATEWAY,
            Reason::CertManagerMissing,
            "spec.gateway.ingress.tls.certManager needs cert-manager: install it, or name a Secret with tls.secretName",
        ),
        _ => (
            condition::GATEWAY,
            Reason::GatewayApiMissing,
            "spec.gateway.httpRoute needs the Gateway API: install its definitions and a controller, or use gateway.ingress",
        ),
    };
    Err(Stall::new(condition, reason, message))
}
