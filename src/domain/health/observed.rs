//! Owns observations: a status seen at an instant holds until the next one, but at most for the maximum gap.

use super::transition::{Status, Transition};
use crate::domain::value::instant::Instant;

/// When the status becomes unknown between observations further apart than `max_gap_ms`, in order. Both lists are
/// sorted, one per instant. Only gaps next to `seen` are checked; those within `known` were checked before. The last
/// observation stays open: a later export continues there. A gap that a later export fills stays, as facts do; so the
/// order of exports matters if one has observations within a gap of another.
pub(crate) fn gaps(known: &[Transition], seen: &[Transition], max_gap_ms: i64) -> Vec<Transition> {
    let (mut known, mut seen) = (known.iter().copied().peekable(), seen.iter().copied().peekable());
    let mut gaps = Vec::new();
    let mut before: Option<(Transition, bool)> = None;
    loop {
        let next = match (known.peek().copied(), seen.peek().copied()) {
            (None, None) => return gaps,
            (Some(old), Some(new)) if old.at == new.at => {
                known.next();
                seen.next();
                (Transition { status: old.status.max(new.status), ..old }, true)
            }
            (Some(old), new) if new.is_none_or(|new| old.at < new.at) => {
                known.next();
                (old, false)
            }
            (_, new) => {
                seen.next();
                let Some(new) = new else { return gaps };
                (new, true)
            }
        };
        if let Some((last, was_new)) = before
            && (was_new || next.1)
        {
            gaps.extend(gap(last, next.0.at, max_gap_ms));
        }
        before = Some(next);
    }
}

fn gap(last: Transition, next: Instant, max_gap_ms: i64) -> Option<Transition> {
    let is_gap = next.since(last.at) > max_gap_ms && last.status != Status::Unknown;
    is_gap.then(|| Transition { at: last.at.plus(max_gap_ms), status: Status::Unknown })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    fn up(ms: i64) -> Transition {
        Transition { at: Instant::from_millis(ms), status: Status::Healthy }
    }

    fn at(gaps: &[Transition]) -> Vec<i64> {
        gaps.iter().map(|gap| gap.at.millis()).collect()
    }

    #[test]
    fn a_gap_is_longer_than_it_may_be_and_never_the_last() {
        assert_eq!(at(&gaps(&[], &[up(0), up(10), up(21)], 10)), [20]);
        assert_eq!(at(&gaps(&[], &[up(0)], 10)), [0; 0]);
        assert_eq!(at(&gaps(&[up(0)], &[up(30)], 10)), [10]);
        assert_eq!(at(&gaps(&[up(30)], &[up(0)], 10)), [10]);
        assert_eq!(at(&gaps(&[up(0), up(50)], &[up(45)], 10)), [10]);
        assert_eq!(at(&gaps(&[up(0), up(50)], &[up(60)], 10)), [0; 0], "an old gap has been seen to");
        let paused = Transition { status: Status::Unknown, ..up(0) };
        assert_eq!(at(&gaps(&[], &[paused, up(30)], 10)), [0; 0]);
    }

    /// The one case in which the order of exports matters, as docs/reference/feeds.md says.
    #[test]
    fn a_gap_stays_when_a_later_export_fills_it() {
        assert_eq!(at(&gaps(&[], &[up(0), up(5), up(15), up(25)], 10)), [0; 0]);
        let marked = at(&gaps(&[], &[up(0), up(25)], 10));
        assert_eq!(marked, [10]);
        let gap = Transition { at: Instant::from_millis(10), status: Status::Unknown };
        assert_eq!(
            at(&gaps(&[up(0), gap, up(25)], &[up(5), up(15)], 10)),
            [0; 0],
            "none is added, and none is taken back"
        );
    }

    proptest! {
        /// Importing an export twice adds nothing, and splitting it anywhere in time adds the same.
        #[test]
        fn exports_in_parts_add_the_same(steps in prop::collection::vec(1i64..25, 1..20), cut in any::<prop::sample::Index>()) {
            let mut now = 0;
            let all: Vec<Transition> = steps.iter().map(|step| { now += step; up(now) }).collect();
            let ingest = |known: &mut BTreeMap<Instant, Status>, seen: &[Transition]| {
                let old: Vec<Transition> = known.iter().map(|(at, status)| Transition { at: *at, status: *status }).collect();
                for fact in seen.iter().copied().chain(gaps(&old, seen, 10)) {
                    let known = known.entry(fact.at).or_insert(fact.status);
                    *known = (*known).max(fact.status);
                }
            };
            let mut whole = BTreeMap::new();
            ingest(&mut whole, &all);
            let mut again = whole.clone();
            ingest(&mut again, &all);
            prop_assert_eq!(&again, &whole);
            let cut = cut.index(all.len() + 1);
            for order in [[&all[..cut], &all[cut..]], [&all[cut..], &all[..cut]]] {
                let mut parts = BTreeMap::new();
                for part in order {
                    ingest(&mut parts, part);
                }
                prop_assert_eq!(&parts, &whole);
            }
            // The status at each instant.
            for moment in 0..=now {
                let last = all.iter().rev().find(|fact| fact.at.millis() <= moment);
                let expected = match last {
                    None => None,
                    Some(last) if moment - last.at.millis() >= 10 && all.iter().any(|next| next.at > last.at) => Some(Status::Unknown),
                    Some(last) => Some(last.status),
                };
                let found = whole.range(..=Instant::from_millis(moment)).next_back().map(|(_, status)| *status);
                prop_assert_eq!(found, expected, "{}", moment);
            }
        }
    }
}
