//! The account servers run under: never root.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// The account that a Debian package makes for its server. Postgres refuses to run as root; Redis need not.
#[derive(Debug, Clone, Copy)]
pub struct Account {
    /// Its name.
    pub user: &'static str,
    /// The package it comes with.
    pub package: &'static str,
}

impl Account {
    /// Gives the folder to the account when we are root.
    pub fn take(self, folder: &Path) -> Result<()> {
        if !we_are_root() {
            return Ok(());
        }
        run(Command::new("chown").arg(self.user).arg(folder)).with_context(|| {
            format!("the user {} comes with the Debian package {} (make deps)", self.user, self.package)
        })
    }

    /// A command for the program under this account when we are root. `setpriv` replaces itself by the program, so
    /// that the process id is the program's own.
    pub fn command(self, program: &Path) -> Command {
        if !we_are_root() {
            return Command::new(program);
        }
        let mut command = Command::new("setpriv");
        command.args(["--reuid", self.user, "--regid", self.user, "--init-groups", "--"]).arg(program);
        command
    }
}

fn we_are_root() -> bool {
    let output = Command::new("id").arg("-u").output();
    output.is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}

/// Runs a command to its end; an error says what it printed.
pub fn run(command: &mut Command) -> Result<()> {
    let output = command.stdin(Stdio::null()).output().with_context(|| format!("{command:?} cannot be started"))?;
    if !output.status.success() {
        bail!("{command:?} failed: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(())
}
