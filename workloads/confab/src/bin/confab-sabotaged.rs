//! `confab` with the checker's faults compiled in; `CONFAB_SABOTAGE` chooses one.

use std::process::ExitCode;

fn main() -> ExitCode {
    confab::run()
}
