//! How far a service's clock is from this machine's.

use confab_contract::Timestamp;

use super::finding::Finding;

/// Skew between this clock and a service's, from which tokens and windows begin to suffer.
const SKEW_MILLIS: i64 = 2000;

/// Judges a time that a service told at some moment between `before` and `after`: a slow answer is no skew.
pub fn finding(topic: &str, theirs: Timestamp, before: Timestamp, after: Timestamp) -> Finding {
    let millis = apart(theirs, before, after);
    if millis > SKEW_MILLIS {
        return Finding::mend(topic, format!("{millis} ms apart from this machine's"), "synchronise both clocks (NTP)");
    }
    Finding::well(topic, format!("{millis} ms apart"))
}

/// How far a moment lies outside of a span.
fn apart(theirs: Timestamp, before: Timestamp, after: Timestamp) -> i64 {
    before.millis_since(theirs).max(theirs.millis_since(after)).max(0)
}

#[cfg(test)]
mod tests {
    use super::super::finding::Level;
    use super::*;

    #[test]
    fn only_what_lies_outside_of_the_question_is_skew() {
        let (before, after) = (Timestamp::from_millis(10_000), Timestamp::from_millis(19_000));
        for (theirs, millis) in [(10_000, 0), (15_000, 0), (19_000, 0), (9_000, 1000), (19_001, 1), (30_000, 11_000)] {
            assert_eq!(apart(Timestamp::from_millis(theirs), before, after), millis, "{theirs}");
        }
        assert_eq!(finding("clock", Timestamp::from_millis(15_000), before, after).level, Level::Well);
        assert_eq!(finding("clock", Timestamp::from_millis(30_000), before, after).level, Level::Mend);
    }
}
