//! Points in the changes of a tenant: pure arithmetic.

use super::LANES;
use super::lanes::Lane;

/// Bits of a mark that hold the position in its lane; the bits above hold the lane.
const POSITION_BITS: u32 = 48;
const POSITION_MAX: u64 = (1 << POSITION_BITS) - 1;

/// The stamp of a change: a lane and the position in it, as one number that sorts by lane, then position.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Mark(i64);

impl Mark {
    pub(crate) fn new(lane: Lane, position: u64) -> Self {
        let lane = i64::try_from(lane.index()).expect("a lane's number is small");
        let position = i64::try_from(position & POSITION_MAX).expect("48 bits");
        Self((lane << POSITION_BITS) | position)
    }

    /// No mark of the lane is greater.
    pub(crate) fn last(lane: Lane) -> Self {
        Self::new(lane, POSITION_MAX)
    }

    /// As it stands in a column.
    pub(crate) const fn from_column(column: i64) -> Self {
        Self(column)
    }

    /// For a column.
    pub(crate) const fn to_column(self) -> i64 {
        self.0
    }

    pub(crate) fn lane(self) -> usize {
        usize::try_from(self.0 >> POSITION_BITS).unwrap_or_default().min(LANES - 1)
    }

    pub(crate) fn position(self) -> u64 {
        self.0.unsigned_abs() & POSITION_MAX
    }
}

/// A point in the changes of a tenant: how far each lane was seen. The default has seen nothing.
///
/// Between two pages of one answer it also remembers how far the pages got, while what is *seen* stays where the first
/// page began: only then is it true for every conversation that all events up to some `seq` are seen, and none after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Position {
    seen: [u64; LANES],
    scanned: Option<[u64; LANES]>,
}

impl Position {
    pub(crate) const fn complete(seen: [u64; LANES]) -> Self {
        Self { seen, scanned: None }
    }

    /// This position in the middle of an answer: everything up to `last` is scanned, in the order of marks, and what
    /// was visible in each lane before that.
    pub(crate) fn scanned_up_to(&self, last: Mark, visible: &[u64; LANES]) -> Self {
        let mut scanned = *self.frontier();
        scanned[..last.lane()].copy_from_slice(&visible[..last.lane()]);
        scanned[last.lane()] = last.position().min(visible[last.lane()]);
        Self { seen: self.seen, scanned: Some(scanned) }
    }

    /// This position in a database that holds `visible`. After a restore from a backup a position can be ahead of the
    /// database; such lanes begin anew.
    pub(crate) fn within(&self, visible: &[u64; LANES]) -> Self {
        let bring_back = |lanes: &mut [u64; LANES]| {
            for (lane, visible) in lanes.iter_mut().zip(visible) {
                if *lane > *visible {
                    *lane = 0;
                }
            }
        };
        let mut position = *self;
        bring_back(&mut position.seen);
        if let Some(scanned) = &mut position.scanned {
            bring_back(scanned);
        }
        position
    }

    /// From where an answer goes on.
    pub(crate) const fn frontier(&self) -> &[u64; LANES] {
        match &self.scanned {
            Some(scanned) => scanned,
            None => &self.seen,
        }
    }

    pub(crate) const fn seen(&self) -> &[u64; LANES] {
        &self.seen
    }

    pub(crate) fn has_seen(&self, mark: Mark) -> bool {
        mark.position() <= self.seen[mark.lane()]
    }

    pub(crate) fn has_scanned(&self, mark: Mark) -> bool {
        mark.position() <= self.frontier()[mark.lane()]
    }

    /// Whether it has seen nothing at all.
    pub(crate) fn is_origin(&self) -> bool {
        self.seen == [0; LANES]
    }

    /// Whether it is in the middle of an answer.
    pub(crate) const fn is_between_pages(&self) -> bool {
        self.scanned.is_some()
    }

    /// As text: numbers with dots between them. Opaque to clients; whoever hands it out protects it against changes.
    #[must_use]
    pub fn encode(&self) -> String {
        let mut text = encode_lanes(&self.seen);
        if let Some(scanned) = &self.scanned {
            text.push('~');
            text.push_str(&encode_lanes(scanned));
        }
        text
    }

    /// From [`Self::encode`]d text.
    #[must_use]
    pub fn decode(text: &str) -> Option<Self> {
        let (seen, scanned) = match text.split_once('~') {
            Some((seen, scanned)) => (seen, Some(decode_lanes(scanned)?)),
            None => (text, None),
        };
        Some(Self { seen: decode_lanes(seen)?, scanned })
    }

    /// Takes over what the other has seen: per lane the larger number.
    pub fn join(&mut self, other: &Self) {
        for (lane, other) in self.seen.iter_mut().zip(other.seen) {
            *lane = (*lane).max(other);
        }
        self.scanned = None;
    }
}

/// Trailing zeros are left out: most tenants use few lanes.
fn encode_lanes(lanes: &[u64; LANES]) -> String {
    let used = lanes.iter().rposition(|lane| *lane > 0).map_or(0, |last| last + 1);
    let numbers: Vec<String> = lanes[..used].iter().map(u64::to_string).collect();
    numbers.join(".")
}

fn decode_lanes(text: &str) -> Option<[u64; LANES]> {
    let mut lanes = [0; LANES];
    if text.is_empty() {
        return Some(lanes);
    }
    let mut free = lanes.iter_mut();
    for number in text.split('.') {
        let plain = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let number = number.parse().ok().filter(|number| plain && *number <= POSITION_MAX)?;
        *free.next()? = number;
    }
    Some(lanes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lanes() -> impl Strategy<Value = [u64; LANES]> {
        proptest::array::uniform16(prop_oneof![Just(0), 0..=POSITION_MAX])
    }

    proptest! {
        #[test]
        fn a_position_survives_its_text(seen in lanes(), scanned in proptest::option::of(lanes())) {
            let position = Position { seen, scanned };
            prop_assert_eq!(Position::decode(&position.encode()), Some(position));
        }

        #[test]
        fn any_text_is_decoded_or_refused(text in ".*") {
            let _ = Position::decode(&text);
        }

        #[test]
        fn a_mark_keeps_lane_and_position(lane in 0..LANES, position in 0..=POSITION_MAX) {
            let mark = Mark::new(Lane::of_index(lane), position);
            prop_assert_eq!((mark.lane(), mark.position()), (lane, position));
        }
    }

    #[test]
    fn malformed_text_is_refused() {
        let seventeen = ["1"; LANES + 1].join(".");
        for bad in ["a", "1.", ".1", "-1", "+1", "1..2", "281474976710656", "1~x", "1~2~3", &seventeen] {
            assert_eq!(Position::decode(bad), None, "{bad}");
        }
        assert_eq!(Position::decode(""), Some(Position::default()));
    }

    #[test]
    fn joining_takes_the_larger_number_of_each_lane() {
        let mut position = Position::decode("5.1.7").expect("well-formed");
        position.join(&Position::decode("3.4").expect("well-formed"));
        assert_eq!(position.encode(), "5.4.7");
    }

    #[test]
    fn in_the_middle_of_an_answer_nothing_new_counts_as_seen() {
        let start = Position::decode("1.1.1").expect("well-formed");
        let mut visible = [0; LANES];
        visible[..3].copy_from_slice(&[9, 9, 9]);
        let middle = start.scanned_up_to(Mark::new(Lane::of_index(1), 5), &visible);
        assert_eq!(middle.encode(), "1.1.1~9.5.1");
        assert!(middle.has_scanned(Mark::new(Lane::of_index(0), 9)));
        assert!(!middle.has_seen(Mark::new(Lane::of_index(0), 9)));
        assert!(!middle.has_scanned(Mark::new(Lane::of_index(2), 2)));
    }

    #[test]
    fn a_lane_ahead_of_the_database_begins_anew() {
        let mut visible = [0; LANES];
        visible[0] = 4;
        let position = Position::decode("9.0.0.2").expect("well-formed").within(&visible);
        assert_eq!(position, Position::default());
    }
}
