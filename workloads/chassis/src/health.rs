//! Whether this process should get work: each part it depends on reports, and a drain ends it.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

/// The readiness of a process. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Health(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    parts: Mutex<BTreeMap<&'static str, Result<(), String>>>,
    draining: AtomicBool,
}

/// Why a process is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The part that is not well.
    pub part: &'static str,
    /// What is wrong with it.
    pub message: String,
}

const NOT_REPORTED: &str = "has not reported yet";

impl Health {
    /// Unready until each of the parts has reported that it is well.
    #[must_use]
    pub fn new(parts: &[&'static str]) -> Self {
        let parts = parts.iter().map(|part| (*part, Err(NOT_REPORTED.to_owned()))).collect();
        Self(Arc::new(Inner { parts: Mutex::new(parts), draining: AtomicBool::new(false) }))
    }

    /// A part reports how it is. Only news is logged, so a part may report every second.
    pub fn report(&self, part: &'static str, state: Result<(), String>) {
        let mut parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner);
        match news(parts.get(part), &state) {
            Some(Ok(())) => tracing::info!(part, "a part of this process is well"),
            Some(Err(problem)) => tracing::warn!(part, problem, "a part of this process is not well"),
            None => {}
        }
        parts.insert(part, state);
    }

    /// Unready from now on, whatever the parts say.
    pub fn start_draining(&self) {
        self.0.draining.store(true, Ordering::SeqCst);
    }

    /// Whether the process is leaving.
    pub fn is_draining(&self) -> bool {
        self.0.draining.load(Ordering::SeqCst)
    }

    /// Whether the process should get work, or all the reasons why not.
    pub fn ready(&self) -> Result<(), Vec<Problem>> {
        let problems = self.problems();
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Everything that keeps the process from being ready.
    pub fn problems(&self) -> Vec<Problem> {
        let mut problems = Vec::new();
        if self.is_draining() {
            problems.push(Problem { part: "process", message: "is draining".to_owned() });
        }
        let parts = self.0.parts.lock().unwrap_or_else(PoisonError::into_inner);
        for (part, state) in parts.iter() {
            if let Err(message) = state {
                problems.push(Problem { part, message: message.clone() });
            }
        }
        problems
    }
}

/// What of a report is worth a line: a change for better or worse, and another problem than before. The first problem is
/// one, too: without it nobody would learn what a process waits for.
fn news<'a>(before: Option<&Result<(), String>>, now: &'a Result<(), String>) -> Option<Result<(), &'a str>> {
    (before != Some(now)).then(|| now.as_ref().map(|&()| ()).map_err(String::as_str))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_problem_another_one_and_the_recovery_are_news_and_a_repetition_is_none() {
        let problem = |text: &str| Err(text.to_owned());
        let silent = problem(NOT_REPORTED);
        assert_eq!(news(Some(&silent), &problem("wrong password")), Some(Err("wrong password")));
        assert_eq!(news(Some(&problem("wrong password")), &problem("wrong password")), None);
        assert_eq!(news(Some(&problem("wrong password")), &problem("no such database")), Some(Err("no such database")));
        assert_eq!(news(Some(&problem("no such database")), &Ok(())), Some(Ok(())));
        assert_eq!(news(Some(&Ok(())), &Ok(())), None);
        assert_eq!(news(None, &Ok(())), Some(Ok(())));
    }

    #[test]
    fn a_process_is_unready_until_every_part_has_reported() {
        let health = Health::new(&["database", "keys"]);
        health.report("database", Ok(()));
        assert_eq!(health.problems(), [Problem { part: "keys", message: NOT_REPORTED.to_owned() }]);
        health.report("keys", Ok(()));
        assert_eq!(health.ready(), Ok(()));
    }

    #[test]
    fn a_part_that_falls_ill_makes_the_process_unready_until_it_recovers() {
        let health = Health::new(&["database"]);
        health.report("database", Ok(()));
        health.report("database", Err("connection refused".to_owned()));
        assert_eq!(health.problems().len(), 1);
        health.report("database", Ok(()));
        assert_eq!(health.ready(), Ok(()));
    }

    #[test]
    fn draining_makes_a_well_process_unready() {
        let health = Health::new(&[]);
        assert!(health.ready().is_ok());
        health.start_draining();
        assert!(health.ready().is_err() && health.is_draining());
    }
}
