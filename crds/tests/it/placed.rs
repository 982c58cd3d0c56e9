//! YAML written from a value, remembering on which line each path stands.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

pub struct Placed {
    pub yaml: String,
    lines: BTreeMap<String, u64>,
    next_line: u64,
}

impl Placed {
    pub fn write(value: &Value) -> Self {
        let mut placed = Self { yaml: String::new(), lines: BTreeMap::from([(String::new(), 1)]), next_line: 1 };
        placed.fields(value, "", 0);
        placed
    }

    /// The line of the path, or of the nearest part around it.
    pub fn line(&self, path: &str) -> u64 {
        match self.lines.get(path) {
            Some(line) => *line,
            None => self.line(path.rfind(['.', '[']).map_or("", |end| &path[..end])),
        }
    }

    fn end_line(&mut self) {
        self.yaml.push('\n');
        self.next_line += 1;
    }

    fn fields(&mut self, value: &Value, path: &str, depth: usize) {
        for (key, inner) in value.as_object().unwrap() {
            let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
            self.lines.insert(path.clone(), self.next_line);
            write!(self.yaml, "{:1$}{key}:", "", depth * 2).unwrap();
            self.value(inner, &path, depth + 1);
        }
    }

    fn value(&mut self, value: &Value, path: &str, depth: usize) {
        match value {
            Value::Object(fields) if !fields.is_empty() => {
                self.end_line();
                self.fields(value, path, depth);
            }
            Value::Array(items) if !items.is_empty() => {
                self.end_line();
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    write!(self.yaml, "{:1$}-", "", depth * 2).unwrap();
                    // A mapping begins on the line below its dash.
                    let line = self.next_line + u64::from(item.is_object());
                    self.lines.insert(path.clone(), line);
                    self.value(item, &path, depth + 1);
                }
            }
            scalar => {
                write!(self.yaml, " {scalar}").unwrap();
                self.end_line();
            }
        }
    }
}
