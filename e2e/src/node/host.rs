//! Programs of this machine.

use std::env;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// Where programs for administrators lie, which is not on everybody's path.
const ADMINISTRATORS: [&str; 2] = ["/usr/sbin", "/sbin"];

/// A program's path; an error names the Debian package.
pub fn find(program: &str, package: &str) -> Result<PathBuf> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&on_path).chain(ADMINISTRATORS.map(PathBuf::from));
    let mut candidates = folders.map(|folder| folder.join(program));
    candidates.find(|candidate| candidate.is_file()).with_context(|| {
        format!("{program} is not on this machine; install the Debian package {package} (.ci/deps node)")
    })
}

/// A value for `PATH` that holds the programs for administrators too.
pub fn path() -> Result<std::ffi::OsString> {
    let on_path = env::var_os("PATH").unwrap_or_default();
    let folders = env::split_paths(&on_path).chain(ADMINISTRATORS.map(PathBuf::from));
    env::join_paths(folders).context("PATH cannot be extended")
}

/// Runs a command to its end; an error says what it printed.
pub fn run(command: &mut Command) -> Result<()> {
    let words: Vec<String> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let line = words.join(" ");
    let output = command.env("PATH", path()?).stdin(Stdio::null()).output();
    let output = output.with_context(|| format!("{line}: cannot be started"))?;
    if !output.status.success() {
        bail!("{line}: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The same for a line whose words hold no spaces.
pub fn run_line(line: &str) -> Result<()> {
    let mut words = line.split(' ');
    run(Command::new(words.next().unwrap_or_default()).args(words))
}

/// A node needs the machine's administrator: it makes namespaces, interfaces and mounts.
pub fn require_root() -> Result<()> {
    if !rustix::process::geteuid().is_root() {
        bail!("a node needs root: it makes namespaces, network interfaces and mounts (sudo -E)");
    }
    Ok(())
}

/// Whether there is a network interface of this name.
pub fn has_interface(name: &str) -> bool {
    Path::new("/sys/class/net").join(name).exists()
}
