//! What the tour prints: steps, requests, replies and frames, with secrets shortened.

use std::io::{self, Write};
use std::time::Duration;

use serde_json::Value;

/// Longest text shown of a token or another long value.
const SHOWN_CHARS: usize = 48;
/// Entries of an array that are shown.
const SHOWN_ENTRIES: usize = 4;

/// Writes the tour's story to a stream.
pub struct Transcript<W> {
    out: W,
    step: u32,
}

impl<W: Write> Transcript<W> {
    /// A transcript on this stream.
    pub fn new(out: W) -> Self {
        Self { out, step: 0 }
    }

    /// Begins a numbered step.
    pub fn step(&mut self, title: &str) -> io::Result<()> {
        self.step += 1;
        writeln!(self.out, "\n{}. {title}", self.step)
    }

    /// A remark between requests.
    pub fn say(&mut self, text: &str) -> io::Result<()> {
        writeln!(self.out, "   {text}")
    }

    /// A request as it goes out.
    pub fn request(&mut self, who: &str, method: &str, path: &str, body: Option<&Value>) -> io::Result<()> {
        writeln!(self.out, "   {who} → {method} {}", shorten(path))?;
        self.json(body)
    }

    /// A reply as it comes in.
    pub fn reply(&mut self, who: &str, status: u16, took: Duration, body: &Value) -> io::Result<()> {
        writeln!(self.out, "   {who} ← {status} ({} ms)", took.as_millis())?;
        self.json(Some(body))
    }

    /// A frame sent over a socket.
    pub fn frame_out(&mut self, who: &str, frame: &Value) -> io::Result<()> {
        writeln!(self.out, "   {who} ⇒ {}", compact(frame))
    }

    /// A frame received over a socket.
    pub fn frame_in(&mut self, who: &str, frame: &Value) -> io::Result<()> {
        writeln!(self.out, "   {who} ⇐ {}", compact(frame))
    }

    /// A socket that the other side closed.
    pub fn closed(&mut self, who: &str, code: u16, reason: &str) -> io::Result<()> {
        writeln!(self.out, "   {who} ⇐ closed: {code} {reason}")
    }

    fn json(&mut self, body: Option<&Value>) -> io::Result<()> {
        let Some(body) = body.filter(|body| !body.is_null()) else { return Ok(()) };
        let text = serde_json::to_string_pretty(&shown(body)).map_err(io::Error::other)?;
        for line in text.lines() {
            writeln!(self.out, "       {line}")?;
        }
        Ok(())
    }
}

fn compact(frame: &Value) -> String {
    shown(frame).to_string()
}

/// A copy for printing: secrets hidden, long texts and lists shortened.
fn shown(value: &Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .iter()
            .map(|(key, field)| {
                let field = if is_secret(key) { hidden(field) } else { shown(field) };
                (key.clone(), field)
            })
            .collect(),
        Value::Array(entries) if entries.len() > SHOWN_ENTRIES => {
            let mut kept: Vec<Value> = entries.iter().take(SHOWN_ENTRIES).map(shown).collect();
            kept.push(Value::String(format!("… {} more", entries.len() - SHOWN_ENTRIES)));
            Value::Array(kept)
        }
        Value::Array(entries) => entries.iter().map(shown).collect(),
        Value::String(text) => Value::String(shorten(text)),
        other => other.clone(),
    }
}

fn is_secret(key: &str) -> bool {
    key.contains("password") || key.contains("token") && key != "token_type"
}

fn hidden(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(format!("… ({} characters)", text.chars().count())),
        other => shown(other),
    }
}

fn shorten(text: &str) -> String {
    let hides_token = text.find("token=").map(|at| format!("{}token=…", &text[..at]));
    if let Some(text) = hides_token {
        return text;
    }
    if text.chars().count() <= 2 * SHOWN_CHARS {
        return text.to_owned();
    }
    let start: String = text.chars().take(SHOWN_CHARS).collect();
    format!("{start}…")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn passwords_and_tokens_are_not_shown() {
        let mut out = Vec::new();
        let mut transcript = Transcript::new(&mut out);
        let body = json!({"password": "canary-password", "data": {"access_token": "eyJhbGciOi-canary"}});
        transcript.request("Ada", "POST", "/v1/ws?token=canary", Some(&body)).expect("a Vec takes everything");
        let text = String::from_utf8(out).expect("what we print is UTF-8");
        assert!(!text.contains("canary"), "{text}");
    }

    #[test]
    fn long_lists_are_cut_and_say_so() {
        assert_eq!(shown(&json!([1, 2, 3, 4, 5, 6])), json!([1, 2, 3, 4, "… 2 more"]));
    }
}
