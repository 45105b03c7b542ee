//! Owns the forecast of SPEC 6: the same budget at a later time, without more facts.
//!
//! Between two instants at which a piece begins or leaves the window, consumed and allowed time are linear in `t`. So
//! both are evaluated at the two ends, and solved for the first whole millisecond that satisfies a condition.

use std::collections::BTreeSet;

use super::budget::{Budget, WHOLE, window_bounds};
use super::calendar::Ms;
use super::history::History;
use super::model::last_looked_at;
use super::sums::Sums;
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
