//! Owns half-open spans of time `[start, end)` and the algebra of sorted, disjoint lists of them.

use super::instant::Instant;

/// Before every instant of a fact.
pub(crate) const BEGINNING: Instant = Instant::from_millis(i64::MIN / 4);
/// After every instant in a query.
pub(crate) const END: Instant = Instant::from_millis(i64::MAX / 4);

/// A half-open span `[start, end)`; empty when `end <= start`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct Span {
    pub(crate) start: Instant,
    pub(crate) end: Instant,
}

impl Span {
    pub(crate) const fn new(start: Instant, end: Instant) -> Self {
        Self { start, end }
    }

    /// Length in milliseconds, 0 when empty.
    pub(crate) fn millis(self) -> i64 {
        self.end.since(self.start).max(0)
    }

    pub(crate) fn is_empty(self) -> bool {
        self.end <= self.start
    }

    /// The same, extended by `millis` at both ends.
    pub(crate) fn widened(self, millis: i64) -> Self {
        Self { start: self.start.plus(-millis), end: self.end.plus(millis) }
    }

    /// Whether an instant is in it.
    pub(crate) fn contains(self, at: Instant) -> bool {
        self.start <= at && at < self.end
    }

    /// The common part; empty when there is none.
    pub(crate) fn intersect(self, other: Self) -> Self {
        Self { start: self.start.max(other.start), end: self.end.min(other.end) }
    }
}

/// Sorts spans, drops empty ones and joins those that touch or overlap, so that each instant is covered at most once.
pub(crate) fn union(mut spans: Vec<Span>) -> Vec<Span> {
    spans.retain(|span| !span.is_empty());
    // A stable sort profits from runs already in order, such as the occurrences of each window.
    spans.sort();
    let mut joined: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans {
        match joined.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => joined.push(span),
        }
    }
    joined
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span::new(Instant::from_millis(start), Instant::from_millis(end))
    }

    #[test]
    fn union_joins_what_touches_and_drops_what_is_empty() {
        let joined = union(vec![span(5, 7), span(1, 3), span(3, 4), span(9, 9), span(6, 10)]);
        assert_eq!(joined, vec![span(1, 4), span(5, 10)]);
    }
}
