//! `installgen [--check] [ROOT]`: writes the roles of the operator and what else an installation takes from the code, or says how
//! the written files differ.

use std::process::ExitCode;

use confab_crds::generate::command;
use confab_desired::delivery::files;

fn main() -> ExitCode {
    command::run("installgen", "roles of the operator, a page on them, and the ConfigMap for Argo CD", &files())
}
