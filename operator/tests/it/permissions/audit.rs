//! What a server was asked for, held against the table of permissions.

use std::collections::BTreeSet;

use confab_desired::permissions::{Permission, Place, table};
use confab_testbed::kubernetes::ApiServer;
use serde_json::Value;

/// What came of it.
pub struct Verdict {
    /// Requests that were refused, or that nothing in the table allows.
    pub problems: BTreeSet<String>,
    /// Rights that no request needed.
    pub unused: Vec<(Permission, &'static str)>,
}

/// Every request of a user so far.
pub fn requests(server: &ApiServer, user: &str) -> Vec<Value> {
    let log = std::fs::read_to_string(server.audit_log().expect("requests are recorded")).expect("it can be read");
    let events = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    events.filter(|event| event["user"]["username"] == user).collect()
}

/// Holds requests of an operator that lives in `own` against the table.
pub fn judge(requests: &[Value], own: &str) -> Verdict {
    let table = table();
    let (mut problems, mut used) = (BTreeSet::new(), BTreeSet::new());
    for request in requests {
        let (verb, path) = (&request["verb"], &request["requestURI"]);
        if request["responseStatus"]["code"] == 403 {
            problems.insert(format!("refused: {verb} {path}: {}", request["responseStatus"]["message"]));
        }
        if request["objectRef"].is_null() {
            // Whoever is known may ask what there is.
            if !["/api", "/version"].iter().any(|known| path.as_str().unwrap_or_default().starts_with(known)) {
                problems.insert(format!("not about an object: {verb} {path}"));
            }
            continue;
        }
        for verb in verbs(request) {
            match table.iter().position(|line| allows(line, request, verb, own)) {
                Some(index) => {
                    used.insert((index, verb));
                }
                None => {
                    problems.insert(format!("not in the table: {verb} {path}"));
                }
            }
        }
    }
    let rights =
        table.iter().enumerate().flat_map(|(index, line)| line.verbs.iter().map(move |verb| (index, line, *verb)));
    let unused = rights.filter(|(index, _, verb)| !used.contains(&(*index, *verb)));
    Verdict { unused: unused.map(|(_, line, verb)| (line.clone(), verb)).collect(), problems }
}

/// The verb, and, for an apply that made its object, the right to create.
fn verbs(request: &Value) -> Vec<&str> {
    let verb = request["verb"].as_str().expect("a verb");
    if verb == "patch" && request["responseStatus"]["code"] == 201 { vec![verb, "create"] } else { vec![verb] }
}

fn allows(line: &Permission, request: &Value, verb: &str, own: &str) -> bool {
    let object = &request["objectRef"];
    let text = |field: &str| object[field].as_str().unwrap_or_default();
    let resource = match text("subresource") {
        "" => text("resource").to_owned(),
        subresource => format!("{}/{subresource}", text("resource")),
    };
    // No tenant lives where the operator does.
    let place = if text("namespace") == own { Place::Own } else { Place::Tenants };
    line.place == place
        && line.group == text("apiGroup")
        && line.resource == resource
        && line.verbs.contains(&verb)
        && (line.names.is_empty() || line.names.contains(&text("name")))
}
