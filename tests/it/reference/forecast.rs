//! Owns the forecast of SPEC 6: the same budget at a later time, without more facts.
//!
//! Between two instants at which a piece begins or leaves the window, consumed and allowed time are linear in `t`. So
//! both are evaluated at the two ends, and solved for the first whole millisecond that satisfies a condition.

use std::collections::BTreeSet;

use super::budget::{Budget, MICROS, WHOLE, window_bounds};
use super::calendar::Ms;
use super::history::History;
use super::model::{FAR, last_looked_at};
use crate::world::{Window, World};

/// When the budget is exhausted, when the objective stops breaching, and when the budget is full again.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Forecast {
    pub(crate) exhausted: Option<Ms>,
    pub(crate) recovers: Option<Ms>,
    pub(crate) full: Option<Ms>,
}

/// Follows `history`, which has no fact after the `as-of` of its world, from there on.
pub(crate) fn forecast(world: &World, history: &History) -> Forecast {
    let as_of = world.as_of;
    let now = Budget::new(history, as_of);
    let (start, end) = window_bounds(history.objective.window, as_of);
    // The last instant of a forecast; a calendar period's end belongs to the next period.
    let (rolling, last) = match history.objective.window {
        Window::Rolling { .. } => (true, last_looked_at(world, history.objective)),
        Window::Calendar { .. } => (false, end - 1),
    };
    let sums = Sums::new(history);
    let sees = |wanted: bool, condition: Condition| {
        if wanted { first_instant(&sums, as_of, last, if rolling { end - start } else { 0 }, condition) } else { None }
    };
    Forecast {
        exhausted: sees(!now.is_exhausted() && history.class_at(as_of).down, Condition::Exhausted),
        recovers: sees(rolling && now.is_breaching(), Condition::NotBreaching),
        full: sees(rolling && now.consumed > 0, Condition::Full),
    }
}

/// Consumed and uncounted time from the beginning of time up to any instant.
struct Sums<'h, 'w> {
    history: &'h History<'w>,
    /// At the start of each piece.
    at_start: Vec<(i128, i128)>,
}

impl<'h, 'w> Sums<'h, 'w> {
    fn new(history: &'h History<'w>) -> Self {
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
    fn spent(&self, at: Ms) -> (i128, i128) {
        let (start, end) = window_bounds(self.history.objective.window, at);
        let (before, now) = (self.at(start), self.at(at));
        let length = i128::from(end - start) - (now.1 - before.1);
        // The latest downtime may count differently as of that instant than in the end.
        let objective = self.history.objective;
        let last = start.max(at - objective.minimum_outage.max(objective.attribution_grace));
        let more = self.history.totals(last, at).consumed - self.history.totals_as_of(last, at, FAR).consumed;
        ((now.0 - before.0 + more) * WHOLE, (WHOLE - self.history.objective.target_micro) * length * MICROS)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Condition {
    Exhausted,
    NotBreaching,
    Full,
}

impl Condition {
    pub(crate) fn holds(self, budget: &Budget) -> bool {
        match self {
            Self::Exhausted => budget.is_exhausted(),
            Self::NotBreaching => !budget.is_breaching(),
            Self::Full => budget.consumed == 0,
        }
    }

    /// The condition as inequalities: it is true if none of these is negative.
    fn margins(self, (consumed, allowed): (i128, i128)) -> [i128; 2] {
        match self {
            Self::Exhausted => [consumed - allowed, consumed - WHOLE],
            Self::NotBreaching => [allowed - consumed, 0],
            Self::Full => [-consumed, 0],
        }
    }
}

/// The instants between which everything is linear, including `as_of` and `last`. The end of a piece that leaves a
/// rolling window is an edge, too.
pub(crate) fn edges(history: &History, as_of: Ms, last: Ms, rolling: Ms) -> BTreeSet<Ms> {
    let settles = history.settles().into_iter().flat_map(|at| [at - 1, at]);
    let starts = history.pieces.iter().map(|piece| piece.start).chain(settles);
    let mut edges: BTreeSet<Ms> =
        starts.flat_map(|start| [start, start + rolling]).filter(|edge| as_of < *edge && *edge < last).collect();
    edges.extend([as_of, last]);
    edges
}

fn first_instant(sums: &Sums, as_of: Ms, last: Ms, rolling: Ms, condition: Condition) -> Option<Ms> {
    let edges: Vec<Ms> = edges(sums.history, as_of, last, rolling).into_iter().collect();
    edges.windows(2).find_map(|pair| {
        let (from, to) = (pair[0], pair[1]);
        let at_start = condition.margins(sums.spent(from));
        let at_end = condition.margins(sums.spent(to));
        let (mut low, mut high) = (from.max(as_of + 1), to);
        for (first, last) in at_start.into_iter().zip(at_end) {
            let (earliest, latest) = not_negative(first, last, from, to)?;
            low = low.max(earliest);
            high = high.min(latest);
        }
        (low <= high).then_some(low)
    })
}

/// The whole instants in `[from, to]` at which a linear quantity is not negative.
fn not_negative(at_start: i128, at_end: i128, from: Ms, to: Ms) -> Option<(Ms, Ms)> {
    if at_start >= 0 && at_end >= 0 {
        return Some((from, to));
    }
    if at_start < 0 && at_end < 0 {
        return None;
    }
    let slope = (at_end - at_start) / i128::from(to - from);
    assert_eq!(slope * i128::from(to - from), at_end - at_start, "not linear between {from} and {to}");
    if slope > 0 {
        let steps = (-at_start + slope - 1) / slope;
        Some((from + steps as Ms, to))
    } else {
        let steps = at_start / -slope;
        Some((from, from + steps as Ms))
    }
}
