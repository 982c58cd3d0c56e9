//! `crdgen [--check] [ROOT]`: writes the custom resource definitions and their pages, or says how the written ones differ.

use std::process::ExitCode;

use confab_crds::generate::{command, copies, files};

fn main() -> ExitCode {
    let all: Vec<_> = files().into_iter().chain(copies()).collect();
    command::run("crdgen", "the custom resource definitions of Confab and a page on each", &all)
}
