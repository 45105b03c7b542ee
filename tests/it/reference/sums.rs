//! Owns running sums of consumed and uncounted time, for views of many windows.

use super::budget::{MICROS, WHOLE, window_bounds};
use super::calendar::Ms;
use super::history::History;
use super::model::FAR;

/// Consumed and uncounted time from the beginning of time up to any instant.
pub(crate) struct Sums<'h, 'w> {
    pub(crate) history: &'h History<'w>,
    /// At the start of each piece.
    at_start: Vec<(i128, i128)>,
}

impl<'h, 'w> Sums<'h, 'w> {
    pub(crate) fn new(history: &'h History<'w>) -> Self {
        let mut sum = (0, 0);
        let at_start = history.pieces.iter().map(|piece| {
            let before = sum;
            let millis = i128::from(piece.end - piece.start);
            sum.0 += if history.consumes(history.charged(piece, FAR)) { millis * piece.class.weight } else { 0 };
            sum.1 += if piece.class.not_counted { millis } else { 0 };
            before
        });
        Self { history, at_start: at_start.collect() }
    }

    fn at(&self, at: Ms) -> (i128, i128) {
        let index = self.history.pieces.partition_point(|piece| piece.start <= at) - 1;
        let (piece, (consumed, not_counted)) = (&self.history.pieces[index], self.at_start[index]);
        let millis = i128::from(at - piece.start);
        let charged = self.history.charged(piece, FAR);
        let spends = if self.history.consumes(charged) { piece.class.weight } else { 0 };
        (consumed + millis * spends, not_counted + if piece.class.not_counted { millis } else { 0 })
    }

    /// Consumed and allowed time of the window as of an instant, in microseconds × 10⁸.
    pub(crate) fn spent(&self, at: Ms) -> (i128, i128) {
        self.spent_within(window_bounds(self.history.objective.window, at), at)
    }

    /// The same for any window, as of an instant within it or its end.
    pub(crate) fn spent_within(&self, (start, end): (Ms, Ms), at: Ms) -> (i128, i128) {
        let (before, now) = (self.at(start), self.at(at));
        let length = i128::from(end - start) - (now.1 - before.1);
        // The latest downtime may count differently as of that instant than in the end.
        let objective = self.history.objective;
        let last = start.max(at - objective.minimum_outage.max(objective.attribution_grace));
        let more = self.history.totals(last, at).consumed - self.history.totals_as_of(last, at, FAR).consumed;
        ((now.0 - before.0 + more) * WHOLE, (WHOLE - self.history.objective.target_micro) * length * MICROS)
    }
}
