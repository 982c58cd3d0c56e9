//! Runs programs that speak to an API server.

use std::io::Write as _;
use std::process::{Command, Stdio};

/// Runs kubectl, or a program like it; what it says, or what it complains of.
pub fn kubectl(mut command: Command, arguments: &[&str], input: &str) -> Result<String, String> {
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program starts");
    // One that refuses its arguments reads nothing.
    let _ = child.stdin.take().expect("it is piped").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("the program ends");
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("text");
    if output.status.success() { Ok(text(output.stdout)) } else { Err(text(output.stderr)) }
}
