//! Runs the scripts for Argo CD in the interpreter that Argo CD has built in.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use confab_testbed::kubernetes::program;
use serde_json::Value;
use tempfile::TempDir;

use crate::kubectl::kubectl;

/// Where the scripts lie.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../config/gitops/argocd/resource_customizations/confab.dev/ChatTenant")
}

/// What a script returns for an object.
pub fn run(script: &Path, object: &Value) -> Result<Value, String> {
    let folder = TempDir::new().expect("a folder");
    let file = folder.path().join("object.lua");
    let mut text = "return ".to_owned();
    literal(object, &mut text);
    std::fs::write(&file, text).expect("a file");
    let mut command = Command::new(program("glua").expect("glua is there"));
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/gitops/argocd.lua")).arg(script).arg(file);
    let said = kubectl(command, &[], "")?;
    serde_json::from_str(&said).map_err(|error| format!("{error}: {said}"))
}

/// A value as Lua has it. A null is no member at all.
fn literal(value: &Value, text: &mut String) {
    match value {
        Value::Null => text.push_str("nil"),
        Value::Bool(yes) => text.push_str(if *yes { "true" } else { "false" }),
        Value::Number(number) => write!(text, "{number}").expect("it fits"),
        Value::String(string) => quoted(string, text),
        Value::Array(items) => {
            text.push('{');
            for item in items {
                literal(item, text);
                text.push(',');
            }
            text.push('}');
        }
        Value::Object(members) => {
            text.push('{');
            for (key, member) in members {
                text.push('[');
                quoted(key, text);
                text.push_str("]=");
                literal(member, text);
                text.push(',');
            }
            text.push('}');
        }
    }
}

fn quoted(string: &str, text: &mut String) {
    text.push('"');
    for byte in string.bytes() {
        write!(text, "\\{byte:03}").expect("it fits");
    }
    text.push('"');
}
