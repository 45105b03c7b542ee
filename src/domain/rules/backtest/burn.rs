//! Owns consumed time as a curve: how much of any stretch spent the budget, by sums that are looked up.

use crate::domain::value::instant::Instant;
use crate::domain::value::span::{Span, union};

/// The stretches that spent the budget of one objective, with running sums.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Consumption {
    /// Sorted, disjoint, apart from each other.
    spans: Vec<Span>,
    /// Milliseconds in all spans before each.
    before: Vec<i64>,
}

impl Consumption {
    pub(crate) fn new(spans: Vec<Span>) -> Self {
        let spans = union(spans);
        let mut sum = 0;
        let before = spans
            .iter()
            .map(|span| {
                sum += span.millis();
                sum - span.millis()
            })
            .collect();
        Self { spans, before }
    }

    /// Consumed milliseconds before a moment.
    fn until(&self, at: Instant) -> i64 {
        let begun = self.spans.partition_point(|span| span.start < at);
        match begun.checked_sub(1) {
            Some(last) => self.before[last] + self.spans[last].end.min(at).since(self.spans[last].start),
            None => 0,
        }
    }

    /// Consumed milliseconds in `[at − lookback, at)`.
    pub(crate) fn over(&self, lookback_ms: i64, at: Instant) -> i64 {
        self.until(at) - self.until(at.plus(-lookback_ms))
    }

    /// The moments after the first of `within` and within it, sorted, between which [`Self::over`] is linear for each of some
    /// lookbacks.
    pub(crate) fn bends(&self, lookbacks_ms: &[i64], within: Span) -> Vec<Instant> {
        let mut bends: Vec<Instant> = Vec::new();
        for shift in lookbacks_ms.iter().copied().chain([0]) {
            let first = self.spans.partition_point(|span| span.end.plus(shift) <= within.start);
            let near = self.spans[first..].iter().take_while(|span| span.start.plus(shift) < within.end);
            bends.extend(near.flat_map(|span| [span.start.plus(shift), span.end.plus(shift)]));
        }
        bends.retain(|at| within.start < *at && *at < within.end);
        bends.sort_unstable();
        bends.dedup();
        bends
    }
}
