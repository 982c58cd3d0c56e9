//! The committed definitions, and the command that writes them.

use std::path::Path;
use std::process::{Command, Output};

use confab_crds::generate::{copies, files, first_difference};

fn crdgen(arguments: &[&str], folder: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_crdgen")).args(arguments).arg(folder).output().unwrap()
}

#[test]
fn the_committed_files_are_what_the_types_say() {
    for file in files().into_iter().chain(copies()) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(&file.path);
        let committed = std::fs::read_to_string(&path).unwrap();
        let difference = first_difference(&committed, &file.text);
        assert_eq!(difference, None, "run `make generate`");
    }
}

#[test]
fn check_accepts_what_was_written_and_names_the_line_that_differs() {
    let folder = tempfile::tempdir().unwrap();
    assert!(crdgen(&[], folder.path()).status.success());
    assert!(crdgen(&["--check"], folder.path()).status.success());

    let path = folder.path().join("crds/chattenants.confab.dev.yaml");
    let text = std::fs::read_to_string(&path).unwrap();
    std::fs::write(&path, text.replacen("scope: Namespaced", "scope: Cluster", 1)).unwrap();
    let output = crdgen(&["--check"], folder.path());
    let words = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(words.contains("-   scope: Cluster") && words.contains("+   scope: Namespaced"), "{words}");
    assert!(words.contains("`make generate` and commit"), "{words}");
}

#[test]
fn a_missing_file_and_a_wrong_option_fail() {
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(crdgen(&["--check"], folder.path()).status.code(), Some(1));
    assert_eq!(crdgen(&["--chekc"], folder.path()).status.code(), Some(2));
}

#[test]
fn the_page_describes_every_field_and_leads_nowhere_else() {
    let page = files().into_iter().find(|file| file.path == "docs/chattenant.md").unwrap().text;
    let anchor = |heading: &str| heading.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    let headings: Vec<String> = page.lines().filter(|line| line.starts_with('#')).map(anchor).collect();
    let links: Vec<&str> = page.split("](#").skip(1).map(|rest| rest.split(')').next().unwrap()).collect();
    assert!(links.len() > 50, "{links:?}");
    for link in links {
        assert!(headings.iter().any(|heading| heading == link), "no heading {link}");
    }
    let fields = page.split("\n## metadata\n").nth(1).unwrap();
    let rows: Vec<&str> = fields.lines().filter(|line| line.starts_with("| `")).collect();
    assert!(rows.len() > 100, "{}", rows.len());
    for row in rows {
        let cells: Vec<&str> = row.trim_matches('|').split(" | ").collect();
        assert!(cells.len() == 4 && !cells[1].trim().is_empty() && !cells[3].trim().is_empty(), "{row}");
        assert!(!row.contains("of another form"), "a pattern without words: {row}");
    }
    for path in
        ["spec.gateway.ingress.tls.certManager.issuerRef", "spec.messaging.scheduling.tolerations[]", "status.version"]
    {
        assert!(page.contains(&format!("\n### {path}\n")), "{path}");
    }
}
