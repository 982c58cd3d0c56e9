//! The committed definitions, and the command that writes them.

use std::path::Path;
use std::process::{Command, Output};

use confab_crds::generate::{files, first_difference};

fn crdgen(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crdgen")).args(arguments).arg(folder).output().unwrap()
}

#[test]
fn the_committed_files_are_what_the_types_say() {
    for file in files() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file.name);
        let committed = std::fs::read_to_string(&path).unwrap();
        let difference = first_difference(&committed, &file.text);
        assert_eq!(difference, None, "run `cargo run -p confab-crds --bin crdgen`");
    }
}

#[test]
fn check_accepts_what_was_written_and_names_the_line_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    assert!(crdgen(&[], folder.path()).status.success());
    assert!(crdgen(&["--check"], folder.path()).status.success());

    let path = folder.path().join("chattenants.confab.dev.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("scope: Namespaced", "scope: Cluster", 1)).unwrap();
    let output = crdgen(&["--check"], folder.path());
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(words.contains("-   scope: Cluster") && words.contains("+   scope: Namespaced"), "{words}");
    assert!(words.contains("crdgen` and commit"), "{words}");
}

#[test]
fn a_missing_file_and_a_wrong_option_fail() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(crdgen(&["--check"], folder.path()).status.code(), Some(1));
    assert_eq!(crdgen(&["--chekc"], folder.path()).status.code(), Some(2));
}
