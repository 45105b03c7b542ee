//! Owns the budget of one objective at one instant (SPEC 6), in exact integers, and the streaks that follow from it
//! (SPEC 7).

use std::cmp::Ordering;

use super::calendar::{DAY, HOUR, Ms, period};
use super::history::{History, Totals};
use super::sums::Sums;
use crate::world::Window;

/// The entire window in millionths of a percent: a target of 100%.
pub(crate) const WHOLE: i128 = 100_000_000;

/// Microseconds in a millisecond.
pub(crate) const MICROS: i128 = 1000;

/// The window of an objective at `as_of`.
pub(crate) fn window_bounds(window: Window, as_of: Ms) -> (Ms, Ms) {
    match window {
        Window::Rolling { days } => (as_of - days * DAY, as_of),
        Window::Calendar { unit, zone } => period(unit, zone, as_of),
    }
}

/// The window of an objective at the close of what ends at `end`: the one that contains the instants before it.
pub(crate) fn closing_bounds(window: Window, end: Ms) -> (Ms, Ms) {
    match window {
        Window::Rolling { .. } => window_bounds(window, end),
        Window::Calendar { .. } => window_bounds(window, end - 1),
    }
}

/// A fraction that is never rounded before it is compared or printed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ratio {
    pub(crate) numerator: i128,
    /// Positive.
    pub(crate) denominator: i128,
}

impl Ratio {
    pub(crate) fn new(numerator: i128, denominator: i128) -> Self {
        Self { numerator, denominator }
    }

    /// The closest float, or one beside it; reduced first, so that all of something is exactly 100%.
    pub(crate) fn to_f64(self) -> f64 {
        let (mut divisor, mut rest) = (self.numerator.abs(), self.denominator);
        while rest != 0 {
            (divisor, rest) = (rest, divisor % rest);
        }
        (self.numerator / divisor) as f64 / (self.denominator / divisor) as f64
    }

    /// Compares whole parts and then the inverses of the remainders, so that no product overflows.
    pub(crate) fn compare(self, other: Self) -> Ordering {
        let whole = |ratio: Self| ratio.numerator.div_euclid(ratio.denominator);
        let rest = |ratio: Self| ratio.numerator.rem_euclid(ratio.denominator);
        whole(self).cmp(&whole(other)).then_with(|| match (rest(self), rest(other)) {
            (0, 0) => Ordering::Equal,
            (0, _) => Ordering::Less,
            (_, 0) => Ordering::Greater,
            (mine, theirs) => Self::new(other.denominator, theirs).compare(Self::new(self.denominator, mine)),
        })
    }
}

/// The budget at `as_of`; time in milliseconds, budgets in microseconds × 10⁸.
#[derive(Debug)]
pub(crate) struct Budget {
    pub(crate) start: Ms,
    pub(crate) end: Ms,
    /// From the window's start to `as_of`.
    pub(crate) elapsed: i128,
    pub(crate) totals: Totals,
    pub(crate) allowed: i128,
    pub(crate) consumed: i128,
}

impl Budget {
    pub(crate) fn new(history: &History, as_of: Ms) -> Self {
        Self::within(history, window_bounds(history.objective.window, as_of), as_of)
    }

    /// The budget at the close of what ends at `end`.
    pub(crate) fn at_close(history: &History, end: Ms) -> Self {
        Self::within(history, closing_bounds(history.objective.window, end), end)
    }

    /// The budget of a window, as of an instant within it or at its end.
    pub(crate) fn within(history: &History, (start, end): (Ms, Ms), as_of: Ms) -> Self {
        let totals = history.totals(start, as_of);
        let length = i128::from(end - start) - totals.not_counted;
        let allowed = (WHOLE - history.objective.target_micro) * length * MICROS;
        let consumed = totals.consumed * WHOLE;
        Self { start, end, elapsed: i128::from(as_of - start), totals, allowed, consumed }
    }

    pub(crate) fn is_breaching(&self) -> bool {
        self.consumed > self.allowed
    }

    pub(crate) fn is_exhausted(&self) -> bool {
        self.consumed >= self.allowed && self.consumed > 0
    }

    pub(crate) fn remaining(&self) -> i128 {
        (self.allowed - self.consumed).max(0)
    }

    pub(crate) fn overspent(&self) -> i128 {
        (self.consumed - self.allowed).max(0)
    }

    pub(crate) fn remaining_percent(&self) -> Ratio {
        match (self.allowed, self.consumed) {
            (0, 0) => Ratio::new(100, 1),
            (0, _) => Ratio::new(0, 1),
            (allowed, _) => Ratio::new(100 * self.remaining(), allowed),
        }
    }

    /// Whether consumption reaches `percent` of the budget.
    pub(crate) fn reaches(&self, percent: i128) -> bool {
        self.allowed > 0 && self.consumed * 100 >= percent * self.allowed
    }

    /// Whether at most a fifth of the budget is left.
    pub(crate) fn is_at_risk(&self) -> bool {
        match self.allowed {
            0 => self.consumed > 0,
            allowed => 5 * self.remaining() <= allowed,
        }
    }

    /// Elapsed time that counts.
    pub(crate) fn counted(&self) -> i128 {
        self.elapsed - self.totals.not_counted
    }

    pub(crate) fn availability(&self, downtime: i128) -> Option<Ratio> {
        let counted = self.counted() * MICROS;
        (counted > 0).then(|| Ratio::new(100 * (counted - downtime), counted))
    }
}

/// (consumed / length) / (1 − target); `None` if that is undefined.
pub(crate) fn burn_rate(target_micro: i128, consumed: i128, length: i128) -> Option<Ratio> {
    match (consumed, length * MICROS * (WHOLE - target_micro)) {
        (0, _) => Some(Ratio::new(0, 1)),
        (_, 0) => None,
        (_, denominator) => Some(Ratio::new(consumed * WHOLE, denominator)),
    }
}

/// The lookbacks of `burnRates`.
pub(crate) const LOOKBACKS: [(&str, Ms); 7] = [
    ("5m", HOUR / 12),
    ("30m", HOUR / 2),
    ("1h", HOUR),
    ("2h", 2 * HOUR),
    ("6h", 6 * HOUR),
    ("1d", DAY),
    ("3d", 3 * DAY),
];

#[derive(Clone, Default, PartialEq, Eq, Debug)]
pub(crate) struct Streak {
    pub(crate) current: i64,
    pub(crate) best: i64,
    /// Of the last streak that ended.
    pub(crate) lost: i64,
    pub(crate) start: Option<Ms>,
    pub(crate) best_end: Option<Ms>,
}

/// Every streak up to `as_of`: its length, start and end; the last one may still be running.
fn all_streaks(history: &History, as_of: Ms) -> Vec<(i64, Ms, Option<Ms>)> {
    let mut streaks: Vec<(i64, Ms, Option<Ms>)> = Vec::new();
    let Some(first) = history.first else { return streaks };
    let (sums, mut last) = (Sums::new(history), None);
    for close in history.objective.zone().closes(first, as_of) {
        let running = streaks.last_mut().filter(|(_, _, end)| end.is_none());
        let (consumed, allowed) = sums.spent_within(closing_bounds(history.objective.window, close), close);
        last = Some((close, consumed, allowed));
        if consumed > allowed {
            if let Some((_, _, end)) = running {
                *end = Some(close);
            }
        } else if !history.spends_at(close) {
            match running {
                Some((days, _, _)) => *days += 1,
                None => streaks.push((1, close, None)),
            }
        }
    }
    if let Some((close, consumed, allowed)) = last {
        let budget = Budget::at_close(history, close);
        assert_eq!((budget.consumed, budget.allowed), (consumed, allowed), "piece by piece, and by sums");
    }
    streaks
}

/// Walks the close of every day since that of the system's first transition, up to and including `as_of`.
pub(crate) fn streak(history: &History, as_of: Ms) -> Streak {
    let streaks = all_streaks(history, as_of);
    let running = streaks.last().filter(|(_, _, end)| end.is_none());
    // The first of the longest ones.
    let best = streaks.iter().rev().max_by_key(|(days, _, _)| *days);
    Streak {
        current: running.map_or(0, |(days, _, _)| *days),
        best: best.map_or(0, |(days, _, _)| *days),
        lost: streaks.iter().rev().find(|(_, _, end)| end.is_some()).map_or(0, |(days, _, _)| *days),
        start: running.map(|(_, start, _)| *start),
        best_end: best.and_then(|(_, _, end)| *end),
    }
}
