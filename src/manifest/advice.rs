//! Owns warnings about targets that are valid but cannot work as they seem to.

use super::problem::{Position, Report};
use crate::domain::account::weights::{FULL, Weights};
use crate::domain::budget::policy::POLICY;
use crate::domain::value::decimal::{Decimal, SCALE};
use crate::domain::value::target::{Target, WHOLE};
use crate::domain::value::window::Window;

/// Warns about a target that leaves no budget, and about burn rates that even a total outage does not reach: it burns
/// at weight/(1 − target). The positions are those of the target and of the fast-burn multiplier.
pub(super) fn on_target(
    target: Target,
    window: Window,
    weights: Weights,
    fast_burn: Decimal,
    (at, fast_burn_at): (Position, Position),
    report: &mut Report,
) {
    let error_share = target.error_share();
    if error_share == 0 {
        let message = "a target of 100% leaves no error budget: any downtime breaches it";
        return report.warn(at, message, "lower it, if only to 99.999");
    }
    let weight = weights.greatest();
    if weight == 0 {
        return;
    }
    let fastest = i128::from(WHOLE) * i128::from(SCALE) * i128::from(weight) / i128::from(error_share * FULL);
    let fastest = Decimal::from_millionths(i64::try_from(fastest).unwrap_or(i64::MAX));
    let percent = target.percent();
    let length = window.nominal_ms();
    let unreachable: Vec<String> = POLICY
        .into_iter()
        .filter(|rule| rule.is_unreachable(length, error_share, weight))
        .map(|rule| format!("{} (factor {})", rule.name(), rule.short_factor(length)))
        .collect();
    if !unreachable.is_empty() {
        let (rules, them) = if unreachable.len() == 1 { ("rule", "it") } else { ("rules", "them") };
        let message = format!(
            "no outage can reach the burn-rate {rules} {}: at target {percent} nothing burns faster than {fastest}",
            unreachable.join(", ")
        );
        report.warn(at, message, format!("raise the target or shorten the window, or do not rely on {them}"));
    }
    if i128::from(fast_burn.millionths()) * i128::from(error_share) * i128::from(FULL)
        > i128::from(WHOLE) * i128::from(SCALE) * i128::from(weight)
    {
        let message = format!(
            "fastBurn can never be true: fastBurnMultiplier {fast_burn} is above {fastest}, the fastest burn at target {percent}"
        );
        report.warn(fast_burn_at, message, "lower spec.burnRateThresholds.fastBurnMultiplier");
    }
}
