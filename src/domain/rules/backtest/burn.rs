//! Owns consumed time as a curve: how much of any stretch spent the budget, from prefix sums.

use crate::domain::account::downtime::Piece;
use crate::domain::account::hindsight::LONGEST_HINDSIGHT_MS;
use crate::domain::account::objective::DependencyExclusion;
use crate::domain::value::instant::Instant;
use crate::domain::value::span::{END, Span};

/// The spans that spent the budget of one objective, with prefix sums.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Consumption {
    /// Sorted and disjoint.
    spans: Vec<Span>,
    /// Microseconds consumed in each millisecond of each span.
    rates: Vec<i64>,
    /// Microseconds consumed in all spans before each.
    before: Vec<i64>,
    exclusion: DependencyExclusion,
    /// Pieces whose charge changes later.
    unsettled: Vec<Piece>,
}

impl Consumption {
    /// The consumption of an account.
    pub(crate) fn new(pieces: &[Piece], exclusion: DependencyExclusion) -> Self {
        let unsettled = pieces.iter().filter(|piece| piece.settles().next().is_some()).copied().collect();
        let mut joined: Vec<(Span, i64)> = Vec::new();
        let rated = pieces.iter().map(|piece| (piece.span, piece.spends(exclusion, END)));
        for (span, rate) in rated.filter(|(_, rate)| *rate > 0) {
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
        Self { spans, rates, before, exclusion, unsettled }
    }

    /// Consumed microseconds before an instant.
    fn until(&self, at: Instant) -> i64 {
        let begun = self.spans.partition_point(|span| span.start < at);
        match begun.checked_sub(1) {
            Some(last) => {
                self.before[last] + self.spans[last].end.min(at).since(self.spans[last].start) * self.rates[last]
            }
            None => 0,
        }
    }

    /// Consumed microseconds in `[at − lookback, at)` as of `at`.
    pub(crate) fn over(&self, lookback_ms: i64, at: Instant) -> i64 {
        let span = Span::new(at.plus(-lookback_ms), at);
        let earliest = at.plus(-LONGEST_HINDSIGHT_MS);
        let first = self.unsettled.partition_point(|piece| piece.span.end <= earliest);
        let recent = self.unsettled[first..].iter().take_while(|piece| piece.span.start < at);
        let more = recent.map(|piece| {
            let rate = piece.spends(self.exclusion, at) - piece.spends(self.exclusion, END);
            piece.span.intersect(span).millis() * rate
        });
        self.until(at) - self.until(span.start) + more.sum::<i64>()
    }

    /// The instants in `within` after its first, sorted, between which [`Self::over`] is linear for each of these
    /// lookbacks.
    pub(crate) fn bends(&self, lookbacks_ms: &[i64], within: Span) -> Vec<Instant> {
        let mut bends: Vec<Instant> = Vec::new();
        for shift in lookbacks_ms.iter().copied().chain([0]) {
            let first = self.spans.partition_point(|span| span.end.plus(shift) <= within.start);
            let near = self.spans[first..].iter().take_while(|span| span.start.plus(shift) < within.end);
            bends.extend(near.flat_map(|span| [span.start.plus(shift), span.end.plus(shift)]));
            bends.extend(
                self.unsettled.iter().flat_map(|piece| [piece.span.start, piece.span.end].map(|at| at.plus(shift))),
            );
        }
        bends.extend(self.unsettled.iter().flat_map(|piece| piece.settles()));
        bends.retain(|at| within.start < *at && *at < within.end);
        bends.sort_unstable();
        bends.dedup();
        bends
    }
}
