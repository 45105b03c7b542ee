//! Owns the target that a history supports: the highest one that all of its last windows would have met.

use crate::domain::account::weights::FULL;
use crate::domain::value::instant::{DAY_MS, Instant};
use crate::domain::value::name::Name;
use crate::domain::value::span::Span;
use crate::domain::value::target::{Target, WHOLE};
use crate::domain::value::window::Window;

/// Percentages that targets usually have, in millionths.
const CUSTOMARY: [i64; 11] = [
    90_000_000,
    95_000_000,
    98_000_000,
    99_000_000,
    99_500_000,
    99_900_000,
    99_950_000,
    99_990_000,
    99_995_000,
    99_999_000,
    100_000_000,
];

/// A completed window of one objective.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct PastWindow {
    pub(crate) span: Span,
    /// Microseconds of downtime that spent the budget.
    pub(crate) consumed_us: i64,
    /// Its length without uncounted time, in milliseconds.
    pub(crate) length_ms: i64,
}

impl PastWindow {
    /// The part that spent nothing, and the total, in microseconds.
    pub(crate) fn availability(&self) -> (i128, i128) {
        let whole = i128::from(self.length_ms) * i128::from(FULL);
        (whole - i128::from(self.consumed_us), whole)
    }

    /// The highest target it met, in millionths of a percent; 0 if it met none.
    pub(crate) fn highest_met(&self) -> i64 {
        highest_met(self.consumed_us, self.length_ms)
    }
}

/// The last windows of one objective.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Past {
    pub(crate) objective: Name,
    /// Its current target.
    pub(crate) target: Target,
    /// Latest first, without those that began before the system's first transition.
    pub(crate) windows: Vec<PastWindow>,
}

impl Past {
    pub(crate) fn name(&self) -> &str {
        self.objective.as_str()
    }

    /// The highest target that all windows met, in millionths of a percent, 0 if none; `None` without windows.
    pub(crate) fn highest_met(&self) -> Option<i64> {
        self.windows.iter().map(PastWindow::highest_met).min()
    }
}

/// The last `count` windows completed at `until`, latest first, without overlap: rolling windows end at `until` and
/// adjoin each other, calendar windows are full periods.
pub(crate) fn last_windows(window: Window, until: Instant, count: u32) -> Vec<Span> {
    let mut windows = Vec::new();
    let mut end = match window {
        Window::Rolling { .. } => until,
        Window::Calendar { .. } => window.bounds(until).start,
    };
    for _ in 0..count {
        let span = match window {
            Window::Rolling { days, .. } => Span::new(end.plus(-i64::from(days) * DAY_MS), end),
            Window::Calendar { .. } => window.closing(end),
        };
        end = span.start;
        windows.push(span);
    }
    windows
}

/// The highest target, in millionths of a percent, that a window of `length_ms` counted milliseconds met with
/// `consumed_us` microseconds of downtime: consumed × [`WHOLE`] <= ([`WHOLE`] − target) × length. 0 if it met none.
fn highest_met(consumed_us: i64, length_ms: i64) -> i64 {
    if consumed_us <= 0 {
        return WHOLE;
    }
    if length_ms <= 0 {
        return 0;
    }
    let (spent, length) = (i128::from(consumed_us) * i128::from(WHOLE), i128::from(length_ms * FULL));
    // The least share of failure that allows this downtime.
    let share = (spent + length - 1) / length;
    WHOLE - i64::try_from(share).unwrap_or(WHOLE).min(WHOLE)
}

/// The highest customary target at or below one, in millionths of a percent; `None` below all of them.
pub(crate) fn customary_below(millionths: i64) -> Option<i64> {
    CUSTOMARY.into_iter().rev().find(|customary| *customary <= millionths)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::value::calendar::CalendarUnit;

    #[test]
    fn the_highest_target_met_is_exact_to_the_last_decimal() {
        let month = 30 * DAY_MS;
        // SRE book, "Availability Table": 43.2 minutes of 30 days are 99.9%.
        assert_eq!(highest_met(2_592_000 * FULL, month), 99_900_000);
        assert_eq!(highest_met(2_592_000 * FULL + 1, month), 99_899_999);
        assert_eq!(highest_met(0, month), WHOLE);
        assert_eq!(highest_met(1, month), 99_999_999);
        assert_eq!(highest_met(month * FULL, month), 0);
        assert_eq!(highest_met(0, 0), WHOLE);
        for consumed in (1..month).step_by(12_345_679) {
            let target = highest_met(consumed * FULL, month);
            let met = |target: i64| {
                i128::from(consumed) * i128::from(WHOLE) <= i128::from(WHOLE - target) * i128::from(month)
            };
            assert!(met(target) && !met(target + 1), "{consumed}");
        }
    }

    #[test]
    fn customary_targets_are_rounded_down_to() {
        assert_eq!(customary_below(99_949_999), Some(99_900_000));
        assert_eq!(customary_below(99_950_000), Some(99_950_000));
        assert_eq!(customary_below(WHOLE), Some(WHOLE));
        assert_eq!(customary_below(89_999_999), None);
    }

    #[test]
    fn windows_follow_on_each_other_without_overlap() {
        let until = Instant::parse("2026-03-15 12:00").unwrap();
        let rolling = last_windows(Window::Rolling { days: 30, zone: chrono_tz::UTC }, until, 3);
        assert_eq!(rolling[0].end, until);
        assert!(rolling.windows(2).all(|pair| pair[1].end == pair[0].start && pair[1].millis() == 30 * DAY_MS));
        let zone = "Europe/Berlin".parse().unwrap();
        let months = last_windows(Window::Calendar { unit: CalendarUnit::Month, zone }, until, 2);
        let shown: Vec<String> = months.iter().map(|span| format!("{} {}", span.start, span.end)).collect();
        assert_eq!(
            shown,
            ["2026-01-31T23:00:00.000Z 2026-02-28T23:00:00.000Z", "2025-12-31T23:00:00.000Z 2026-01-31T23:00:00.000Z"]
        );
    }
}
