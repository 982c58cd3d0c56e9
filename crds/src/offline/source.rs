//! From bytes to trees: encoding, size, syntax.

use super::node::{Node, Position};
use super::problem::{BrokenRule, Problem};
use super::shown::name;

/// Largest file that is read. A Kubernetes object is at most 1.5 MiB, and a tenant is a page.
const FILE_BYTES: usize = 1024 * 1024;
/// Deepest nesting; a tenant needs eight levels.
const DEPTH: usize = 32;
/// Most values in one file.
const NODES: usize = 50_000;
/// Most values that aliases may repeat.
const ALIASED_NODES: usize = 10_000;

/// The documents of a file, without the empty ones.
pub(super) fn documents(file: &str, bytes: &[u8]) -> Result<Vec<Node>, Problem> {
    let text = decode(file, bytes)?;
    let nodes = serde_saphyr::from_multiple_with_options::<Node>(text, options())
        .map_err(|error| syntax_problem(file, &error))?;
    let nodes: Vec<Node> = nodes.into_iter().filter(|node| !node.is_null()).collect();
    if nodes.is_empty() {
        let hint = "there is no document in this file; write a ChatTenant, as in config/samples/laptop.yaml";
        return Err(problem(file, Position::START, hint.into()));
    }
    Ok(nodes)
}

fn decode<'a>(file: &str, bytes: &'a [u8]) -> Result<&'a str, Problem> {
    if bytes.len() > FILE_BYTES {
        return Err(problem(file, Position::START, format!("the file is larger than {FILE_BYTES} bytes")));
    }
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(problem(file, Position::START, "the file is UTF-16; save it as UTF-8".into()));
    }
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|error| {
        let at = position_of(bytes, error.valid_up_to());
        problem(file, at, "the file is not UTF-8; save it as UTF-8".into())
    })?;
    let control = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{85}');
    if let Some((offset, found)) = text.char_indices().find(|(_, c)| control(*c)) {
        let at = position_of(bytes, offset);
        let code = u32::from(found);
        return Err(problem(file, at, format!("the control character U+{code:04X} is not allowed; remove it")));
    }
    Ok(text)
}

fn position_of(bytes: &[u8], offset: usize) -> Position {
    let before = &bytes[..offset];
    let lines = before.split(|byte| *byte == b'\n');
    let last = lines.clone().next_back().unwrap_or_default();
    let column = String::from_utf8_lossy(last).chars().count() + 1;
    Position { line: lines.count() as u64, column: column as u64 }
}

fn options() -> serde_saphyr::Options {
    serde_saphyr::options! {
        with_snippet: false,
        emit_comments: false,
        budget: serde_saphyr::budget! {
            max_depth: DEPTH,
            flow_nesting_limit: DEPTH,
            max_nodes: NODES,
            max_events: 3 * NODES,
            max_total_scalar_bytes: FILE_BYTES,
            max_recorded_anchor_events: ALIASED_NODES,
        },
        alias_limits: serde_saphyr::alias_limits! {
            max_total_replayed_events: ALIASED_NODES,
            max_replay_stack_depth: 8,
        },
    }
}

fn syntax_problem(file: &str, error: &serde_saphyr::Error) -> Problem {
    let at = error.location().map_or(Position::START, Position::of);
    problem(file, at, reason(error))
}

/// The parser's words where they help a person, ours where they speak of the parser.
fn reason(error: &serde_saphyr::Error) -> String {
    use serde_saphyr::Error;
    match error.without_snippet() {
        Error::AliasError { error, .. } => reason(error),
        Error::DuplicateMappingKey { key: Some(key), .. } => format!("the key {} is here twice; remove one", name(key)),
        Error::DuplicateMappingKey { key: None, .. } => "the same key is here twice; remove one".into(),
        Error::Budget { .. }
        | Error::AliasReplayLimitExceeded { .. }
        | Error::AliasReplayStackDepthExceeded { .. }
        | Error::AliasExpansionLimitExceeded { .. } => {
            "the file has too many values, levels or aliases to be a tenant".into()
        }
        Error::RecursiveReferencesRequireWeakTypes { .. } => "an alias may not stand inside what it names".into(),
        Error::NonFiniteFloat { .. } => "infinity and not-a-number are no values here".into(),
        Error::NullIntoString { .. } | Error::Unexpected { .. } => "a key must be a text".into(),
        other => {
            let rendered = other.to_string();
            // The position stands in front already, and a message is one line.
            let first = rendered.lines().next().unwrap_or_default();
            let first = first.rsplit_once(" at line ").map_or(first, |(words, _)| words).trim_end_matches(',');
            format!("cannot read this as YAML: {first}")
        }
    }
}

fn problem(file: &str, at: Position, message: String) -> Problem {
    Problem {
        file: file.to_owned(),
        line: at.line,
        column: at.column,
        path: String::new(),
        rule: BrokenRule::Yaml,
        message,
    }
}
