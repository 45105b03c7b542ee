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

/// What intervals add to a stream.
#[derive(Default)]
pub(crate) struct Added {
    /// Facts that follow from the intervals themselves.
    pub(crate) own: BTreeMap<Instant, Status>,
    /// Facts that say what records known before do at an instant that was no fact so far: the status, and a later fact of
    /// such a record.
    pub(crate) covered: BTreeMap<Instant, (Status, Instant)>,
}

impl Added {
    /// All facts, sorted, one per instant.
    pub(crate) fn facts(self) -> Vec<Transition> {
        let mut facts = self.own;
        for (at, (status, _)) in self.covered {
            worsen(&mut facts, at, status);
        }
        facts.into_iter().map(|(at, status)| Transition { at, status }).collect()
    }
}

/// What intervals add to the facts of a stream. Together they give, at each instant, the worst status of the records
/// that cover it. An ended record covers the time from its start to its end, an open one from its start through its last
/// update, and longer if nothing later is known. Where no record does, the stream is healthy after an end, and unknown
/// after an open record.
///
/// The facts of a stream give this status for all instants up to its last fact, and an incident that is open then has a
/// last fact that says so. Nothing else of earlier records is needed, so their order does not affect any status.
pub(crate) fn facts(known: &[Transition], intervals: &[Interval]) -> Added {
    let mut stream: BTreeMap<Instant, Status> = known.iter().map(|fact| (fact.at, fact.status)).collect();
    let mut added = Added::default();
    let mut sorted = intervals.to_vec();
    sorted.sort_unstable();
    for interval in sorted {
        let of_one = interval.facts(&stream);
        for (at, status) in of_one.own {
            worsen(&mut stream, at, status);
            worsen(&mut added.own, at, status);
        }
        for (at, covered) in of_one.covered {
            worsen(&mut stream, at, covered.0);
            added.covered.insert(at, covered);
        }
    }
    let own = &added.own;
    added.covered.retain(|at, (status, _)| own.get(at).is_none_or(|own| own < status));
    added
}

fn worsen(stream: &mut BTreeMap<Instant, Status>, at: Instant, status: Status) {
    stream.entry(at).and_modify(|known| *known = (*known).max(status)).or_insert(status);
}

impl Interval {
    /// The last instant at which an open record is confirmed, or the end.
    fn until(&self) -> Instant {
        self.end.or(self.updated.filter(|at| *at > self.start)).unwrap_or(self.start)
    }

    fn covers(&self, at: Instant) -> bool {
        self.start <= at && (at < self.until() || self.end.is_none() && at == self.until())
    }

    /// What this record adds to a stream.
    fn facts(&self, stream: &BTreeMap<Instant, Status>) -> Added {
        let (status, until) = (self.status, self.until());
        let mut added = Added::default();
        let inside = stream.range(self.start..=until).filter(|(at, known)| self.covers(**at) && **known < status);
        added.own.extend(inside.map(|(at, _)| (*at, status)));
        for at in [self.start, until] {
            let own = if self.covers(at) { status } else { Status::Healthy };
            // What is known already is a duplicate, not a conflict.
            worsen(&mut added.own, at, stream.get(&at).map_or(own, |known| own.max(*known)));
            let known = confirmed(stream, at).filter(|known| *known > own && !stream.contains_key(&at));
            added.covered.extend(known.map(|known| (at, (known, end_of(stream, at, known)))));
        }
        let Some((&last, &at_last)) = stream.last_key_value() else { return added };
        if until > last && at_last.is_outage() {
            // What is open so far is confirmed no longer than this, and this record goes on.
            let next = last.plus(1);
            let after = if self.covers(next) { status } else { Status::Unknown };
            if after < at_last {
                worsen(&mut added.own, next, after);
            }
        } else if until < last && self.end.is_none() {
            // This record is confirmed no longer than this, and others go on.
            let next = until.plus(1);
            let (open, after) = (confirmed(stream, until).max(Some(status)), confirmed(stream, next));
            if after < open && !stream.contains_key(&next) {
                let of = after.map_or_else(|| following(stream, next), |after| end_of(stream, next, after));
                added.covered.insert(next, (after.unwrap_or(Status::Unknown), of));
            }
        }
        added
    }
}

/// The status of the records that cover an instant, if any.
fn confirmed(stream: &BTreeMap<Instant, Status>, at: Instant) -> Option<Status> {
    let status = stream.range(..=at).next_back().map(|(_, status)| *status).filter(|status| status.is_outage());
    status.filter(|_| stream.range(at..).next().is_some())
}

/// The first fact from an instant on.
fn following(stream: &BTreeMap<Instant, Status>, at: Instant) -> Instant {
    stream.range(at..).next().map_or(at, |(at, _)| *at)
}

/// The fact at which a status in force at an instant ends, or the last one if it does not.
fn end_of(stream: &BTreeMap<Instant, Status>, at: Instant, status: Status) -> Instant {
    let end = stream.range(at..).find(|(_, known)| **known < status).or(stream.last_key_value());
    end.map_or(at, |(at, _)| *at)
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
            for fact in self::facts(&facts, export).facts() {
                worsen(&mut known, fact.at, fact.status);
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

        /// Records of any kind, status and start give at each instant what the rule says, in any order and batches.
        #[test]
        fn records_of_any_status_give_the_worst_that_covers_an_instant(
            records in prop::collection::vec(record(), 1..6).prop_shuffle(), cuts in prop::collection::vec(any::<bool>(), 5),
        ) {
            let exports = batches(&records, &cuts);
            let found = stream(&exports);
            let expected: Vec<Option<Status>> = (0..45).map(|ms| ruled(&records, at(ms))).collect();
            let got: Vec<Option<Status>> = (0..45).map(|ms| status_at(&found, ms)).collect();
            prop_assert_eq!(got, expected, "{:?} {:?}", exports, found);
            // Known records change nothing.
            let mut again = exports.clone();
            again.extend(exports.iter().rev().cloned());
            prop_assert_eq!(stream(&again), found);
        }

        /// Ended records with any statuses give the same facts, not only the same statuses.
        #[test]
        fn ended_records_give_the_same_facts_in_any_order(
            (records, shuffled) in shuffles(record().prop_filter("ended", |record| record.end.is_some()).boxed()), cuts in prop::collection::vec(any::<bool>(), 5),
        ) {
            prop_assert_eq!(stream(&batches(&shuffled, &cuts)), stream(&[records]));
        }

        /// So do records of one incident with one status, open and ended.
        #[test]
        fn records_with_one_status_and_start_give_the_same_facts_in_any_order(
            (records, shuffled) in shuffles(record().prop_map(|record| Interval { status: Status::Degraded, ..record.starting(at(5)) }).boxed()),
            cuts in prop::collection::vec(any::<bool>(), 5),
        ) {
            prop_assert_eq!(stream(&batches(&shuffled, &cuts)), stream(&[records]));
        }
    }

    impl Interval {
        fn starting(self, start: Instant) -> Self {
            let shift = start.millis() - self.start.millis();
            let moved = |at: Option<Instant>| at.map(|at| at.plus(shift));
            Self { start, end: moved(self.end), updated: moved(self.updated), ..self }
        }
    }

    fn record() -> impl Strategy<Value = Interval> {
        let status = prop_oneof![Just(Status::Degraded), Just(Status::Unhealthy)];
        (0i64..20, prop::option::of(1i64..20), prop::option::of(0i64..20), status).prop_map(
            |(start, end, updated, status)| {
                let later = |by: Option<i64>| by.map(|by| start + by);
                Interval { status, ..interval(start, later(end), later(updated)) }
            },
        )
    }

    fn shuffles(record: BoxedStrategy<Interval>) -> impl Strategy<Value = (Vec<Interval>, Vec<Interval>)> {
        let records = prop::collection::vec(record, 2..6);
        records.prop_flat_map(|records| (Just(records.clone()), Just(records).prop_shuffle()))
    }

    fn batches(records: &[Interval], cuts: &[bool]) -> Vec<Vec<Interval>> {
        let mut batches: Vec<Vec<Interval>> = vec![Vec::new()];
        for (index, record) in records.iter().enumerate() {
            if index > 0 && cuts[index - 1] {
                batches.push(Vec::new());
            }
            batches.last_mut().unwrap().push(*record);
        }
        batches
    }

    fn status_at(stream: &[(i64, Status)], ms: i64) -> Option<Status> {
        stream.iter().rev().find(|(at, _)| *at <= ms).map(|(_, status)| *status)
    }

    /// The rule of docs/reference/feeds.md.
    fn ruled(records: &[Interval], at: Instant) -> Option<Status> {
        let worst = |at: Instant| {
            let covering = records.iter().filter(|record| match (record.end, record.updated) {
                (Some(end), _) => record.start <= at && at < end,
                (None, updated) => at == record.start || record.start <= at && updated.is_some_and(|until| at <= until),
            });
            covering.map(|record| record.status).max()
        };
        let last_of = |record: &Interval| record.end.or(record.updated).unwrap_or(record.start);
        let last = records.iter().map(last_of).max()?;
        let stands = || {
            // After everything that is known, the last record says whether the incident is open.
            if at > last
                && let Some(open) = worst(last)
            {
                return Some(open);
            }
            let ends = records.iter().filter_map(|record| record.end).filter(|end| *end <= at).max();
            let opens =
                records.iter().filter(|record| record.end.is_none()).map(last_of).filter(|until| *until < at).max();
            match (ends, opens) {
                (None, None) => None,
                (Some(end), Some(until)) if end > until => Some(Status::Healthy),
                (_, Some(_)) => Some(Status::Unknown),
                (Some(_), None) => Some(Status::Healthy),
            }
        };
        worst(at).or_else(stands)
    }
}
