//! Owns consumed time as a curve: how much of any stretch spent the budget, by sums that are looked up.

use crate::domain::value::instant::Instant;
use crate::domain::value::span::Span;

/// The stretches that spent the budget of one objective, with running sums.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Consumption {
    /// Sorted and disjoint.
    spans: Vec<Span>,
    /// Microseconds consumed in each millisecond of each span.
    rates: Vec<i64>,
    /// Microseconds consumed in all spans before each.
    before: Vec<i64>,
}

impl Consumption {
    /// Of sorted, disjoint stretches with the microseconds that each of their milliseconds consumes.
    pub(crate) fn new(stretches: Vec<(Span, i64)>) -> Self {
        let mut joined: Vec<(Span, i64)> = Vec::with_capacity(stretches.len());
        for (span, rate) in stretches {
            match joined.last_mut() {
                Some((last, known)) if *known == rate && last.end == span.start => last.end = span.end,
                _ => joined.push((span, rate)),
            }
        }
        let mut sum = 0;
        let before = joined.iter().map(|(span, rate)| {
            let before = sum;
            sum += span.millis() * rate;
            before
        });
        let before = before.collect();
        let (spans, rates) = joined.into_iter().unzip();
        Self { spans, rates, before }
    }

    /// Consumed microseconds before a moment.
    fn until(&self, at: Instant) -> i64 {
        let begun = self.spans.partition_point(|span| span.start < at);
        match begun.checked_sub(1) {
            Some(last) => {
                self.before[last] + self.spans[last].end.min(at).since(self.spans[last].start) * self.rates[last]
            }
            None => 0,
        }
    }

    /// Consumed microseconds in `[at − lookback, at)`.
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
