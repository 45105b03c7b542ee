//! Owns incidents with start and end in one record: which facts follow from them, in whatever order exports are read.

use std::collections::BTreeMap;

use super::transition::{Status, Transition};
use crate::domain::value::instant::Instant;

/// An incident as one record shows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Interval {
    pub(crate) start: Instant,
    /// Later than the start; `None` while it is open.
    pub(crate) end: Option<Instant>,
    /// When the record was last changed.
    pub(crate) updated: Option<Instant>,
    /// Until its end.
    pub(crate) status: Status,
}

/// The facts that intervals add to those of a stream, sorted, one per instant. Together they give the status from the
/// start of the earliest to the end of the latest of overlapping intervals. A later end is followed, an earlier one is
/// not, as facts stay. An open interval changed after a known end has been reopened.
///
/// The order of the intervals does not affect the final stream.
pub(crate) fn facts(known: &[Transition], intervals: &[Interval]) -> Vec<Transition> {
    let mut stream: BTreeMap<Instant, Status> = known.iter().map(|fact| (fact.at, fact.status)).collect();
    let mut added = BTreeMap::new();
    let mut sorted = intervals.to_vec();
    sorted.sort_unstable();
    for interval in sorted {
        for fact in interval.facts(&stream) {
            worsen(&mut stream, fact);
            worsen(&mut added, fact);
        }
    }
    added.into_iter().map(|(at, status)| Transition { at, status }).collect()
}

fn worsen(stream: &mut BTreeMap<Instant, Status>, fact: Transition) {
    stream.entry(fact.at).and_modify(|known| *known = (*known).max(fact.status)).or_insert(fact.status);
}

impl Interval {
    /// The facts this record adds to a stream.
    fn facts(&self, stream: &BTreeMap<Instant, Status>) -> Vec<Transition> {
        // Until when the record itself confirms the status.
        let until = self.end.or(self.updated.filter(|at| *at > self.start)).unwrap_or(self.start);
        let bad = |at| Transition { at, status: self.status };
        let mut facts = vec![bad(self.start)];
        let ended = stream.range(self.start..until).filter(|(_, status)| !status.is_outage());
        facts.extend(ended.map(|(at, _)| bad(*at)));
        match self.end {
            Some(end) if is_inside(stream, end) => facts.push(bad(end)),
            Some(end) => facts.push(Transition { at: end, status: Status::Healthy }),
            None if until > self.start => facts.push(bad(until)),
            None => {}
        }
        facts
    }
}

/// Whether a stream has an ongoing incident at an instant, confirmed after it.
fn is_inside(stream: &BTreeMap<Instant, Status>, at: Instant) -> bool {
    let stands = stream.range(..=at).next_back().is_some_and(|(_, status)| status.is_outage());
    stands && stream.range(at.plus(1)..).next().is_some()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(ms: i64) -> Instant {
        Instant::from_millis(ms)
    }

    fn interval(start: i64, end: Option<i64>, updated: Option<i64>) -> Interval {
        Interval { start: at(start), end: end.map(at), updated: updated.map(at), status: Status::Unhealthy }
    }

    /// The stream after a sequence of exports.
    fn stream(exports: &[Vec<Interval>]) -> Vec<(i64, Status)> {
        let mut known: BTreeMap<Instant, Status> = BTreeMap::new();
        for export in exports {
            let facts: Vec<Transition> =
                known.iter().map(|(at, status)| Transition { at: *at, status: *status }).collect();
            for fact in self::facts(&facts, export) {
                worsen(&mut known, fact);
            }
        }
        known.into_iter().map(|(at, status)| (at.millis(), status)).collect()
    }

    /// The spans in which a stream is down; an end of `i64::MAX` is open.
    fn down(stream: &[(i64, Status)]) -> Vec<(i64, i64)> {
        let mut spans: Vec<(i64, i64)> = Vec::new();
        let mut since = None;
        for (at, status) in stream {
            match (since, status.is_outage()) {
                (None, true) => since = Some(*at),
                (Some(start), false) => {
                    spans.push((start, *at));
                    since = None;
                }
                _ => {}
            }
        }
        spans.extend(since.map(|start| (start, i64::MAX)));
        spans
    }

    #[test]
    fn later_exports_are_followed() {
        let open = || vec![interval(10, None, None)];
        let ended = |end| vec![interval(10, Some(end), None)];
        for (exports, expected) in [
            (vec![open()], vec![(10, i64::MAX)]),
            (vec![open(), ended(20)], vec![(10, 20)]),
            (vec![ended(20), open()], vec![(10, 20)]),
            (vec![open(), ended(20), open(), ended(20)], vec![(10, 20)]),
            // The end moved later.
            (vec![open(), ended(20), ended(30)], vec![(10, 30)]),
            (vec![ended(30), ended(20), ended(20)], vec![(10, 30)]),
            // It was reopened, and ended again.
            (vec![ended(20), vec![interval(10, None, Some(25))]], vec![(10, i64::MAX)]),
            (vec![vec![interval(10, None, Some(25))], ended(20)], vec![(10, i64::MAX)]),
            (vec![ended(20), vec![interval(10, None, Some(25))], ended(40)], vec![(10, 40)]),
            (vec![ended(40), vec![interval(10, None, Some(25))], ended(20)], vec![(10, 40)]),
            // An old open record does not undo a later end.
            (vec![ended(20), vec![interval(10, None, Some(15))]], vec![(10, 20)]),
        ] {
            assert_eq!(down(&stream(&exports)), expected, "{exports:?}");
        }
    }

    proptest! {
        /// For ended intervals, the stream is their union in any order.
        #[test]
        fn ended_intervals_are_a_union_in_any_order(
            spans in prop::collection::vec((0i64..30, 1i64..12), 1..6).prop_shuffle(), cuts in prop::collection::vec(any::<bool>(), 5),
        ) {
            let all: Vec<Interval> = spans.iter().map(|(start, length)| interval(*start, Some(start + length), None)).collect();
            let mut exports: Vec<Vec<Interval>> = vec![Vec::new()];
            for (index, one) in all.iter().enumerate() {
                if index > 0 && cuts[index - 1] {
                    exports.push(Vec::new());
                }
                exports.last_mut().unwrap().push(*one);
            }
            let expected: Vec<bool> = (0..50).map(|ms| spans.iter().any(|(start, length)| (*start..start + length).contains(&ms))).collect();
            let found = stream(&exports);
            let is_down = |ms: i64| found.iter().rev().find(|(at, _)| *at <= ms).is_some_and(|(_, status)| status.is_outage());
            let got: Vec<bool> = (0..50).map(is_down).collect();
            prop_assert_eq!(got, expected, "{:?} {:?}", exports, found);
            // Known intervals change nothing.
            let mut again = exports.clone();
            again.extend(exports.clone());
            prop_assert_eq!(stream(&again), found);
        }

        /// Open and ended records of one incident give the same stream in any order.
        #[test]
        fn records_of_one_incident_come_in_any_order(
            records in prop::collection::vec((prop::option::of(1i64..12), prop::option::of(1i64..12)), 1..5),
            order in Just(()).prop_perturb(|(), mut rng| rng.random::<u64>()),
        ) {
            let exports: Vec<Vec<Interval>> = records
                .iter()
                .map(|(end, updated)| vec![interval(10, end.map(|end| 10 + end), updated.map(|at| 10 + at).filter(|_| end.is_none()))])
                .collect();
            let mut shuffled = exports.clone();
            let mut seed = order;
            for index in (1..shuffled.len()).rev() {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                shuffled.swap(index, (seed >> 33) as usize % (index + 1));
            }
            prop_assert_eq!(down(&stream(&shuffled)), down(&stream(&exports)), "{:?} {:?}", shuffled, exports);
        }
    }
}
