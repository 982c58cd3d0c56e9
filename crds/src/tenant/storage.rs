//! Volumes, and amounts as Kubernetes writes them.

use std::borrow::Cow;
use std::fmt;

use kube::KubeSchema;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use super::DNS_NAME;
use super::reference::OBJECT_NAME_CHARS;
use crate::schema::plain_properties;

/// An amount of bytes, at least one.
pub(crate) const VOLUME_SIZE: &str = "^[1-9][0-9]{0,14}([.][0-9]{1,3})?([kMGTP]|[KMGTP]i)?$";
/// Longest such amount.
const VOLUME_SIZE_CHARS: usize = 22;
/// An amount of processor time or of memory.
pub(crate) const QUANTITY: &str = "^[0-9]{1,15}([.][0-9]{1,3})?(m|[kMGTP]|[KMGTP]i)?$";

/// A volume that Kubernetes provides.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct StorageSpec {
    /// How large the volume is, such as `10Gi`. Default: 10Gi. It may grow later, where the storage class can expand
    /// volumes, but never shrink.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = VOLUME_SIZE_CHARS), regex(pattern = VOLUME_SIZE))]
    pub size: Option<String>,
    /// The storage class that makes the volume. Default: the cluster's default class. It cannot be changed later.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = OBJECT_NAME_CHARS), regex(pattern = DNS_NAME))]
    pub storage_class_name: Option<String>,
}

/// An amount as Kubernetes writes it: `2`, `100m`, `512Mi`. A whole number needs no quotes.
#[derive(Serialize, Clone, Debug, PartialEq, Eq)]
#[serde(transparent)]
pub struct Quantity(pub String);

impl<'de> Deserialize<'de> for Quantity {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(QuantityVisitor)
    }
}

struct QuantityVisitor;

impl Visitor<'_> for QuantityVisitor {
    type Value = Quantity;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an amount such as 2, 100m or 512Mi")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Quantity, E> {
        Ok(Quantity(text.to_owned()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Quantity, E> {
        Ok(Quantity(number.to_string()))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Quantity, E> {
        Ok(Quantity(number.to_string()))
    }
}

impl JsonSchema for Quantity {
    fn schema_name() -> Cow<'static, str> {
        "Quantity".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "x-kubernetes-int-or-string": true,
            "pattern": QUANTITY,
            "minimum": 0,
            // Said here, or kube adds `true`, and a null would reach the rules.
            "nullable": false,
        })
    }
}
