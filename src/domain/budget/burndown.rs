//! Owns the burn-down of an error budget: what was consumed of it at every moment of a window, exactly.
//!
//! What is left at `t` counts downtime in `[window start, t)` alone, against the budget of the whole window as of `as-of`. So the
//! first point is a whole budget, the last one is what `status` says, and within a calendar period whose length does not
//! change every point is what `status --as-of t` says.

use crate::domain::account::downtime::Piece;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// What was consumed up to a moment, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Point {
    pub(crate) at: Instant,
    pub(crate) consumed_ms: i64,
}

/// The corners of the burn-down over `elapsed`, which `pieces` cover: from each to the next, consumption stands still or grows by
/// a millisecond a millisecond. The first is at the start of `elapsed`, the last one at its end.
pub(crate) fn burn_down(pieces: &[Piece], elapsed: Span, exclusion: DependencyExclusion) -> Vec<Point> {
    let mut corners = vec![Point { at: elapsed.start, consumed_ms: 0 }];
    let mut last = corners[0];
    let mut rising = false;
    let spending = pieces.iter().filter(|piece| piece.consumes(exclusion)).map(|piece| piece.span.intersect(elapsed));
    for part in spending.filter(|part| !part.is_empty()) {
        // Downtime that goes on under another attribution is no corner.
        if part.start > last.at || !rising {
            if part.start > last.at {
                last.at = part.start;
                corners.push(last);
            }
            rising = true;
            last = Point { at: part.end, consumed_ms: last.consumed_ms + part.millis() };
            corners.push(last);
            continue;
        }
        last = Point { at: part.end, consumed_ms: last.consumed_ms + part.millis() };
        if let Some(corner) = corners.last_mut() {
            *corner = last;
        }
    }
    if last.at < elapsed.end {
        corners.push(Point { at: elapsed.end, ..last });
    }
    corners
}

/// What was consumed up to `at`, between corners and at them; moments outside take the nearest corner.
pub(crate) fn consumed_at(corners: &[Point], at: Instant) -> i64 {
    let next = corners.partition_point(|corner| corner.at <= at);
    let Some(before) = next.checked_sub(1).map(|index| corners[index]) else { return 0 };
    match corners.get(next) {
        Some(after) if after.consumed_ms > before.consumed_ms => before.consumed_ms + at.since(before.at),
        _ => before.consumed_ms,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::domain::account::downtime::{Cause, Charge};
    use crate::domain::account::member::SystemId;
    use crate::domain::health::transition::Source;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(millis)
    }

    /// Pieces without a gap from the lengths and causes of each; `None` is up.
    fn pieces(parts: &[(i64, Option<Cause>)]) -> Vec<Piece> {
        let mut start = 0;
        let mut made = Vec::new();
        for (length, cause) in parts {
            let span = Span::new(at(start), at(start + length));
            let charge = cause.map(|cause| Charge { cause, source: Source::Healthcheck });
            made.push(Piece { span, known: true, down: cause.is_some(), counted: true, charge, uncharged: None });
            start += length;
        }
        made
    }

    fn causes() -> impl Strategy<Value = Vec<(i64, Option<Cause>)>> {
        let cause = prop_oneof![Just(None), Just(Some(Cause::Own)), Just(Some(Cause::Upstream(SystemId(1))))];
        vec((1..20_i64, cause), 1..12)
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
            // One millisecond after the other, by what each belongs to.
            let spends: Vec<bool> = parts
                .iter()
                .flat_map(|(length, cause)| std::iter::repeat_n(*cause, *length as usize))
                .map(|cause| matches!((cause, strict), (Some(_), true) | (Some(Cause::Own), false)))
                .collect();
            let mut consumed = 0;
            for moment in elapsed.start.millis()..=elapsed.end.millis() {
                prop_assert_eq!(consumed_at(&corners, at(moment)), consumed, "at {}", moment);
                consumed += i64::from(spends.get(moment as usize).copied().unwrap_or(false));
            }
            prop_assert_eq!((corners[0].at, corners[corners.len() - 1].at), (elapsed.start, elapsed.end));
            // Every corner but the ends is one: the slope changes there.
            for window in corners.windows(3) {
                let rises = |a: Point, b: Point| b.consumed_ms > a.consumed_ms;
                prop_assert_ne!(rises(window[0], window[1]), rises(window[1], window[2]));
            }
        }
    }

    #[test]
    fn blame_that_moves_makes_no_corner_where_all_of_it_counts() {
        let pieces = pieces(&[(10, None), (5, Some(Cause::Own)), (5, Some(Cause::Upstream(SystemId(1)))), (10, None)]);
        let drawn = |exclusion| {
            let corners = burn_down(&pieces, Span::new(at(0), at(30)), exclusion);
            corners.iter().map(|corner| (corner.at.millis(), corner.consumed_ms)).collect::<Vec<_>>()
        };
        assert_eq!(drawn(DependencyExclusion::Strict), [(0, 0), (10, 0), (20, 10), (30, 10)]);
        assert_eq!(drawn(DependencyExclusion::SelfOnly), [(0, 0), (10, 0), (15, 5), (30, 5)]);
    }
}
