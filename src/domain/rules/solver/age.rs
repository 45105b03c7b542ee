//! Owns the age of the newest fact over a stretch: it grows evenly, and drops to zero with each fact.

use super::linear::{Linear, Quotient};
use super::signal::{Signal, Value};
use crate::domain::health::timeline::{Scope, SystemHistory};
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// The instants of facts of the streams in scope, sorted, without duplicates.
pub(crate) fn facts(history: &SystemHistory, scope: Scope<'_>) -> Vec<Instant> {
    let streams = history.streams.iter().filter(|stream| scope.contains(stream.source, stream.check.as_ref()));
    let mut facts: Vec<Instant> =
        streams.flat_map(|stream| stream.transitions.iter().map(|transition| transition.at)).collect();
    // One sorted run per stream merges fast.
    facts.sort();
    facts.dedup();
    facts
}

/// The age in seconds as of every instant of `stretch`, given all facts in it and the last one at or before its start,
/// if any. Ages below `least_ms` may be returned as 0, which joins the runs between close facts.
pub(crate) fn age(facts: &[Instant], least_ms: i64, stretch: Span) -> Signal {
    let begin = facts.partition_point(|fact| *fact <= stretch.start);
    let facts = &facts[begin.saturating_sub(1)..facts.partition_point(|fact| *fact < stretch.end)];
    let ends = facts.iter().skip(1).copied().chain([stretch.end]);
    let told = facts.iter().zip(ends).map(|(fact, end)| {
        let is_short = end.since(*fact) <= least_ms;
        let grows = || Value::Number(Quotient::new(Linear::through(*fact, 0, 1), Linear::constant(1000)));
        (Span::new((*fact).max(stretch.start), end), if is_short { Value::whole(0) } else { grows() })
    });
    let reported = facts.first().map_or(stretch.end, |first| (*first).max(stretch.start));
    Signal::of([(Span::new(stretch.start, reported), Value::Null)].into_iter().chain(told))
}

/// The same as of one instant, given the last fact at or before it.
pub(crate) fn age_at(last_seen: Option<Instant>, stretch: Span) -> Signal {
    age(last_seen.as_slice(), 0, stretch)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::linear::Fraction;
    use super::super::signal::Reading;
    use super::*;
    use crate::domain::rules::condition::Relation;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    proptest! {
        #[test]
        fn the_age_is_that_of_the_last_fact(
            facts in prop::collection::btree_set(0..60_i64, 0..12),
            (start, length) in (0..50_i64, 1..30_i64),
            least in 0..12_i64,
            limit in 1..12_i64,
        ) {
            let stretch = Span::new(at(start), at(start + length));
            let moments: Vec<Instant> = facts.iter().map(|fact| at(*fact)).collect();
            let last = |t: i64| facts.range(..=t).next_back().map(|fact| t - fact);
            let exact = age(&moments, 0, stretch);
            for t in start..start + length {
                match exact.at(at(t)) {
                    Reading::Null => prop_assert_eq!(last(t), None),
                    Reading::Number(Fraction { numerator, denominator }) => {
                        prop_assert_eq!(Some(numerator * 1000), last(t).map(|age| i128::from(age) * denominator));
                    }
                    other => prop_assert!(false, "{other:?}"),
                }
            }
            // Joined runs compare like exact ones above their bound.
            let limit = limit.max(least);
            let bound = Signal::steady(stretch, Value::Number(Quotient::constant(limit.into(), 1000)));
            for relation in [Relation::Less, Relation::LessOrEqual, Relation::Equal, Relation::Greater] {
                let joined = age(&moments, least, stretch).compare(relation, &bound);
                prop_assert_eq!(joined, exact.compare(relation, &bound), "{:?} {} {}", relation, least, limit);
            }
        }
    }
}
