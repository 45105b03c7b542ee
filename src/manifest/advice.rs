//! Owns warnings about targets: what is valid, and can never do what it seems to promise.

use super::problem::{Position, Report};
use crate::domain::decimal::{Decimal, SCALE};
use crate::domain::instant::{DAY_MS, HOUR_MS};
use crate::domain::target::{Target, WHOLE};
use crate::domain::window::{CalendarUnit, Window};

/// The multiwindow policy: name, long window in milliseconds, percent of the budget spent in it.
const RULES: [(&str, i64, i64); 4] =
    [("1h/5m", HOUR_MS, 2), ("6h/30m", 6 * HOUR_MS, 5), ("1d/2h", DAY_MS, 10), ("3d/6h", 3 * DAY_MS, 10)];

/// Warns about a target that leaves no budget, and about burn rates that even a total outage does not reach: that one
/// burns at 1/(1 − target). The places are those of the target and of the fast-burn multiplier.
pub(super) fn on_target(
    target: Target,
    window: Window,
    fast_burn: Decimal,
    (at, fast_burn_at): (Position, Position),
    report: &mut Report,
) {
    let error_share = target.error_share();
    if error_share == 0 {
        let message = "a target of 100 % leaves no error budget: any downtime breaches it";
        return report.warn(at, message, "lower it, if only to 99.999");
    }
    let fastest = Decimal::from_millionths(WHOLE * SCALE / error_share);
    let percent = target.percent();
    let unreachable: Vec<String> = RULES
        .iter()
        .filter(|(_, long, share)| is_unreachable(*share, shortest_millis(window), *long, error_share))
        .map(|(name, long, share)| format!("{name} (factor {})", factor(*share, shortest_millis(window), *long)))
        .collect();
    if !unreachable.is_empty() {
        let rules = if unreachable.len() == 1 { "rule" } else { "rules" };
        let message = format!(
            "no outage can reach the burn-rate {rules} {}: at target {percent} nothing burns faster than {fastest}",
            unreachable.join(", ")
        );
        report.warn(at, message, "raise the target or shorten the window, or do not rely on them");
    }
    if i128::from(fast_burn.millionths()) * i128::from(error_share) > i128::from(WHOLE) * i128::from(SCALE) {
        let message = format!(
            "fastBurn can never be true: fastBurnMultiplier {fast_burn} is above {fastest}, the fastest burn at target {percent}"
        );
        report.warn(fast_burn_at, message, "lower spec.burnRateThresholds.fastBurnMultiplier");
    }
}

/// factor × (1 − target) > 1, where factor = share × window length / long window, without rounding.
fn is_unreachable(share: i64, window: i64, long: i64, error_share: i64) -> bool {
    i128::from(share) * i128::from(window) * i128::from(error_share) > 100 * i128::from(long) * i128::from(WHOLE)
}

fn factor(share: i64, window: i64, long: i64) -> Decimal {
    let millionths = i128::from(share) * i128::from(window) * i128::from(SCALE) / (100 * i128::from(long));
    Decimal::from_millionths(i64::try_from(millionths).unwrap_or(i64::MAX))
}

/// The window's length in milliseconds; of calendar periods the shortest, for what that cannot reach none can.
fn shortest_millis(window: Window) -> i64 {
    let days = match window {
        Window::Rolling { days } => i64::from(days),
        Window::Calendar { unit, .. } => match unit {
            CalendarUnit::Day => 1,
            CalendarUnit::Week => 7,
            CalendarUnit::Month => 28,
            CalendarUnit::Quarter => 90,
            CalendarUnit::Year => 365,
        },
    };
    days * DAY_MS
}
