//! The `confab` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    confab::run()
}
