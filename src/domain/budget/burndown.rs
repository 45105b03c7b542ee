//! Owns the burn-down of an error budget: its consumption at every instant of a window, exactly.
//!
//! The remaining budget at `t` counts only downtime in `[window start, t)`, against the budget of the full window as of
//! `as-of`. So it starts full and ends at the value of `status`. In a calendar period of constant length every point
//! equals `status --as-of t`.

use crate::domain::account::downtime::Piece;
use crate::domain::account::hindsight::{settlements, settling};
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// The consumption up to an instant, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Point {
    pub(crate) at: Instant,
    pub(crate) consumed_us: i64,
}

/// The corners of the burn-down over `elapsed`, which `pieces` cover. Between corners, consumption is flat or grows
/// evenly. It jumps where an outage begins to count or its cause changes to an upstream. The first corner is the start
/// of `elapsed`, the last its end.
pub(crate) fn burn_down(pieces: &[Piece], elapsed: Span, exclusion: DependencyExclusion) -> Vec<Point> {
    let mut corners = vec![Point { at: elapsed.start, consumed_us: 0 }];
    let mut last = corners[0];
    // Consumption per millisecond up to the last corner.
    let mut rate = None;
    let mut settles = settlements(pieces).into_iter().filter(|at| elapsed.start < *at && *at <= elapsed.end).peekable();
    for piece in pieces {
        let part = piece.span.intersect(elapsed);
        let spends = piece.spends(exclusion, piece.span.start);
        while last.at < part.end {
            let settled = settles.next_if(|at| *at <= part.end);
            let end = settled.unwrap_or(part.end);
            last = Point { at: end, consumed_us: last.consumed_us + end.since(last.at) * spends };
            // A change of cause alone makes no corner.
            match corners.last_mut().filter(|_| rate == Some(spends)) {
                Some(corner) => *corner = last,
                None => corners.push(last),
            }
            rate = Some(spends);
            if settled.is_some() {
                let more = settling(pieces, Span::new(elapsed.start, end)).consumed_us(exclusion);
                if more != 0 {
                    last.consumed_us += more;
                    corners.push(last);
                    rate = None;
                }
            }
        }
    }
    if last.at < elapsed.end {
        corners.push(Point { at: elapsed.end, ..last });
    }
    corners
}

/// The consumption up to `at`, interpolated between corners and clamped outside.
pub(crate) fn consumed_at(corners: &[Point], at: Instant) -> i64 {
    let next = corners.partition_point(|corner| corner.at <= at);
    let Some(before) = next.checked_sub(1).map(|index| corners[index]) else { return 0 };
    let Some(after) = corners.get(next) else { return before.consumed_us };
    let rate = (after.consumed_us - before.consumed_us) / after.at.since(before.at);
    before.consumed_us + at.since(before.at) * rate
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::account::downtime::{Cause, Charge};
    use crate::domain::account::member::SystemId;
    use crate::domain::account::weights::FULL;
    use crate::domain::health::transition::Source;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    /// Adjacent pieces from their lengths and causes; `None` is up.
    fn pieces(parts: &[(i64, Option<(Cause, i64)>)]) -> Vec<Piece> {
        let mut start = 0;
        let mut made = Vec::new();
        for (length, cause) in parts {
            let span = Span::new(at(start), at(start + length));
            let charge = cause.map(|(cause, _)| Charge { cause, source: Source::Healthcheck });
            let (down, weight) = (cause.is_some(), cause.map_or(0, |(_, weight)| weight));
            let (uncharged, counts_from, blamed_from) = (None, None, None);
            made.push(Piece {
                span,
                known: true,
                down,
                weight,
                counted: true,
                charge,
                uncharged,
                counts_from,
                blamed_from,
            });
            start += length;
        }
        made
    }

    fn causes() -> impl Strategy<Value = Vec<(i64, Option<(Cause, i64)>)>> {
        let cause = prop_oneof![Just(Cause::Own), Just(Cause::Upstream(SystemId(1)))];
        let weight = prop_oneof![Just(FULL), Just(FULL), Just(500), 1..FULL];
        vec((1..20_i64, prop::option::weighted(0.7, (cause, weight))), 1..12)
    }

    proptest! {
        #[test]
        fn every_moment_is_a_count_of_the_milliseconds_before_it(
            parts in causes(), from in 0..40_i64, length in 0..120_i64, strict in any::<bool>(),
        ) {
            let exclusion = if strict { DependencyExclusion::Strict } else { DependencyExclusion::SelfOnly };
            let pieces = pieces(&parts);
            let end = parts.iter().map(|(length, _)| length).sum::<i64>();
            let elapsed = Span::new(at(from.min(end)), at((from + length).min(end)));
            let corners = burn_down(&pieces, elapsed, exclusion);
            // Millisecond by millisecond, by cause.
            let spends: Vec<i64> = parts
                .iter()
                .flat_map(|(length, cause)| std::iter::repeat_n(*cause, *length as usize))
                .map(|cause| match (cause, strict) {
                    (Some((_, weight)), true) | (Some((Cause::Own, weight)), false) => weight,
                    _ => 0,
                })
                .collect();
            let mut consumed = 0;
            for moment in elapsed.start.millis()..=elapsed.end.millis() {
                prop_assert_eq!(consumed_at(&corners, at(moment)), consumed, "at {}", moment);
                consumed += spends.get(moment as usize).copied().unwrap_or(0);
            }
            prop_assert_eq!((corners[0].at, corners[corners.len() - 1].at), (elapsed.start, elapsed.end));
            // The slope changes at every corner except the ends.
            for window in corners.windows(3) {
                let rate = |a: Point, b: Point| (b.consumed_us - a.consumed_us) / b.at.since(a.at);
                prop_assert_ne!(rate(window[0], window[1]), rate(window[1], window[2]));
            }
        }
    }

    #[test]
    fn blame_that_moves_makes_no_corner_where_all_of_it_counts() {
        let pieces = pieces(&[
            (10, None),
            (5, Some((Cause::Own, FULL))),
            (5, Some((Cause::Upstream(SystemId(1)), FULL))),
            (10, None),
        ]);
        let drawn = |exclusion| {
            let corners = burn_down(&pieces, Span::new(at(0), at(30)), exclusion);
            corners.iter().map(|corner| (corner.at.millis(), corner.consumed_us / FULL)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(DependencyExclusion::Strict), [(0, 0), (10, 0), (20, 10), (30, 10)]);
        assert_eq!(drawn(DependencyExclusion::SelfOnly), [(0, 0), (10, 0), (15, 5), (30, 5)]);
    }
}
