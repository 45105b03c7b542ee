//! Owns the error budget: exact sums over a window, and every comparison of them, each in one place.

use std::cmp::Ordering;

use crate::domain::account::objective::{BurnRateThresholds, DependencyExclusion};
use crate::domain::account::tally::Tally;
use crate::domain::account::weights::FULL;
use crate::domain::value::instant::HOUR_MS;
use crate::domain::value::span::Span;
use crate::domain::value::target::{Target, WHOLE};

/// A millisecond of allowed downtime in the unit of [`Budget::total`]: microseconds times [`WHOLE`].
pub(crate) const SCALED_MS: i128 = WHOLE as i128 * FULL as i128;

/// The account of one objective over its window. Time is in milliseconds, downtime in microseconds, the budget in
/// microseconds times [`WHOLE`].
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Budget {
    pub(crate) target: Target,
    pub(crate) exclusion: DependencyExclusion,
    /// The full window; a calendar period includes its future.
    pub(crate) window: Span,
    /// Its part up to `as-of`.
    pub(crate) elapsed: Span,
    /// What happened in the elapsed part.
    pub(crate) tally: Tally,
}

/// The state of an objective, worst first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum State {
    NoData,
    Breaching,
    /// Within the budget, with ongoing downtime that spends it.
    Down,
    AtRisk,
    Healthy,
}

impl State {
    pub(crate) const ALL: [Self; 5] = [Self::NoData, Self::Breaching, Self::Down, Self::AtRisk, Self::Healthy];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::NoData => "no-data",
            Self::Breaching => "breaching",
            Self::Down => "down",
            Self::AtRisk => "at-risk",
            Self::Healthy => "healthy",
        }
    }
}

/// How much of the budget is consumed, mildest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum BudgetTier {
    Ok,
    Warning,
    Critical,
    Exhausted,
}

impl BudgetTier {
    pub(crate) const ALL: [Self; 4] = [Self::Ok, Self::Warning, Self::Critical, Self::Exhausted];

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Exhausted => "exhausted",
        }
    }
}

impl Budget {
    /// Microseconds of downtime that spend the budget.
    pub(crate) fn consumed_us(&self) -> i64 {
        self.tally.consumed_us(self.exclusion)
    }

    /// The window's length without time that is not counted, in milliseconds.
    pub(crate) fn length_ms(&self) -> i64 {
        self.window.millis() - self.tally.not_counted_ms
    }

    /// The elapsed part of the length, in milliseconds.
    pub(crate) fn elapsed_length_ms(&self) -> i64 {
        self.elapsed.millis() - self.tally.not_counted_ms
    }

    /// The elapsed length without this many microseconds of downtime, and the elapsed length, in microseconds.
    pub(crate) fn available(&self, down_us: i64) -> (i128, i128) {
        let length = i128::from(self.elapsed_length_ms()) * i128::from(FULL);
        (length - i128::from(down_us), length)
    }

    /// Milliseconds of the elapsed part, counted or not, with a known status.
    pub(crate) fn known_ms(&self) -> i64 {
        self.elapsed.millis() - self.tally.unknown_ms
    }

    /// (1 − target) × length, in microseconds times [`WHOLE`]: the allowed downtime, exactly.
    pub(crate) fn total(&self) -> i128 {
        i128::from(self.target.error_share()) * i128::from(self.length_ms()) * i128::from(FULL)
    }

    /// Consumed downtime in the unit of [`Self::total`].
    pub(crate) fn consumed(&self) -> i128 {
        i128::from(self.consumed_us()) * i128::from(WHOLE)
    }

    /// max(0, total − consumed), in the unit of [`Self::total`].
    pub(crate) fn remaining(&self) -> i128 {
        (self.total() - self.consumed()).max(0)
    }

    /// max(0, consumed − total), in the unit of [`Self::total`].
    pub(crate) fn overspent(&self) -> i128 {
        (self.consumed() - self.total()).max(0)
    }

    /// Whether more was consumed than the target allows.
    pub(crate) fn is_breaching(&self) -> bool {
        self.consumed() > self.total()
    }

    /// Whether the budget is used up: all of it is consumed, and more than zero.
    pub(crate) fn is_exhausted(&self) -> bool {
        self.consumed_us() > 0 && self.consumed() >= self.total()
    }

    /// Compares the remaining shares of two budgets exactly. A zero budget counts as full until something is consumed.
    pub(crate) fn compare_remaining(&self, other: &Self) -> Ordering {
        // The remaining share is 1 − consumed / total, floored at 0, so the consumed fractions are cross-multiplied.
        // Without the common factor WHOLE the products stay below 2^124.
        let share = |budget: &Self| (i128::from(budget.consumed_us()), budget.total().max(1));
        match (self.is_exhausted(), other.is_exhausted()) {
            (true, true) => Ordering::Equal,
            (true, false) => Ordering::Less,
            (false, true) => Ordering::Greater,
            (false, false) => {
                let ((consumed, total), (other_consumed, other_total)) = (share(self), share(other));
                (other_consumed * total).cmp(&(consumed * other_total))
            }
        }
    }

    /// Compares availabilities exactly; without counted time there is none, which sorts below all others.
    pub(crate) fn compare_availability(&self, other: &Self) -> Ordering {
        // Unavailability, consumed / length, is cross-multiplied.
        let (length, other_length) = (self.elapsed_length_ms(), other.elapsed_length_ms());
        match (length > 0, other_length > 0) {
            (true, true) => {
                let missing = i128::from(self.consumed_us()) * i128::from(other_length);
                (i128::from(other.consumed_us()) * i128::from(length)).cmp(&missing)
            }
            (some, other_some) => some.cmp(&other_some),
        }
    }

    /// Whether at most a fifth of the budget is left.
    pub(crate) fn is_at_risk(&self) -> bool {
        if self.total() == 0 { self.consumed_us() > 0 } else { self.remaining() * 5 <= self.total() }
    }

    /// The tier by the consumed share and the thresholds.
    pub(crate) fn tier(&self, thresholds: &BurnRateThresholds) -> BudgetTier {
        // consumed / total × 100 >= threshold, without dividing; thresholds are millionths of a percent.
        let reaches = |millionths: i64| {
            self.consumed_us() > 0
                && i128::from(self.consumed_us()) * i128::from(WHOLE) * i128::from(WHOLE)
                    >= i128::from(millionths) * self.total()
        };
        if self.is_exhausted() {
            BudgetTier::Exhausted
        } else if reaches(thresholds.critical_percent.millionths()) {
            BudgetTier::Critical
        } else if reaches(thresholds.warning_percent.millionths()) {
            BudgetTier::Warning
        } else {
            BudgetTier::Ok
        }
    }

    /// The state, given whether the system ever reported and whether there is ongoing downtime that counts.
    pub(crate) fn state(&self, has_data: bool, open_downtime: bool) -> State {
        if !has_data {
            State::NoData
        } else if self.is_breaching() {
            State::Breaching
        } else if open_downtime {
            State::Down
        } else if self.is_at_risk() {
            State::AtRisk
        } else {
            State::Healthy
        }
    }

    /// Consumed time over the elapsed length, relative to the allowed share of failure.
    pub(crate) fn burn_rate(&self) -> BurnRate {
        BurnRate { consumed_us: self.consumed_us(), over_ms: self.elapsed_length_ms(), target: self.target }
    }
}

/// The lookbacks of `burnRates`, with their names, in milliseconds.
pub(crate) const LOOKBACKS: [(&str, i64); 7] = [
    ("5m", HOUR_MS / 12),
    ("30m", HOUR_MS / 2),
    ("1h", HOUR_MS),
    ("2h", 2 * HOUR_MS),
    ("6h", 6 * HOUR_MS),
    ("1d", 24 * HOUR_MS),
    ("3d", 72 * HOUR_MS),
];

/// The index of the one-hour lookback, which decides fast burn.
pub(crate) const ONE_HOUR: usize = 2;

/// How many times faster than sustainable the budget is spent: (consumed / over) / (1 − target).
/// SRE workbook, chapter 5, "Alerting on burn rate".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct BurnRate {
    pub(crate) consumed_us: i64,
    pub(crate) over_ms: i64,
    pub(crate) target: Target,
}

impl BurnRate {
    /// The rate; `None` if downtime was consumed but the target or length leaves no budget. For printing only.
    pub(crate) fn value(self) -> Option<f64> {
        if self.consumed_us == 0 {
            return Some(0.0);
        }
        let allowed = self.allowed();
        (allowed > 0).then(|| {
            let consumed = self.consumed_us as f64 / FULL as f64;
            consumed * WHOLE as f64 / (allowed / i128::from(FULL)) as f64
        })
    }

    /// Compares the rate with a factor exactly; `None` without a rate.
    pub(crate) fn compare(self, factor: crate::domain::value::decimal::Decimal) -> Option<Ordering> {
        let allowed = self.allowed();
        if self.consumed_us > 0 && allowed <= 0 {
            return None;
        }
        let rate = i128::from(self.consumed_us) * i128::from(WHOLE) * i128::from(crate::domain::value::decimal::SCALE);
        Some(rate.cmp(&(i128::from(factor.millionths()) * allowed.max(1))))
    }

    /// The consumption of a rate of 1, in microseconds times [`WHOLE`].
    fn allowed(self) -> i128 {
        i128::from(self.target.error_share()) * i128::from(self.over_ms) * i128::from(FULL)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::decimal::Decimal;
    use crate::domain::value::instant::{DAY_MS, Instant};

    fn budget(target: &str, days: i64, own_ms: i64) -> Budget {
        let window = Span::new(Instant::from_millis(0), Instant::from_millis(days * DAY_MS));
        let tally = Tally { own_us: own_ms * FULL, ..Tally::default() };
        let target = Target::parse(target).unwrap();
        Budget { target, exclusion: DependencyExclusion::Strict, window, elapsed: window, tally }
    }

    #[test]
    fn the_budget_of_99_9_percent_over_30_days_is_2592_seconds_exactly() {
        // SRE book, appendix "Availability Table": 99.9% a month is 43.2 minutes.
        let spent = budget("99.9", 30, 2_592_000);
        assert_eq!(spent.total(), 2_592_000 * SCALED_MS);
        assert!(!spent.is_breaching() && spent.is_exhausted());
        assert_eq!((spent.remaining(), spent.overspent()), (0, 0));
        let over = budget("99.9", 30, 2_592_001);
        assert!(over.is_breaching());
        assert_eq!(over.overspent(), SCALED_MS);
    }

    #[test]
    fn extreme_targets_are_exact() {
        assert!(!budget("100", 3650, 0).is_breaching());
        assert!(budget("100", 3650, 1).is_breaching());
        // 1e-8 of 30 days is 25.92 ms.
        assert!(!budget("99.999999", 30, 25).is_breaching());
        assert!(budget("99.999999", 30, 26).is_breaching());
        assert_eq!(budget("100", 30, 0).tier(&BurnRateThresholds::default()), BudgetTier::Ok);
        assert_eq!(budget("100", 30, 1).tier(&BurnRateThresholds::default()), BudgetTier::Exhausted);
    }

    #[test]
    fn tiers_and_risk_begin_exactly_at_their_thresholds() {
        let thresholds = BurnRateThresholds::default();
        assert_eq!(budget("99.9", 30, 1_295_999).tier(&thresholds), BudgetTier::Ok);
        assert_eq!(budget("99.9", 30, 1_296_000).tier(&thresholds), BudgetTier::Warning);
        assert_eq!(budget("99.9", 30, 2_073_600).tier(&thresholds), BudgetTier::Critical);
        assert!(!budget("99.9", 30, 2_073_599).is_at_risk());
        assert!(budget("99.9", 30, 2_073_600).is_at_risk());
    }

    #[test]
    fn what_is_left_compares_exactly() {
        let (whole, none) = (budget("1.5", 3650, 0), budget("100", 1, 0));
        assert_eq!(whole.compare_remaining(&none), Ordering::Equal);
        assert_eq!(budget("99.9", 30, 1).compare_remaining(&whole), Ordering::Less);
        assert_eq!(budget("99.9", 30, 1).compare_remaining(&none), Ordering::Less);
        assert_eq!(budget("99.9", 30, 1).compare_remaining(&budget("99.9", 60, 2)), Ordering::Equal);
        assert_eq!(budget("100", 1, 5).compare_remaining(&budget("99.9", 30, 2_592_000)), Ordering::Equal);
    }

    #[test]
    fn availability_compares_exactly() {
        let (half, double) = (budget("99.9", 30, 1_296_000), budget("99.9", 30, 5_184_000));
        assert_eq!(half.compare_availability(&double), Ordering::Greater);
        assert_eq!(half.compare_availability(&budget("5", 60, 2_592_000)), Ordering::Equal);
        let mut nothing = budget("100", 1, 0);
        nothing.elapsed = Span::new(nothing.window.start, nothing.window.start);
        assert_eq!(nothing.compare_availability(&double), Ordering::Less);
    }

    #[test]
    fn burn_rates_follow_the_workbook() {
        // SRE workbook, table 5-4: an error rate of 1% at 99.9% burns 10 times too fast.
        let rate = BurnRate { consumed_us: 36_000 * FULL, over_ms: HOUR_MS, target: Target::parse("99.9").unwrap() };
        assert!((rate.value().unwrap() - 10.0).abs() < 1e-12);
        assert_eq!(rate.compare(Decimal::whole(10)), Some(Ordering::Equal));
        let none = BurnRate { target: Target::parse("100").unwrap(), ..rate };
        assert_eq!((none.value(), none.compare(Decimal::whole(1))), (None, None));
        let idle = BurnRate { consumed_us: 0, ..none };
        assert_eq!((idle.value(), idle.compare(Decimal::whole(1))), (Some(0.0), Some(Ordering::Less)));
    }
}
