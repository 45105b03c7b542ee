//! Owns sets of instants: finitely many half-open spans of milliseconds, and the algebra of such sets.

use super::instant::Instant;
use super::span::{Span, union};

/// A set of instants: sorted spans that neither overlap nor touch.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub(crate) struct Moments(Vec<Span>);

impl Moments {
    /// The empty set.
    pub(crate) fn none() -> Self {
        Self(Vec::new())
    }

    /// The union of the spans, in any order.
    pub(crate) fn of(spans: Vec<Span>) -> Self {
        Self(union(spans))
    }

    /// The spans, oldest first; between any two is an instant outside the set.
    pub(crate) fn spans(&self) -> &[Span] {
        &self.0
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    #[cfg(test)]
    fn contains(&self, at: Instant) -> bool {
        let index = self.0.partition_point(|span| span.end <= at);
        self.0.get(index).is_some_and(|span| span.start <= at)
    }

    /// Adds a span that begins at or after the end of all others.
    pub(crate) fn append(&mut self, span: Span) {
        if span.is_empty() {
            return;
        }
        match self.0.last_mut() {
            Some(last) if last.end >= span.start => last.end = last.end.max(span.end),
            _ => self.0.push(span),
        }
    }

    /// The instants in either set.
    pub(crate) fn or(mut self, mut other: Self) -> Self {
        if self.0.is_empty() {
            return other;
        }
        self.0.append(&mut other.0);
        Self::of(self.0)
    }

    /// The instants in both sets.
    pub(crate) fn and(&self, other: &Self) -> Self {
        let (mut mine, mut theirs) = (0, 0);
        let mut common = Self::none();
        while let (Some(a), Some(b)) = (self.0.get(mine), other.0.get(theirs)) {
            common.append(a.intersect(*b));
            if a.end <= b.end {
                mine += 1;
            } else {
                theirs += 1;
            }
        }
        common
    }

    /// The instants of `within` that are not in the set.
    pub(crate) fn without(&self, within: Span) -> Self {
        let mut rest = Self::none();
        let mut cursor = within.start;
        for span in &self.0 {
            rest.append(Span::new(cursor, span.start.min(within.end)));
            cursor = cursor.max(span.end);
        }
        rest.append(Span::new(cursor, within.end));
        rest
    }

    /// The instants of the set that lie in `within`.
    pub(crate) fn within(&self, within: Span) -> Self {
        self.and(&Self::of(vec![within]))
    }

    /// The instants t for which all of `[t − millis, t]` is in the set.
    pub(crate) fn held(&self, millis: i64) -> Self {
        let late = |span: &Span| Span::new(span.start.plus(millis), span.end);
        Self(self.0.iter().map(late).filter(|span| !span.is_empty()).collect())
    }

    /// The instants t for which at least `times` spans of the set begin in `(t − within_ms, t]`. The set is known since
    /// `known`; a span that begins exactly then may have begun earlier and does not count.
    pub(crate) fn repeated(&self, times: u32, within_ms: i64, known: Span) -> Self {
        let starts: Vec<Instant> = self.0.iter().map(|span| span.start).filter(|start| *start > known.start).collect();
        if times == 0 {
            return Self::of(vec![known]);
        }
        let groups = starts.windows(times as usize);
        Self::of(groups.map(|group| Span::new(group[group.len() - 1], group[0].plus(within_ms))).collect())
    }

    /// The last instant of `within` at which membership in the set changed: the first instant of the state in which
    /// `within` ends. `None` if it is constant.
    pub(crate) fn last_turn(&self, within: Span) -> Option<Instant> {
        let turn = self.0.iter().rev().flat_map(|span| [span.end, span.start]).find(|turn| *turn < within.end);
        turn.filter(|turn| *turn > within.start)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SIZE: i64 = 24;

    fn span(start: i64, end: i64) -> Span {
        Span::new(Instant::from_millis(start), Instant::from_millis(end))
    }

    fn moments(grid: &[bool]) -> Moments {
        let spans = grid.iter().enumerate().filter(|(_, is_in)| **is_in);
        Moments::of(spans.map(|(at, _)| span(at as i64, at as i64 + 1)).collect())
    }

    fn grid(moments: &Moments) -> Vec<bool> {
        (0..SIZE).map(|at| moments.contains(Instant::from_millis(at))).collect()
    }

    fn grids() -> impl Strategy<Value = Vec<bool>> {
        prop::collection::vec(prop::bool::weighted(0.6), SIZE as usize)
    }

    proptest! {
        #[test]
        fn the_algebra_is_that_of_sets(a in grids(), b in grids(), length in 0..6_i64, times in 1..4_u32) {
            let (set, other, all) = (moments(&a), moments(&b), span(0, SIZE));
            let pairs = || a.iter().zip(&b);
            prop_assert_eq!(grid(&set), a.clone());
            prop_assert_eq!(grid(&set.clone().or(other.clone())), pairs().map(|(a, b)| *a || *b).collect::<Vec<_>>());
            prop_assert_eq!(grid(&set.and(&other)), pairs().map(|(a, b)| *a && *b).collect::<Vec<_>>());
            prop_assert_eq!(grid(&set.without(all)), a.iter().map(|a| !a).collect::<Vec<_>>());
            // De Morgan, by value: a set has one representation.
            prop_assert_eq!(set.and(&other).without(all), set.without(all).or(other.without(all)));
            let at = |at: i64| at >= 0 && a[at as usize];
            let held: Vec<bool> = (0..SIZE).map(|t| (t - length..=t).all(at)).collect();
            prop_assert_eq!(&grid(&set.held(length))[length as usize..], &held[length as usize..]);
            let begins = |t: i64| t > 0 && at(t) && !at(t - 1);
            let often = |t: i64| (t - length + 1..=t).filter(|t| begins(*t)).count() >= times as usize;
            let repeated: Vec<bool> = (0..SIZE).map(often).collect();
            prop_assert_eq!(grid(&set.repeated(times, length, all)), repeated);
            let turn = (1..SIZE).rev().find(|t| at(*t) != at(t - 1)).map(Instant::from_millis);
            prop_assert_eq!(set.last_turn(all), turn);
        }
    }
}
