//! Label selectors, with the meaning that Kubernetes gives them.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1;
use kube::KubeSchema;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::reference::LABEL_CHARS;
use super::rules;
use crate::schema::{label_map, plain_properties};

/// A label's name, with or without the domain it belongs to. The domain is bounded by the length of the whole, since a
/// counted repetition of 253 would make the pattern slow to compile, and rules compile it each time.
pub(crate) const LABEL_KEY: &str = "^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$";
/// Longest label name: domain, slash, name.
pub(super) const LABEL_KEY_CHARS: usize = 317;
/// A label's value.
pub(crate) const LABEL_VALUE: &str = "^([a-zA-Z0-9]([-_.a-zA-Z0-9]{0,61}[a-zA-Z0-9])?)?$";
/// Most labels, and most expressions, of one selector.
const ENTRIES: usize = 16;

/// Chooses objects by their labels. All of it must hold; an empty selector chooses everything.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, Default, PartialEq, Eq)]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct LabelSelector {
    /// Labels that must be there with exactly this value, at most 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(transform = label_map)]
    #[x_kube(validation = rules::placement::keys_are_label_names())]
    pub match_labels: Option<BTreeMap<String, String>>,
    /// Conditions on labels, at most 16.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = ENTRIES))]
    pub match_expressions: Option<Vec<LabelRequirement>>,
}

/// A condition on one label.
#[derive(KubeSchema, Serialize, Deserialize, Clone, Debug, PartialEq, Eq)]
#[x_kube(validation = rules::placement::values_fit_the_operator())]
#[schemars(transform = plain_properties)]
#[serde(rename_all = "camelCase")]
pub struct LabelRequirement {
    /// Name of the label.
    #[schemars(length(min = 1, max = LABEL_KEY_CHARS), regex(pattern = LABEL_KEY))]
    pub key: String,
    /// `In` and `NotIn` compare the label with `values`, and `NotIn` also accepts objects without the label. `Exists`
    /// and `DoesNotExist` ask only whether it is there.
    pub operator: LabelOperator,
    /// The values of `In` and `NotIn`, at most 16; none with the other operators.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = ENTRIES), inner(length(max = LABEL_CHARS), regex(pattern = LABEL_VALUE)))]
    pub values: Option<Vec<String>>,
}

/// What a condition asks of a label.
#[derive(Serialize, Deserialize, JsonSchema, Clone, Copy, Debug, PartialEq, Eq)]
pub enum LabelOperator {
    /// The value is one of these.
    In,
    /// It is none of these, or there is no such label.
    NotIn,
    /// The label is there.
    Exists,
    /// It is not there.
    DoesNotExist,
}

impl LabelOperator {
    /// As Kubernetes writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::In => "In",
            Self::NotIn => "NotIn",
            Self::Exists => "Exists",
            Self::DoesNotExist => "DoesNotExist",
        }
    }
}

impl From<&LabelSelector> for v1::LabelSelector {
    fn from(selector: &LabelSelector) -> Self {
        let expressions = selector.match_expressions.as_ref();
        Self {
            match_labels: selector.match_labels.clone(),
            match_expressions: expressions.map(|list| list.iter().map(v1::LabelSelectorRequirement::from).collect()),
        }
    }
}

impl From<&LabelRequirement> for v1::LabelSelectorRequirement {
    fn from(requirement: &LabelRequirement) -> Self {
        Self {
            key: requirement.key.clone(),
            operator: requirement.operator.name().into(),
            values: requirement.values.clone(),
        }
    }
}
