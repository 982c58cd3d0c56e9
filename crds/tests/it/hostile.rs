//! Input from strangers: refused with a line, never a panic.

use std::fmt::Write;

use confab_crds::offline::{BrokenRule, load};
use proptest::prelude::*;

use crate::{problems, tenant};

fn refused(yaml: impl AsRef<[u8]>) -> (u64, String) {
    let found = problems(yaml);
    let [problem] = found.as_slice() else { panic!("{found:#?}") };
    assert_eq!(problem.rule, BrokenRule::Yaml, "{problem}");
    let text = problem.to_string();
    assert!(!text.contains(['\n', '\0', '\u{1b}']) && text.len() < 300, "{text:?}");
    (problem.line, problem.message.clone())
}

#[test]
fn text_that_is_no_yaml_is_refused_at_its_line() {
    for (yaml, line, words) in [
        ("a: 1\nb: [1, 2\nc: 3\n", 3, "YAML"),
        ("a: 1\n\tb: 2\n", 1, "tab"),
        ("spec:\n\tdomain: x\n", 2, "tab"),
        ("a: \"never closed\n", 1, "unclosed quote"),
        ("a: b: c\n", 1, "YAML"),
        ("a: 1\n---\nb: {\n", 3, "unclosed"),
        ("a: 1\nb: 2\na: 3\n", 3, "the key a is here twice"),
        ("a: *nowhere\n", 1, "anchor"),
        ("a: &x [*x]\n", 1, "inside what it names"),
        ("a: .inf\n", 1, "infinity"),
        ("? [a]\n: b\n", 1, "key must be a text"),
        ("", 1, "no document"),
        ("\n\n# only words\n", 1, "no document"),
        ("---\n---\n...\n", 1, "no document"),
        ("a: x\u{0}y\n", 1, "U+0000"),
        ("a: 1\nb: \u{1b}[31m\n", 2, "U+001B"),
    ] {
        let (found, message) = refused(yaml);
        assert!(message.contains(words), "{yaml:?}: {message}");
        assert_eq!(found, line, "{yaml:?}: {message}");
    }
}

#[test]
fn wrong_encodings_are_named() {
    assert_eq!(refused(b"a: 1\nb: \xff\n"), (2, "the file is not UTF-8; save it as UTF-8".into()));
    assert!(refused(b"\xff\xfea\x00:\x00").1.contains("UTF-16"));
    let text = tenant("  domain: localhost\n");
    assert!(load("t.yaml", format!("\u{feff}{text}")).is_ok(), "a byte order mark is harmless");
    assert!(load("t.yaml", text.replace('\n', "\r\n")).is_ok(), "so are the line ends of Windows");
}

#[test]
fn what_is_too_large_is_refused() {
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for pair in ["ab", "bc", "cd", "de", "ef", "fg", "gh", "hi"] {
        let (before, next) = pair.split_at(1);
        writeln!(bomb, "{next}: &{next} [{}]", vec![format!("*{before}"); 9].join(", ")).unwrap();
    }
    let too_many = "too many values, levels or aliases";
    assert!(refused(bomb).1.contains(too_many));
    let mut block = String::new();
    for depth in 0..500 {
        writeln!(block, "{:depth$}a:", "").unwrap();
    }
    assert!(refused(block).1.contains(too_many));
    refused("[".repeat(100_000));
    refused("{a: ".repeat(100_000));
    refused("- ".repeat(100_000));
    refused("a\n".repeat(600_000));
    assert!(refused(format!("a: [{}]", "1, ".repeat(100_000))).1.contains(too_many));
}

#[test]
fn a_text_of_a_megabyte_is_refused_without_being_repeated() {
    let found = problems(tenant(&format!("  domain: {}\n", "a".repeat(1_000_000))));
    let text = found[0].to_string();
    assert_eq!(found[0].rule, BrokenRule::Schema("maxLength"));
    assert!(text.len() < 300 && text.contains("1000000 characters"), "{text}");
    let key = "k".repeat(400_000);
    for spec in [format!("  domain: localhost\n  ? {key}\n  : 1\n"), format!("  ? {key}\n  : 1\n  ? {key}\n  : 2\n")] {
        for problem in problems(tenant(&spec)) {
            assert!(problem.to_string().len() < 1000, "{} characters", problem.to_string().len());
        }
    }
}

#[test]
fn a_key_cannot_forge_a_line_of_output() {
    let found = problems(tenant("  domain: localhost\n  \"x\\n/etc:1:1: ok\\e[2K\": 1\n"));
    let text = found[0].to_string();
    assert!(!text.contains(['\n', '\u{1b}']) && text.contains("x\\n/etc"), "{text}");
}

#[test]
fn modest_aliases_are_fine() {
    let yaml =
        tenant("  domain: localhost\n  limits:\n    regular: &rate {requests: 9, perSeconds: 9}\n    uploads: *rate\n");
    assert_eq!(load("t.yaml", yaml).unwrap()[0].resolved().limits.uploads.requests, 9);
    // A fault behind an alias is where the value is written.
    let yaml = tenant("  domain: localhost\n  limits:\n    regular: &rate {requests: 0}\n    uploads: *rate\n");
    let lines: Vec<_> = problems(yaml).iter().map(|problem| (problem.path.clone(), problem.line)).collect();
    let expected = ["regular", "uploads"].map(|class| (format!("spec.limits.{class}.requests"), 8));
    assert_eq!(lines, expected);
}

/// A sample with some bytes replaced.
fn damaged() -> impl Strategy<Value = Vec<u8>> {
    let sample = include_bytes!("../../../config/samples/limits.yaml");
    let place = (0..sample.len(), 0..40usize, prop::collection::vec(any::<u8>(), 0..12));
    prop::collection::vec(place, 1..4).prop_map(|places| {
        let mut bytes = sample.to_vec();
        for (start, length, with) in places {
            let start = start.min(bytes.len());
            let end = (start + length).min(bytes.len());
            bytes.splice(start..end, with);
        }
        bytes
    })
}

/// Text made of what YAML and the schema give a meaning to.
fn yamlish() -> impl Strategy<Value = String> {
    let pieces = [
        "a",
        "spec",
        "domain",
        "limits",
        "kind: ChatTenant\n",
        "apiVersion: confab.dev/v1alpha1\n",
        "metadata: {name: a}\n",
        ": ",
        ":",
        "\n",
        "\n  ",
        "\n    ",
        "- ",
        "[",
        "]",
        "{",
        "}",
        ",",
        "&a ",
        "*a",
        "<<: ",
        "!!int ",
        "!x ",
        "|\n",
        ">-\n",
        "\"",
        "'",
        "#",
        "? ",
        "---\n",
        "...\n",
        "%YAML 1.2\n",
        "~",
        "1",
        "-1.5e9",
        "0x1f",
        ".nan",
        "true",
        "\t",
        "\\u0000",
        "é",
        "\u{2028}",
        "\u{85}",
        "@",
        "`",
    ];
    prop::collection::vec(prop::sample::select(pieces.to_vec()), 0..40).prop_map(|pieces| pieces.concat())
}

fn survives(yaml: &[u8]) {
    let lines = yaml.split(|byte| matches!(byte, b'\n' | b'\r')).count() as u64;
    for problem in load("t.yaml", yaml).err().into_iter().flatten() {
        assert!(problem.line >= 1 && problem.column >= 1 && !problem.message.is_empty());
        assert!(problem.line <= lines + 1, "{problem} of {lines} lines");
        assert!(!problem.to_string().contains('\n'), "{problem:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_answered(text in any::<String>()) {
        survives(text.as_bytes());
    }

    #[test]
    fn any_bytes_are_answered(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        survives(&bytes);
    }

    #[test]
    fn almost_yaml_is_answered(text in yamlish()) {
        survives(text.as_bytes());
    }

    #[test]
    fn a_damaged_sample_is_answered(bytes in damaged()) {
        survives(&bytes);
    }
}
