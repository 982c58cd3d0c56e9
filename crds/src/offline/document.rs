//! A checked tenant that still knows where it was written.

use std::ops::Deref;

use serde_json::Value;

use super::node::Node;
use super::problem::{BrokenRule, Problem};
use super::rulebook::RULEBOOK;
use super::structural::{self, Fault};
use super::{cel, envelope};
use crate::ChatTenant;

/// A checked tenant that still knows where it was written.
#[derive(Clone, Debug)]
pub struct Document {
    tenant: ChatTenant,
    file: String,
    node: Node,
    object: Value,
}

impl Document {
    /// The tenant alone.
    pub fn into_tenant(self) -> ChatTenant {
        self.tenant
    }

    /// Where a field is written, for a message: `tenant.yaml:7`.
    pub(super) fn place(&self, path: &str) -> String {
        format!("{}:{}", self.file, self.node.locate(path).line)
    }

    /// A fault of a field in this document.
    pub(super) fn fault(&self, path: &str, rule: BrokenRule, message: String) -> Problem {
        problem(&self.file, Fault { at: self.node.locate(path), path: path.to_owned(), rule, message })
    }

    /// The faults that CEL rules find in the change from `old` to this.
    pub(super) fn change_faults(&self, old: &ChatTenant) -> Vec<Problem> {
        let old = serde_json::to_value(old).expect("a tenant is plain data with text keys");
        cel::faults(&self.object, Some(&old), &self.node, &[])
            .into_iter()
            .map(|fault| problem(&self.file, fault))
            .collect()
    }

    pub(super) fn check(file: &str, node: Node) -> Result<Self, Vec<Problem>> {
        if let Some(fault) = envelope::fault(&node) {
            return Err(vec![problem(file, fault)]);
        }
        let object = node.to_json();
        let mut faults = structural::faults(&RULEBOOK.schema, &node, node.at);
        if !faults.iter().any(|fault| fault.rule.hides_rules()) {
            let broken = cel::faults(&object, None, &node, &faults);
            faults.extend(broken);
        }
        if !faults.is_empty() {
            faults.sort_by_key(|fault| fault.at);
            return Err(faults.into_iter().map(|fault| problem(file, fault)).collect());
        }
        match serde_json::from_value(object.clone()) {
            Ok(tenant) => Ok(Self { tenant, file: file.to_owned(), node, object }),
            // Formats that the schema only names, such as a date in metadata.
            Err(error) => {
                let rule = BrokenRule::Schema("format");
                let message = format!("does not fit a ChatTenant: {error}");
                Err(vec![problem(file, Fault { at: node.at, path: String::new(), rule, message })])
            }
        }
    }
}

impl Deref for Document {
    type Target = ChatTenant;

    fn deref(&self) -> &ChatTenant {
        &self.tenant
    }
}

fn problem(file: &str, fault: Fault) -> Problem {
    let Fault { at, path, rule, message } = fault;
    Problem { file: file.to_owned(), line: at.line, column: at.column, path, rule, message }
}
